"""Serial lines: RS-232, and USB devices in serial mode. pyserial moves the bytes."""

from __future__ import annotations

import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.devices.ports import ByteStream, DeviceMisconfigured, DeviceUnavailable, ErrorName
from edge_agent.devices.transports.calls import BlockingCalls
from edge_agent.devices.transports.draining import drained
from edge_agent.devices.transports.handover import Handover, gone
from edge_agent.devices.transports.refusals import not_opened
from shared.device_profile import Parity, SerialLine

if TYPE_CHECKING:
    from serial import Serial

_OPEN_SECONDS = 3.0
_WRITE_SECONDS = 3.0
_PIECES = 256
_PIECE_BYTES = 4096
_PARITY = {Parity.NONE: "N", Parity.EVEN: "E", Parity.ODD: "O"}


class SerialTransport:
    """One serial line, held for us alone. `where` finds its device node anew each time it is opened."""

    def __init__(self, name: str, where: Callable[[], Path], line: SerialLine) -> None:
        self.name = name
        self._where = where
        self._line = line

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ByteStream]:
        """Open, lock and set the line. Raise DeviceUnavailable or DeviceMisconfigured."""
        calls, let_go = BlockingCalls(self.name), None
        try:
            port = await calls.call("opening", self._open, within_s=_OPEN_SECONDS, late=_close)
            let_go = partial(_close, port)
            handover = Handover[bytes](_PIECES)
            with drained(self.name, port.fileno(), lambda: _read(port), handover):
                yield _SerialStream(self.name, port, handover, calls)
        finally:
            await calls.close(let_go)

    def _open(self) -> Serial:
        from serial import Serial, SerialException  # noqa: PLC0415 - only stores with a serial device pay for it

        place, line = self._where(), self._line
        try:
            return Serial(
                str(place),
                line.baud,
                bytesize=line.bits,
                parity=_PARITY[line.parity],
                stopbits=line.stop_bits,
                timeout=0,
                write_timeout=_WRITE_SECONDS,
                rtscts=line.hardware_flow,
                xonxoff=line.software_flow,
                exclusive=True,
            )
        except SerialException as error:
            raise not_opened(self.name, str(place), error) from error
        except (ValueError, OSError, termios.error) as error:  # pyserial lets termios speak for itself
            reason = f"{self.name}: {place} cannot be set to {_words(line)}: {error.args[-1]}"
            raise DeviceMisconfigured(reason) from error


class _SerialStream:
    def __init__(self, device: str, port: Serial, handover: Handover[bytes], calls: BlockingCalls) -> None:
        self._device = device
        self._port = port
        self._handover = handover
        self._calls = calls

    async def read(self) -> bytes:
        return b"".join(await self._handover.take())

    async def write(self, content: bytes) -> None:
        await self._calls.call("writing", self._write, content, within_s=_WRITE_SECONDS + 1)

    def _write(self, content: bytes) -> None:
        from serial import SerialTimeoutException  # noqa: PLC0415 - loaded when the port was opened

        try:
            self._port.write(content)
        except SerialTimeoutException as error:
            raise DeviceUnavailable(f"{self._device} takes no bytes", code=ErrorName.TIMEOUT) from error
        except OSError as error:
            raise gone(self._device, error) from error


def _read(port: Serial) -> list[bytes]:
    piece: bytes = port.read(_PIECE_BYTES)
    return [piece] if piece else []


def _close(port: Serial) -> None:
    try:
        port.close()
    except OSError:
        return  # the line is gone already, and its descriptor with it


def _words(line: SerialLine) -> str:
    return f"{line.baud} {line.bits}-{_PARITY[line.parity]}-{line.stop_bits}"
