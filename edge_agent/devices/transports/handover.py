"""The way from a device's own thread to the agent's loop: a bounded queue that loses nothing unless told how."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from edge_agent.devices.ports import DeviceError, DeviceUnavailable

T = TypeVar("T")


class Handover(Generic[T]):
    """One thread puts pieces in, one task takes them out, in order.

    When `bound` pieces wait, the thread waits too, which is right for a device whose kernel driver holds bytes back.
    Where the kernel would throw away instead (evdev), `overflow` makes one piece that says something is missing, and
    pieces are dropped until there is room.
    """

    def __init__(self, bound: int, overflow: Callable[[], T] | None = None) -> None:
        self.dropped = 0
        self._bound = bound
        self._overflow = overflow
        self._overflowing = False
        self._pieces: deque[T] = deque()
        self._room = threading.Event()
        self._room.set()
        self._stopped = threading.Event()
        self._ended: DeviceError | None = None
        self._something = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def stopped(self) -> bool:
        """Whether the taker is gone and the thread should end."""
        return self._stopped.is_set()

    def put(self, pieces: Sequence[T]) -> None:
        """Hand pieces over, from the device's thread. Returns early when the taker is gone."""
        for piece in pieces:
            if not self._has_room():
                self.dropped += 1
                continue
            self._pieces.append(piece)
        self._wake()

    def end(self, error: DeviceError) -> None:
        """Say from the device's thread that nothing more will come; what was put before is still taken."""
        self._ended = error
        self._wake()

    def pause(self, seconds: float) -> None:
        """Wait in the device's thread, at most until the taker is gone."""
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """Let the thread end: nobody takes any more."""
        self._stopped.set()
        self._room.set()

    async def take(self) -> list[T]:
        """Return all that waits, at least one piece. Raise what `end` was given. Cancelling it loses nothing."""
        await self._wait()
        taken = [self._pieces.popleft() for _ in range(len(self._pieces))]
        self._room.set()
        return taken

    async def take_one(self) -> T:
        """Return the next piece alone: for devices whose pieces are packets."""
        await self._wait()
        piece = self._pieces.popleft()
        self._room.set()
        return piece

    async def _wait(self) -> None:
        while not self._pieces:
            if self._ended is not None:
                raise self._ended
            self._something.clear()
            if not self._pieces and self._ended is None:
                await self._something.wait()

    def _has_room(self) -> bool:
        """Wait for room, or say that there is none."""
        while len(self._pieces) >= self._bound and not self.stopped:
            if self._overflow is not None:
                if not self._overflowing:
                    self._overflowing = True
                    self._pieces.append(self._overflow())
                return False
            self._room.clear()
            if len(self._pieces) >= self._bound and not self.stopped:
                self._room.wait()
        self._overflowing = False
        return True

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._something.set)
        except RuntimeError:
            self._stopped.set()  # the loop is closed: the agent has ended


def gone(device: str, error: OSError) -> DeviceUnavailable:
    """Return what an error of the system means for a device that was open."""
    return DeviceUnavailable(f"{device} is gone: {error.strerror or error}")
