"""What a device is to the rest of the agent: its states, its errors, the bytes it moves, what it reads.

Names follow UnifiedPOS where it has one.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class DeviceState(StrEnum):
    """A device as its till and HQ see it (UnifiedPOS: closed, idle, busy, error)."""

    CLOSED = "closed"
    IDLE = "idle"
    BUSY = "busy"
    ERROR = "error"


class DeviceError(Exception):
    """Something is wrong with a device; the subclass says who does something about it."""


class DeviceUnavailable(DeviceError):
    """Not there, or no longer: the supervisor opens it again by itself."""


class DeviceRefused(DeviceError):
    """It is there and will not: busy, out of paper, cover open. The cashier can help."""


class DeviceMisconfigured(DeviceError):
    """It is not what its profile says, or its profile is wrong. HQ has to act."""


class ByteStream(Protocol):
    """An open device as a stream of bytes."""

    async def read(self) -> bytes:
        """Return the next bytes, at least one. Raise DeviceUnavailable when the device is gone."""
        ...

    async def write(self, content: bytes) -> None:
        """Send bytes to the device. Raise DeviceUnavailable when it is gone."""
        ...


class Transport(Protocol):
    """A way to reach one device."""

    name: str

    def opened(self) -> AbstractAsyncContextManager[ByteStream]:
        """Open and claim the device for as long as the block runs. Raise DeviceUnavailable or DeviceMisconfigured."""
        ...


class Driver(Protocol):
    """Gives an open device its meaning."""

    async def serve(self, stream: ByteStream) -> None:
        """Use the device until it is gone, which raises DeviceUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code that was read completely."""

    text: str


@dataclass(frozen=True, slots=True)
class ScanCut:
    """A code that broke off: the cashier hears of it and scans again. `reason` is a code the till has words for."""

    reason: str


Reading = Scanned | ScanCut
