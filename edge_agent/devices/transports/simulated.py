"""A device that is not there, with every fault to order: for demos, tests and support engineers alike."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from edge_agent.devices.ports import ByteStream, DeviceUnavailable, ErrorName

_PIECES = 1_000
_WRITTEN = 1_000
_STUCK_SECONDS = 5.0


class FarEnd(Protocol):
    """The device at the other end of a simulated cable, without any I/O: what it answers to what it is sent."""

    def receive(self, content: bytes) -> bytes:
        """Take what the driver sends and return what the device answers, possibly nothing."""
        ...


class SimulatedTransport:
    """A cable whose far end is an object: bytes are pressed in, or answered by `far_end`; the driver reads them.

    `written` keeps the newest of what was sent to the device. `announce` tells hot-plug that the cable was moved, as
    the kernel would.
    """

    def __init__(self, name: str, far_end: FarEnd | None = None, announce: Callable[[], None] | None = None) -> None:
        self.name = name
        self.far_end = far_end
        self.written: deque[bytes] = deque(maxlen=_WRITTEN)
        self._announce = announce
        self._cable: deque[bytes | None] = deque()
        self._moved = asyncio.Condition()
        self._plugged = True
        self._stuck = False
        self._split_every: int | None = None
        self._gap_seconds = 0.0
        self._noise = b""
        self._garbage = b""

    @property
    def plugged(self) -> bool:
        """Whether the cable is in."""
        return self._plugged

    def split(self, every: int | None) -> None:
        """Deliver at most so many bytes at a time from now on; None stops that."""
        self._split_every = every

    def slow(self, gap_ms: int) -> None:
        """Let so much time pass before each piece from now on; 0 stops that."""
        self._gap_seconds = gap_ms / 1000

    def noise(self, content: bytes) -> None:
        """Put these bytes before whatever is said next."""
        self._noise = content

    def garbage(self, content: bytes) -> None:
        """Let the device say these bytes instead of what it means, until they are empty."""
        self._garbage = content

    async def stuck(self, *, stuck: bool) -> None:
        """Let the device say and take nothing, though its cable is in; or let it go on where it stopped."""
        async with self._moved:
            self._stuck = stuck
            self._moved.notify_all()

    async def press(self, content: bytes) -> None:
        """Let the device send bytes. Raise DeviceUnavailable when it is unplugged: nobody would hear them."""
        if not self.plugged:
            raise DeviceUnavailable(f"{self.name} is unplugged")
        await self._say(content)

    async def unplug(self) -> None:
        """Pull the cable, also in the middle of a code. What the device had said by then is still read."""
        async with self._moved:
            if self._plugged:
                self._plugged = self._stuck = False
                self._cable.append(None)
                self._moved.notify_all()

    def plug(self) -> None:
        """Put the cable back in."""
        self._plugged = True
        if self._announce is not None:
            self._announce()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ByteStream]:
        """Open the device; what it had said before its cable was pulled is gone, as with a real one."""
        if not self.plugged:
            raise DeviceUnavailable(f"{self.name} is unplugged")
        while None in self._cable:
            self._cable.popleft()
        yield self

    async def read(self) -> bytes:
        """Return the next bytes that the device said. Cancelling it loses nothing."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._cable and not self._stuck)
            piece = self._cable.popleft()
            self._moved.notify_all()
        if piece is None:
            raise DeviceUnavailable(f"{self.name} was unplugged")
        return piece

    async def write(self, content: bytes) -> None:
        """Send bytes to the device; what it answers can be read."""
        try:
            async with asyncio.timeout(_STUCK_SECONDS), self._moved:
                await self._moved.wait_for(lambda: not self._stuck)
        except TimeoutError:
            raise DeviceUnavailable(f"{self.name} takes no bytes", code=ErrorName.TIMEOUT) from None
        if not self.plugged:
            raise DeviceUnavailable(f"{self.name} is unplugged")
        self.written.append(content)
        if self.far_end is not None and (answer := self.far_end.receive(content)):
            await self._say(answer)

    async def _say(self, content: bytes) -> None:
        content, self._noise = self._noise + (self._garbage or content), b""
        size = self._split_every or len(content)
        for start in range(0, len(content), size):
            if self._gap_seconds:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._gap_seconds), self._moved:
                        await self._moved.wait_for(lambda: not self._plugged)
            async with self._moved:
                await self._moved.wait_for(lambda: len(self._cable) < _PIECES or not self._plugged)
                if not self._plugged:
                    return  # the rest stays in the device
                self._cable.append(content[start : start + size])
                self._moved.notify_all()
