"""The tests mirror the rooms of the house; `factories` and `provision` are theirs alone."""
