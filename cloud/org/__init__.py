"""The chain: legal entities, stores, store groups, tills."""
