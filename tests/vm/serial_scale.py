"""A scale on a serial line: the product's simulated scale behind QEMU's USB serial adapter, an FTDI chip."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from edge_agent.devices.scales.simulated import SimulatedScale
from shared.device_profile import DeviceProfile


class SerialScale:
    """Plugged in while connected: QEMU takes the adapter out of the port when nobody is at its far end."""

    def __init__(self, path: Path, profile: DeviceProfile) -> None:
        self.scale = SimulatedScale(profile)
        self.asked = asyncio.Event()
        """Set when the machine has asked it something since it was plugged in."""
        self._path = path
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Answer until the cable is pulled or the machine is off."""
        reader, self._writer = await asyncio.open_unix_connection(self._path)
        with suppress(ConnectionError):
            while content := await reader.read(256):
                self.asked.set()
                self._writer.write(self.scale.receive(content))
        self.asked.clear()

    def unplug(self) -> None:
        """Pull the adapter out."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
