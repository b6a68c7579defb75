"""Ingest: batches of events in, one transaction each group, an acknowledgement only after the commit."""
