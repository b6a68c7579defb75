"""Terminals of the store's own network that show a till: paired by a one-time code, by TLS, unpaired at will."""
