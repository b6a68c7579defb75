"""USB devices made in Python, plugged into the virtual machine by QEMU's `usb-redir`.

The far end of the USB Network Redirection protocol 0.7 (spice/usbredir, docs/usb-redirection-protocol.md): the guest's
own host controller, USB core and class drivers talk to the device, so what they see is a device on a port.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_HELLO, _CONNECT, _DISCONNECT, _RESET, _INTERFACES, _ENDPOINTS = range(6)
_SET_CONFIGURATION, _GET_CONFIGURATION, _CONFIGURATION = 6, 7, 8
_SET_ALTERNATE, _GET_ALTERNATE, _ALTERNATE = 9, 10, 11
_START_INTERRUPTS, _STOP_INTERRUPTS, _INTERRUPTS = 15, 16, 17
_CANCEL = 21
_CONTROL, _BULK, _INTERRUPT = 100, 101, 103
_CAPABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6
"""Device version, largest packets, ids of 64 bits, bulk lengths of 32 bits: the last three QEMU's xHCI asks for."""
_SUCCESS, _CANCELLED, _STALL = 0, 1, 4
_FULL_SPEED = 1
_UNUSED_ENDPOINT = 255
_IN = 0x80
_SLOTS = 32
# Standard requests, USB 2.0 table 9-4.
_GET_STATUS, _GET_DESCRIPTOR = 0, 6
_DEVICE, _CONFIGURATION_DESCRIPTOR, _STRING = 1, 2, 3
CONTROL, BULK, INTERRUPT = 0, 2, 3


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint: its address (bit 7: towards the machine), `BULK` or `INTERRUPT`, its largest packet."""

    address: int
    kind: int
    bytes_at_most: int
    interval_ms: int = 0

    @property
    def slot(self) -> int:
        """Its place in the protocol's tables."""
        return (self.address & _IN) >> 3 | self.address & 0x0F

    def descriptor(self) -> bytes:
        """Its descriptor, USB 2.0 table 9-13."""
        return struct.pack("<BBBBHB", 7, 5, self.address, self.kind, self.bytes_at_most, self.interval_ms)


@dataclass(frozen=True, slots=True)
class Made:
    """How a device presents itself: one configuration, one interface. `extra` follows the interface's descriptor."""

    vendor: int
    product: int
    names: tuple[str, ...]
    interface: tuple[int, int, int]
    endpoints: tuple[Endpoint, ...]
    extra: bytes = b""
    answers: Mapping[tuple[int, int, int], bytes] = field(default_factory=dict)
    """What is answered to requests by (request type, request, value)."""

    def descriptor(self, kind: int, index: int) -> bytes | None:
        """Return a standard descriptor, or None when there is none such."""
        if kind == _DEVICE:
            ids = (self.vendor, self.product, 0x0100)
            return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, *ids, 1, 2, 0, 1)
        if kind == _CONFIGURATION_DESCRIPTOR:
            body = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, len(self.endpoints), *self.interface, 0) + self.extra
            body += b"".join(endpoint.descriptor() for endpoint in self.endpoints)
            return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, 1, 0, 0x80, 50) + body
        if kind == _STRING and index <= len(self.names):
            text = self.names[index - 1].encode("utf-16-le") if index else b"\x09\x04"
            return bytes((2 + len(text), 3)) + text
        return None


