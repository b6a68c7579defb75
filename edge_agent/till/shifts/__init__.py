"""Shifts: a drawer from its float to its Z report."""
