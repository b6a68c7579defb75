"""The scanner driver: every read becomes a reading, good or bad, in the order it was made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import ByteStream, Driver, Reading
from edge_agent.devices.scanners.lines import LineScanner

Heard = Callable[[Reading], Awaitable[None]]


def fit(fitting: Fitting) -> Driver[ByteStream]:
    """Return the driver of a scanner that sends lines."""
    return ScannerDriver(fitting.reporter.heard)


class ScannerDriver:
    """Reads one scanner and hands each reading on before it reads more, so that none overtakes another."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._protocol = LineScanner()

    async def serve(self, stream: ByteStream) -> None:
        """Read until the device is gone; a code cut off by that is announced."""
        try:
            while True:
                for reading in self._protocol.feed(await stream.read()):
                    await self._heard(reading)
        finally:
            for reading in self._protocol.lost():
                await self._heard(reading)
