"""Everything that crosses the wire between a store and head office."""
