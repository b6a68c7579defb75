"""The store's half of Storewire: one light process on a mini PC that sells with or without a network."""

from edge_agent import old_python

old_python.mend()
