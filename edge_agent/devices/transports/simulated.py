"""A device that is not there, with every fault to order: for demos, tests and support engineers alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge_agent.devices.ports import ByteStream, DeviceUnavailable

_PIECES = 1_000


class SimulatedTransport:
    """A cable with nothing on its far end but this object: bytes are pressed in, the driver reads them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.written: list[bytes] = []
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_PIECES)
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._split_every: int | None = None
        self._noise = b""

    @property
    def plugged(self) -> bool:
        """Whether the cable is in."""
        return self._plugged.is_set()

    def split(self, every: int | None) -> None:
        """Deliver at most so many bytes at a time from now on; None stops that."""
        self._split_every = every

    def noise(self, content: bytes) -> None:
        """Put these bytes before whatever is pressed next."""
        self._noise = content

    async def press(self, content: bytes) -> None:
        """Let the device send bytes. Raise DeviceUnavailable when it is unplugged: nobody would hear them."""
        if not self.plugged:
            raise DeviceUnavailable(f"{self.name} is unplugged")
        content, self._noise = self._noise + content, b""
        size = self._split_every or len(content)
        for start in range(0, len(content), size):
            await self._pieces.put(content[start : start + size])

    async def unplug(self) -> None:
        """Pull the cable, also in the middle of a code."""
        if self.plugged:
            self._plugged.clear()
            await self._pieces.put(None)

    def plug(self) -> None:
        """Put the cable back in."""
        self._plugged.set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ByteStream]:
        """Open the device; what it had said before is gone, as with a real one."""
        if not self.plugged:
            raise DeviceUnavailable(f"{self.name} is unplugged")
        yield self

    async def read(self) -> bytes:
        """Return the next bytes that were pressed."""
        piece = await self._pieces.get()
        if piece is None:
            raise DeviceUnavailable(f"{self.name} was unplugged")
        return piece

    async def write(self, content: bytes) -> None:
        """Keep what was sent to the device in `written`."""
        if not self.plugged:
            raise DeviceUnavailable(f"{self.name} is unplugged")
        self.written.append(content)
