"""Goods that come back: by receipt, without one, in exchange, a sale undone."""
