"""Transports: how bytes move. Only modules in here touch a device; none of them knows what the bytes mean."""
