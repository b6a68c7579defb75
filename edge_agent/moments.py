"""Moments as the agent's command line writes them: in UTC, whatever the zone of the machine and of the store."""

from __future__ import annotations

from datetime import UTC

from shared.calendar import local_time


def day_text(at_ms: int) -> str:
    """Write the day of a moment: `2026-03-04`."""
    return local_time(at_ms, UTC).date().isoformat()


def minute_text(at_ms: int) -> str:
    """Write a moment to the minute: `2026-03-04 05:06 UTC`."""
    return f"{local_time(at_ms, UTC):%Y-%m-%d %H:%M} UTC"


def second_text(at_ms: int) -> str:
    """Write a moment to the second: `2026-03-04 05:06:07 UTC`."""
    return f"{local_time(at_ms, UTC):%Y-%m-%d %H:%M:%S} UTC"
