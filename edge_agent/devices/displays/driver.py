"""A line display's driver: shows the newest rows, and shows them again when the display is back."""

from __future__ import annotations

import asyncio

from edge_agent.devices.displays.commands import CommandSet
from edge_agent.devices.ports import ByteStream
from shared.device_profile import Shows

_LOOK_SECONDS = 30.0
"""How often the same is said again: a display that lost its power says nothing of it, and comes back dark."""


class LineDisplay:
    """Two rows towards the customer. A display says nothing back, so only its cable tells that it is there."""

    def __init__(self, commands: CommandSet, shows: Shows) -> None:
        self.shows = shows
        self._commands = commands
        self._rows: tuple[str, ...] = ()
        self._changed, self._written = asyncio.Event(), asyncio.Event()

    def show(self, *rows: str) -> None:
        """Show these rows from now on. Returns at once: of rows that come faster than the line the newest are shown."""
        if rows != self._rows:
            self._rows = rows
            self._written.clear()
            self._changed.set()

    async def shown(self, *rows: str) -> None:
        """Show these rows, and return once the display has been told; for ever, where there is none."""
        self.show(*rows)
        await self._written.wait()

    async def serve(self, stream: ByteStream) -> None:
        """Keep the display showing the newest rows until it is gone, which raises DeviceUnavailable."""
        gone = asyncio.ensure_future(_until_gone(stream))
        try:
            await stream.write(self._commands.start())
            while True:
                self._changed.clear()
                await stream.write(self._commands.show(self._rows))
                if not self._changed.is_set():
                    self._written.set()
                changed = asyncio.ensure_future(self._changed.wait())
                try:
                    await asyncio.wait({gone, changed}, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    changed.cancel()
                if gone.done():
                    gone.result()
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)


async def _until_gone(stream: ByteStream) -> None:
    """Read what a display never says, to hear of its cable; a display that echoes is let talk."""
    while True:
        await stream.read()
