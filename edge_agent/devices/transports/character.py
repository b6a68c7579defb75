"""Character devices: `/dev/usb/lp*` (usblp) and `/dev/hidraw*`. Bytes as the kernel gives and takes them."""

from __future__ import annotations

import os
import select
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from edge_agent.devices.ports import ByteStream, DeviceUnavailable, ErrorName
from edge_agent.devices.transports.calls import BlockingCalls
from edge_agent.devices.transports.draining import drained
from edge_agent.devices.transports.handover import Handover, gone
from edge_agent.devices.transports.refusals import not_opened
from shared.clock import MachineClock

_OPEN_SECONDS = 3.0
_WRITE_SECONDS = 5.0
_PIECES = 256
_PIECE_BYTES = 4096
_EMPTY_PAUSE_MS = 20


class CharacterTransport:
    """One device node. `where` finds it anew each time it is opened. A HID report is one read."""

    def __init__(self, name: str, where: Callable[[], Path], clock: MachineClock) -> None:
        self.name = name
        self._where = where
        self._clock = clock

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ByteStream]:
        """Open the node. Raise DeviceUnavailable or DeviceMisconfigured."""
        calls, let_go = BlockingCalls(self.name), None
        try:
            fd = await calls.call("opening", self._open, within_s=_OPEN_SECONDS, late=os.close)
            let_go = partial(os.close, fd)
            handover = Handover[bytes](_PIECES)
            with drained(self.name, fd, lambda: _read(fd), handover, empty_pause_ms=_EMPTY_PAUSE_MS):
                yield _NodeStream(self.name, fd, handover, calls, self._clock)
        finally:
            await calls.close(let_go)

    def _open(self) -> int:
        place = self._where()
        try:
            return os.open(place, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            raise not_opened(self.name, str(place), error) from error


class _NodeStream:
    def __init__(
        self, device: str, fd: int, handover: Handover[bytes], calls: BlockingCalls, clock: MachineClock
    ) -> None:
        self._device = device
        self._fd = fd
        self._handover = handover
        self._calls = calls
        self._clock = clock

    async def read(self) -> bytes:
        return await self._handover.take_one()

    async def write(self, content: bytes) -> None:
        await self._calls.call("writing", self._write, content, within_s=_WRITE_SECONDS + 1)

    def _write(self, content: bytes) -> None:
        """Write all of it, in the device's thread, or give up when the device takes nothing for a while."""
        poller = select.poll()
        poller.register(self._fd, select.POLLOUT)
        rest = memoryview(content)
        until = self._clock.monotonic() + _WRITE_SECONDS
        while rest:
            left = until - self._clock.monotonic()
            if left <= 0 or not poller.poll(left * 1000):
                raise DeviceUnavailable(f"{self._device} takes no bytes", code=ErrorName.TIMEOUT)
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise gone(self._device, error) from error


def _read(fd: int) -> list[bytes]:
    piece = os.read(fd, _PIECE_BYTES)
    return [piece] if piece else []
