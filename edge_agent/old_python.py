"""`asyncio.timeout` as Python 3.11.4 and later have it, for the first releases of 3.11: Debian 12 ships 3.11.2.

There a timeout raises CancelledError instead of TimeoutError when its task already counts a cancellation, and a
TaskGroup that failed leaves one behind (cpython gh-102780, gh-116720). The task then ends without a word: an agent
whose line had gone dead said goodbye, waited in vain for the broker, and never connected again.
"""

from __future__ import annotations

import asyncio
import sys
from functools import wraps
from types import TracebackType

_MENDED_IN = (3, 11, 4)


def mend() -> None:
    """Mend this process's `asyncio.timeout` where this Python needs it."""
    if sys.version_info < _MENDED_IN:
        mend_class(asyncio.Timeout)


def mend_class(timeout: type[asyncio.Timeout]) -> None:
    """Let a class of timeouts tell its own cancellation from those that its task counted before."""
    enter, leave = timeout.__aenter__, timeout.__aexit__
    counted_before = "_counted_before"

    @wraps(enter)
    async def __aenter__(self: asyncio.Timeout) -> asyncio.Timeout:  # noqa: N807 - takes that one's place
        setattr(self, counted_before, _cancellations())
        return await enter(self)

    @wraps(leave)
    async def __aexit__(  # noqa: N807 - takes that one's place
        self: asyncio.Timeout,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await leave(self, kind, error, trace)  # takes its own cancellation off the task's count
        if self.expired() and kind is asyncio.CancelledError and _cancellations() <= getattr(self, counted_before):
            raise TimeoutError from error

    timeout.__aenter__ = __aenter__  # type: ignore[method-assign]
    timeout.__aexit__ = __aexit__  # type: ignore[assignment, method-assign]


def _cancellations() -> int:
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()