class Plug:
    """One USB port of the machine and the device that may be plugged in there. Subclasses give it a life."""

    def __init__(self, path: Path, made: Made) -> None:
        self.made = made
        self.wired = asyncio.Event()
        """Set while QEMU is at the other end of the cable; only then may the device be pushed in."""
        self._path = path
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Speak with QEMU until it hangs up; the device is not plugged in yet."""
        reader, self._writer = await asyncio.open_unix_connection(self._path)
        try:
            # Hellos have ids of 32 bits; both sides being able to, all that follows has 64.
            hello = b"storewire".ljust(64, b"\0") + struct.pack("<I", _CAPABILITIES)
            self._writer.write(struct.pack("<III", _HELLO, len(hello), 0) + hello)
            _, length, _ = struct.unpack("<III", await reader.readexactly(12))
            await reader.readexactly(length)
            self.wired.set()
            while True:
                kind, length, number = struct.unpack("<IIQ", await reader.readexactly(16))
                self._take(kind, number, await reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.wired.clear()
            self._writer.close()
            self._writer = None

    def plug(self) -> None:
        """Push the device in."""
        packed = [bytearray(b"\xff" * _SLOTS), bytearray(_SLOTS), bytearray(_SLOTS)]
        sizes = [0] * _SLOTS
        packed[0][0] = packed[0][16] = CONTROL
        sizes[0] = sizes[16] = 64
        for one in self.made.endpoints:
            packed[0][one.slot], packed[1][one.slot], sizes[one.slot] = one.kind, one.interval_ms, one.bytes_at_most
        interface = b"".join(bytes((value,)).ljust(_SLOTS, b"\0") for value in (0, *self.made.interface))
        self._say(_INTERFACES, 0, struct.pack("<I", 1) + interface)
        self._say(_ENDPOINTS, 0, b"".join(packed) + struct.pack(f"<{_SLOTS}H", *sizes))
        ids = (self.made.vendor, self.made.product, 0x0100)
        self._say(_CONNECT, 0, struct.pack("<BBBBHHH", _FULL_SPEED, 0, 0, 0, *ids))

    def unplug(self) -> None:
        """Pull it out."""
        self._say(_DISCONNECT, 0, b"")

    def interrupt(self, endpoint: int, report: bytes) -> None:
        """Let the device say something on an interrupt endpoint."""
        self._say(_INTERRUPT, 0, struct.pack("<BBH", endpoint, _SUCCESS, len(report)) + report)

    def answer_bulk(self, number: int, endpoint: int, content: bytes, status: int = _SUCCESS, length: int = -1) -> None:
        """End a transfer of the machine."""
        size = len(content) if length < 0 else length
        head = struct.pack("<BBHIH", endpoint, status, size & 0xFFFF, 0, size >> 16)
        self._say(_BULK, number, head + content)

    def written(self, content: bytes) -> None:
        """Take what the machine wrote to a bulk endpoint."""
        raise NotImplementedError

    def wanted(self, number: int, endpoint: int, at_most: int) -> None:
        """Answer a read of the machine now, or when there is something to say."""
        raise NotImplementedError

    def given_up(self, number: int) -> bool:
        """Forget a read that the machine no longer waits for; tell whether it was waiting."""
        del number
        return False

    def _say(self, kind: int, number: int, body: bytes) -> None:
        if self._writer is not None:
            with suppress(ConnectionError):
                self._writer.write(struct.pack("<IIQ", kind, len(body), number) + body)

    def _take(self, kind: int, number: int, body: bytes) -> None:
        if kind == _CONTROL:
            self._control(number, body)
        elif kind == _BULK:
            self._bulk(number, body)
        elif kind in {_SET_CONFIGURATION, _GET_CONFIGURATION}:
            self._say(_CONFIGURATION, number, bytes((_SUCCESS, 1)))
        elif kind in {_SET_ALTERNATE, _GET_ALTERNATE}:
            self._say(_ALTERNATE, number, bytes((_SUCCESS, 0, 0)))
        elif kind in {_START_INTERRUPTS, _STOP_INTERRUPTS}:
            self._say(_INTERRUPTS, number, bytes((_SUCCESS, body[0])))
        elif kind == _CANCEL and self.given_up(number):
            self.answer_bulk(number, 0x82, b"", _CANCELLED)

    def _control(self, number: int, body: bytes) -> None:
        endpoint, request, kind, _status, value, index, length = struct.unpack_from("<BBBBHHH", body)
        content: bytes | None = b""
        if kind & _IN:
            content = self.made.answers.get((kind, request, value))
            if content is None and request == _GET_DESCRIPTOR and kind == _IN:
                content = self.made.descriptor(value >> 8, value & 0xFF)
            elif content is None and request == _GET_STATUS:
                content = b"\0\0"
        status = _STALL if content is None else _SUCCESS
        said = (content or b"")[:length]
        size = len(said) if kind & _IN else length
        head = struct.pack("<BBBBHHH", endpoint, request, kind, status, value, index, size if status == _SUCCESS else 0)
        self._say(_CONTROL, number, head + said)

    def _bulk(self, number: int, body: bytes) -> None:
        endpoint, _status, low, _stream, high = struct.unpack_from("<BBHIH", body)
        length = high << 16 | low
        if endpoint & _IN:
            self.wanted(number, endpoint, length)
        else:
            self.written(body[10:])
            self.answer_bulk(number, endpoint, b"", length=length)
