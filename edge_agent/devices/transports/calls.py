"""Blocking calls of device libraries, one at a time in a thread of the device's own, none of them for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from edge_agent.devices.ports import DeviceUnavailable, ErrorName

T = TypeVar("T")

_CLOSE_SECONDS = 2.0


class BlockingCalls:
    """A device's worker thread. A stuck device keeps its own thread busy and nobody else's."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=device)

    async def call(
        self, what: str, fn: Callable[..., T], *args: Any, within_s: float, late: Callable[[T], None] | None = None
    ) -> T:
        """Return `fn(*args)`. Raise DeviceUnavailable when it takes longer; `late` then takes what still comes of it.

        A caller that is cancelled meanwhile does not see the result either: `late` takes it too.
        """
        future = self._worker.submit(fn, *args)
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(asyncio.wrap_future(future))
        except TimeoutError:
            _dispose(future, late)
            words = f"{self._device}: {what} took longer than {within_s:g} s"
            raise DeviceUnavailable(words, code=ErrorName.TIMEOUT) from None
        except asyncio.CancelledError:
            _dispose(future, late)
            raise

    async def close(self, let_go: Callable[[], None] | None = None) -> None:
        """Take no more calls, and let go of the device in its own thread.

        Closing may block as well: a serial line whose printer takes nothing waits half a minute for it. The caller
        waits a while so that the device can be opened again; then the thread is left to it.
        """
        future = self._worker.submit(let_go or _nothing)
        self._worker.shutdown(wait=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await asyncio.shield(asyncio.wrap_future(future))


def _nothing() -> None:
    return


def _dispose(future: Future[T], late: Callable[[T], None] | None) -> None:
    if not future.cancel() and late is not None:
        future.add_done_callback(partial(_hand, late))


def _hand(late: Callable[[T], None], future: Future[T]) -> None:
    with suppress(Exception):  # the call failed after all: there is nothing to dispose of
        late(future.result())
