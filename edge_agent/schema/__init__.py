"""Numbered SQL, one file per version, applied all or nothing."""
