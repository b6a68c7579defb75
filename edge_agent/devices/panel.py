"""The device panel: what the devices of a running agent do, live, for a person at this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from edge_agent import unix_socket
from edge_agent.devices.device import Device
from edge_agent.devices.ports import Reading, Scanned, ScanRole
from edge_agent.devices.reading_words import in_words
from edge_agent.devices.supervisor import Seen as Watched
from edge_agent.devices.supervisor import Supervisor
from shared.wire.messages import DeviceReport

SOCKET_NAME = "devices.sock"
_LINE_BYTES = 64 * 1024
_SHOWN = 4


class PanelAway(ConnectionError):
    """No running agent shows its devices there."""


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the panel: a device as it stands, or what it just read.

    `known` are all devices there are, said when somebody begins to look.
    """

    report: DeviceReport
    reading: str = ""
    known: list[str] = []


class Panel:
    """Shows whoever connects how every device stands, then every reading and every change. It takes no commands."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    async def serve(self, path: Path) -> None:
        """Listen on a Unix socket that only this user may open, until cancelled."""
        await unix_socket.serve(path, "device_panel", self._show, line_bytes=_LINE_BYTES)

    async def _show(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = asyncio.create_task(reader.read(1), name="panel viewer")
        try:
            with self._supervisor.watched() as queue:
                known = [device.device for device in self._supervisor.devices]
                for device in self._supervisor.devices:
                    _say(writer, Seen(device.report(), known=known))
                while not left.done():
                    await writer.drain()
                    await _say_next(writer, queue)
        finally:
            left.cancel()


async def _say_next(writer: asyncio.StreamWriter, queue: asyncio.Queue[Watched]) -> None:
    """Tell a viewer what is seen next; nothing where that takes long, so that one who left is noticed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            seen = await queue.get()
            _say(writer, seen_now(seen.device, seen.reading))


def seen_now(device: Device, reading: Reading | None) -> Seen:
    """Return a device's line. Numbers of members and of payments are shown by their end alone."""
    if isinstance(reading, Scanned) and reading.role is not ScanRole.GOODS:
        reading = replace(reading, text=f"...{reading.text[-_SHOWN:]}")
    return Seen(device.report(), "" if reading is None else in_words(reading))


async def look(path: Path) -> AsyncIterator[Seen]:
    """Yield what a running agent's panel shows, until it ends. Raise PanelAway."""
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=_LINE_BYTES)
    except OSError as error:
        raise PanelAway(f"no running agent shows its devices at {path}: {error.strerror or error}") from error
    try:
        while line := await reader.readline():
            yield msgspec.json.decode(line, type=Seen)
    finally:
        writer.close()


def _say(writer: asyncio.StreamWriter, seen: Seen) -> None:
    writer.write(msgspec.json.encode(seen) + b"\n")
