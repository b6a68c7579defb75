"""Stored value and what is spent of members' value: purses, top-ups, holds for tills, allowances, settlement."""
