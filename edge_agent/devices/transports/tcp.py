"""Devices on the network: receipt printers on port 9100, serial servers. Bytes over one TCP connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from edge_agent.devices.ports import ByteStream, DeviceMisconfigured, DeviceUnavailable, ErrorName
from edge_agent.devices.transports.handover import gone

_CONNECT_SECONDS = 3.0
_WRITE_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_PIECE_BYTES = 4096
_UNANSWERED_MS = 6_000
"""A printer whose power was cut never says so: unanswered bytes and probes end the connection."""


class TcpTransport:
    """One connection to `host`, `port`. Most printers serve one at a time, so it is closed when the block ends."""

    def __init__(self, name: str, host: str, port: int) -> None:
        self.name = name
        self._host = host
        self._port = port

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ByteStream]:
        """Connect. Raise DeviceUnavailable when nobody answers."""
        place = f"{self._host}:{self._port}"
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(self._host, self._port, limit=_PIECE_BYTES)
        except TimeoutError as error:
            raise DeviceUnavailable(f"{self.name}: {place} does not answer", code=ErrorName.TIMEOUT) from error
        except UnicodeError as error:
            raise DeviceMisconfigured(f"{self.name}: {self._host!r} is no name of a host: {error}") from error
        except OSError as error:
            raise DeviceUnavailable(f"{self.name}: {place} cannot be reached: {error.strerror or error}") from error
        try:
            _watch_the_line(writer.get_extra_info("socket"))
            yield _Connection(self.name, reader, writer)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await writer.wait_closed()


class _Connection:
    def __init__(self, device: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._device = device
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            piece = await self._reader.read(_PIECE_BYTES)
        except OSError as error:
            raise gone(self._device, error) from error
        if not piece:
            raise DeviceUnavailable(f"{self._device} hung up")
        return piece

    async def write(self, content: bytes) -> None:
        try:
            self._writer.write(content)
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._writer.drain()
        except TimeoutError as error:
            raise DeviceUnavailable(f"{self._device} takes no bytes", code=ErrorName.TIMEOUT) from error
        except OSError as error:
            raise gone(self._device, error) from error


def _watch_the_line(line: socket.socket) -> None:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MS)
