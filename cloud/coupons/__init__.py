"""Coupons: made in batches, shown at tills, reserved for a basket, used exactly once."""
