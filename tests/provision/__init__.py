"""Servers for tests: found on the machine, started for one test run, gone after it."""
