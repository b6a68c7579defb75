"""Devices of a till: bytes from cables become meaning; they come and go, and nobody restarts anything."""
