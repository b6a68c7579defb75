"""Agents: enrolment, certificates, connections, desired and reported state."""
