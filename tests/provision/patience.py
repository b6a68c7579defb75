"""Waiting for a condition, with a limit and words for what did not happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class WaitedTooLong(AssertionError):
    """Something that must happen did not happen in time."""


def until(condition: Callable[[], object], what: str, seconds: float = 20.0, *, look_every_s: float = 0.03) -> None:
    """Ask `condition` again and again until it holds. Raise WaitedTooLong after `seconds`."""
    ends = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > ends:
            raise WaitedTooLong(f"{what}: not within {seconds:.0f} s")
        pause.wait(look_every_s)
