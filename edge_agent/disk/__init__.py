"""The agent's disk: one database, what guards it, and the small files beside it."""
