"""The broker as a wire: its configuration, its allow-list, and its keeping."""
