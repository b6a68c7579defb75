"""Price books: drafts, publication, store timelines, bodies by hash, and who runs what."""
