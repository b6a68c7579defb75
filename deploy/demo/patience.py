"""Waiting for a condition, with a limit and words for what did not happen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_FIRST_SECONDS = 0.02
_LONGEST_SECONDS = 0.5


class WaitedTooLong(RuntimeError):
    """Something that must happen did not happen in time."""


async def until(condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float) -> None:
    """Ask `condition` again and again, ever more slowly, until it holds. Raise WaitedTooLong after `seconds`."""
    pause = _FIRST_SECONDS
    try:
        async with asyncio.timeout(seconds):
            while not await condition():
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_SECONDS)
    except TimeoutError as error:
        raise WaitedTooLong(f"waited {seconds:.0f} s for {what}") from error
