"""Receipts at the till: composed from what the agent's disk knows, made into bytes for its printer."""
