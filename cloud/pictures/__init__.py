"""Pictures of items, as customers' displays show them: kept here in one small form, followed by every store."""
