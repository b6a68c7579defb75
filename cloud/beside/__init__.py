"""Members at tills that are not ours: a versioned HTTP interface with idempotency."""
