"""Named moments at which a test may end the process; in the product they are calls that do nothing."""

from __future__ import annotations


def reached(name: str) -> None:
    """Mark that this process has come to the moment called `name`."""
