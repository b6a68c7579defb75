"""A pyusb backend whose bus is this process: devices with bulk endpoints, a kernel driver in the way, a cable."""

from __future__ import annotations

import array
import errno
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import usb.backend
from usb.core import USBError, USBTimeoutError

OUT, IN = 0x02, 0x81


@dataclass
class UsbDevice:
    """A printer-like device at a port of bus 1."""

    vendor: int = 0x04B8
    product: int = 0x0202
    ports: tuple[int, ...] = (1, 2)
    interface_class: int = 7
    has_source: bool = True
    kernel_driver: bool = True
    claimed: int = 0
    written: list[bytes] = field(default_factory=list)
    says: list[bytes] = field(default_factory=list)
    plugged: bool = True
    takes: bool = True
    lock: threading.Condition = field(default_factory=threading.Condition)

    def say(self, content: bytes) -> None:
        with self.lock:
            self.says.append(content)
            self.lock.notify_all()

    def unplug(self) -> None:
        with self.lock:
            self.plugged = False
            self.claimed = 0
            self.kernel_driver = True
            self.lock.notify_all()


class MemoryUsb(usb.backend.IBackend):  # type: ignore[misc]
    """The bus. Handles are counted, so that a leak shows."""

    def __init__(self, *devices: UsbDevice) -> None:
        self.devices = list(devices)
        self.handles = 0

    def enumerate_devices(self) -> Iterator[UsbDevice]:
        return iter([device for device in self.devices if device.plugged])

    def get_parent(self, dev: UsbDevice) -> None:
        return None

    def get_device_descriptor(self, dev: UsbDevice) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=dev.vendor, idProduct=dev.product, bcdDevice=0x100, iManufacturer=0,
            iProduct=0, iSerialNumber=0, bNumConfigurations=1, address=5, bus=1, port_number=dev.ports[-1],
            port_numbers=dev.ports, speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: UsbDevice, config: int) -> Any:
        if config:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0xC0, bMaxPower=1, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: UsbDevice, intf: int, alt: int, config: int) -> Any:
        if intf or alt:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0,
            bNumEndpoints=1 + dev.has_source, bInterfaceClass=dev.interface_class, bInterfaceSubClass=1,
            bInterfaceProtocol=2, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: UsbDevice, ep: int, intf: int, alt: int, config: int) -> Any:
        addresses = [OUT, IN] if dev.has_source else [OUT]
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=addresses[ep], bmAttributes=2, wMaxPacketSize=64,
            bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev: UsbDevice) -> UsbDevice:
        self._there(dev)
        self.handles += 1
        return dev

    def close_device(self, dev_handle: UsbDevice) -> None:
        self.handles -= 1

    def get_configuration(self, dev_handle: UsbDevice) -> int:
        return 1

    def set_configuration(self, dev_handle: UsbDevice, config_value: int) -> None:
        return

    def claim_interface(self, dev_handle: UsbDevice, intf: int) -> None:
        self._there(dev_handle)
        if dev_handle.kernel_driver or dev_handle.claimed:
            raise USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.claimed += 1

    def release_interface(self, dev_handle: UsbDevice, intf: int) -> None:
        self._there(dev_handle)
        dev_handle.claimed -= 1

    def is_kernel_driver_active(self, dev_handle: UsbDevice, intf: int) -> bool:
        return dev_handle.kernel_driver

    def detach_kernel_driver(self, dev_handle: UsbDevice, intf: int) -> None:
        dev_handle.kernel_driver = False

    def bulk_write(self, dev_handle: UsbDevice, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._there(dev_handle)
        if not dev_handle.takes:
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        dev_handle.written.append(bytes(data))
        return len(data)

    def bulk_read(self, dev_handle: UsbDevice, ep: int, intf: int, buff: Any, timeout: int) -> int:
        with dev_handle.lock:
            dev_handle.lock.wait_for(lambda: dev_handle.says or not dev_handle.plugged, timeout / 1000)
            if dev_handle.says:
                piece = array.array("B", dev_handle.says.pop(0))
                buff[: len(piece)] = piece
                return len(piece)
        self._there(dev_handle)
        raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)

    def _there(self, device: UsbDevice) -> None:
        if not device.plugged:
            raise USBError("No such device (it may have been disconnected)", -4, errno.ENODEV)
