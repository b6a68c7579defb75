"""The words that store and head office share: pure values and functions, no I/O, no clock, no randomness."""
