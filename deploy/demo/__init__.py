"""The demo: one year of a real supermarket chain through the whole product on one box, and a checker of its own.

The product is a black box here: its commands, its HTTP API, the bench of virtual devices, plain SQL reads.
"""
