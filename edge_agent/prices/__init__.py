"""The store's price books: bodies held by version, the timeline that says which is in force, the engine's view."""
