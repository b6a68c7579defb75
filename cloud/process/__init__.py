"""The cloud's processes: their ports, their clocks, and the supervisor that keeps them running."""
