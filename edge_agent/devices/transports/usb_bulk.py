"""USB devices that no kernel driver should own: printers and vendor-class devices. pyusb moves the bytes."""

from __future__ import annotations

import errno
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_agent.devices.ports import (
    ByteStream,
    DeviceError,
    DeviceMisconfigured,
    DeviceRefused,
    DeviceUnavailable,
    ErrorName,
)
from edge_agent.devices.transports.calls import BlockingCalls
from edge_agent.devices.transports.handover import Handover, gone
from edge_agent.devices.transports.refusals import not_opened
from shared.device_profile import UsbBulk

if TYPE_CHECKING:
    from usb.core import Device, Endpoint

_OPEN_SECONDS = 5.0
_READ_MS = 250
"""How long the reader waits in libusb before it looks whether it should end."""
_EMPTY_PAUSE_SECONDS = 0.02
_WRITE_MS = 10_000
_JOIN_SECONDS = 2.0
_PIECES = 256
_PIECE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class UsbPlace:
    """Where a USB device is: the port (`1-1.2`: bus and hubs), and what must be plugged in there (`04b8:0202`).

    One of both may be empty; a port tells two printers of one model apart.
    """

    port: str = ""
    ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"USB port {self.port}" if self.port else f"USB device {' or '.join(self.ids)}"

    def fits(self, device: Device) -> bool:
        """Return whether `device` is the one."""
        port = f"{device.bus}-{'.'.join(map(str, device.port_numbers or ()))}"
        known = {f"{device.idVendor:04x}:{device.idProduct:04x}", f"{device.idVendor:04x}:*"}
        return (not self.port or port == self.port) and (not self.ids or bool(known & set(self.ids)))


@dataclass(slots=True)
class _Claimed:
    device: Device
    interface: int
    sink: Endpoint
    source: Endpoint | None


class UsbTransport:
    """One interface of one USB device, claimed. The kernel's driver is detached and stays so: the agent owns it."""

    def __init__(self, name: str, place: UsbPlace, bulk: UsbBulk, backend: Any = None) -> None:
        self.name = name
        self._place = place
        self._bulk = bulk
        self._backend = backend

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ByteStream]:
        """Find, detach and claim the device. Raise DeviceUnavailable or DeviceMisconfigured."""
        calls, let_go = BlockingCalls(self.name), None
        handover = Handover[bytes](_PIECES)
        try:
            claimed = await calls.call("opening", self._open, within_s=_OPEN_SECONDS, late=_release)
            listener = threading.Thread(
                target=_listen, args=(self.name, claimed, handover), name=f"{self.name} reader", daemon=True
            )
            listener.start()
            let_go = partial(_let_go, claimed, listener)
            yield _UsbStream(self.name, claimed, handover, calls)
        finally:
            handover.stop()
            await calls.close(let_go)

    def _open(self) -> _Claimed:
        import usb.core  # noqa: PLC0415 - only stores with such a device pay for it

        try:
            found = usb.core.find(custom_match=self._place.fits, backend=self._backend)
        except usb.core.NoBackendError as error:
            words = f"{self.name}: libusb is not installed on this machine"
            raise DeviceMisconfigured(words, code=ErrorName.NO_SERVICE) from error
        if found is None:
            raise DeviceUnavailable(f"{self.name}: nothing is plugged in at {self._place}")
        try:
            return self._claim(found)
        except usb.core.USBError as error:
            _dispose(found)
            raise not_opened(self.name, str(self._place), error) from error
        except DeviceError:
            _dispose(found)
            raise

    def _claim(self, device: Device) -> _Claimed:
        import usb.util  # noqa: PLC0415 - loaded with usb.core

        interface = self._interface(device)
        number = interface.bInterfaceNumber
        if device.is_kernel_driver_active(number):
            device.detach_kernel_driver(number)  # usblp or CUPS would hold it: "Resource busy" for ever
        usb.util.claim_interface(device, number)
        bulk = [one for one in interface if usb.util.endpoint_type(one.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK]
        sinks = [one for one in bulk if usb.util.endpoint_direction(one.bEndpointAddress) == usb.util.ENDPOINT_OUT]
        sources = [one for one in bulk if usb.util.endpoint_direction(one.bEndpointAddress) == usb.util.ENDPOINT_IN]
        if not sinks:
            raise DeviceMisconfigured(f"{self.name}: interface {number} of {self._place} takes no bulk data")
        return _Claimed(device, number, sinks[0], sources[0] if sources else None)

    def _interface(self, device: Device) -> Any:
        try:
            configuration = device.get_active_configuration()
        except OSError:
            device.set_configuration()
            configuration = device.get_active_configuration()
        for interface in configuration:
            if self._bulk.interface in {None, interface.bInterfaceNumber} and (
                interface.bInterfaceClass == self._bulk.interface_class
            ):
                return interface
        words = f"{self.name}: {self._place} has no interface of class {self._bulk.interface_class}"
        raise DeviceMisconfigured(words)


class _UsbStream:
    def __init__(self, device: str, claimed: _Claimed, handover: Handover[bytes], calls: BlockingCalls) -> None:
        self._device = device
        self._claimed = claimed
        self._handover = handover
        self._calls = calls

    async def read(self) -> bytes:
        return b"".join(await self._handover.take())

    async def write(self, content: bytes) -> None:
        await self._calls.call("writing", self._write, content, within_s=_WRITE_MS / 1000 + 1)

    def _write(self, content: bytes) -> None:
        import usb.core  # noqa: PLC0415 - loaded when the device was opened

        try:
            self._claimed.sink.write(content, _WRITE_MS)
        except usb.core.USBTimeoutError as error:
            raise DeviceRefused(f"{self._device} takes no bytes", code=ErrorName.TIMEOUT) from error
        except usb.core.USBError as error:
            raise gone(self._device, error) from error


def _listen(device: str, claimed: _Claimed, handover: Handover[bytes]) -> None:
    import usb.core  # noqa: PLC0415 - loaded when the device was opened

    if claimed.source is None:
        return
    while not handover.stopped:
        try:
            piece = bytes(claimed.source.read(_PIECE_BYTES, _READ_MS))
        except usb.core.USBTimeoutError:
            continue
        except usb.core.USBError as error:
            if error.errno == errno.EAGAIN:
                continue
            handover.end(gone(device, error))
            return
        if piece:
            handover.put([piece])
        else:
            handover.pause(_EMPTY_PAUSE_SECONDS)  # printers answer with empty packets as fast as they are asked


def _let_go(claimed: _Claimed, listener: threading.Thread) -> None:
    """Release the device once nobody reads it: closing it under a read crashes libusb."""
    listener.join(_JOIN_SECONDS)
    _release(claimed)


def _release(claimed: _Claimed) -> None:
    import usb.core  # noqa: PLC0415 - loaded when the device was opened
    import usb.util  # noqa: PLC0415

    try:
        usb.util.release_interface(claimed.device, claimed.interface)
    except usb.core.USBError:
        pass  # unplugged: the kernel has released it
    finally:
        _dispose(claimed.device)


def _dispose(device: Device) -> None:
    import usb.util  # noqa: PLC0415 - loaded when the device was found

    usb.util.dispose_resources(device)
