"""Places: where a device is plugged in, and which node of the kernel that is today.

A USB port keeps its name over restarts and tells two identical scanners apart; `/dev/ttyUSB0` and `/dev/hidraw3` do
not. `usb:1-1.2` is the port as the kernel names it (bus 1, port 1, hub port 2), `usb:1-1.2:1.0` one interface there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_agent.devices.ports import DeviceMisconfigured, DeviceUnavailable
from shared.device_profile import TransportKind

_USB = re.compile(r"^usb:(?P<port>\d+-\d+(?:\.\d+)*)(?::(?P<interface>\d+\.\d+))?$")
_TCP = re.compile(r"^(?P<host>[^:\s/]+|\[[0-9a-fA-F:]+\])(?::(?P<port>\d{1,5}))?$")
NODES: Mapping[TransportKind, tuple[re.Pattern[str], str]] = {
    TransportKind.EVDEV: (re.compile(r"^event\d+$"), "input/"),
    TransportKind.SERIAL: (re.compile(r"^tty[A-Za-z]+\d+$"), ""),
    TransportKind.CHARACTER: (re.compile(r"^(?:hidraw|lp)\d+$"), ""),
}
"""By transport: how the nodes below a USB interface are called in sysfs, and the folder of `/dev` they are in."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Where the kernel shows its devices; tests have a tree of their own."""

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")


@dataclass(frozen=True, slots=True)
class UsbPort:
    """A USB port by its kernel name, and one interface of what is plugged in there, or any."""

    port: str
    interface: str = ""


def usb_port(address: str) -> UsbPort | None:
    """Return the USB port an address names, or None when it names none."""
    match = _USB.match(address)
    return UsbPort(match["port"], match["interface"] or "") if match else None


def host_and_port(address: str, default_port: int) -> tuple[str, int]:
    """Return a network device's host and port. Raise DeviceMisconfigured."""
    match = _TCP.match(address)
    port = int(match["port"] or default_port) if match else 0
    if match is None or not 0 < port < 65_536:
        raise DeviceMisconfigured(f"{address!r} is no address of a network device: write host:port")
    return match["host"].strip("[]"), port


def find_node(kind: TransportKind, address: str, roots: Roots) -> Path:
    """Return the node below `/dev` that stands for an address now.

    Raise DeviceUnavailable when nothing is plugged in there, DeviceMisconfigured when the address makes no sense.
    """
    port = usb_port(address)
    if port is not None:
        return _node_at(kind, port, roots)
    path = Path(address)
    if not path.is_absolute() or ".." in path.parts:
        raise DeviceMisconfigured(
            f"{address!r} is no place for {kind.value}: name a path below /dev, or a USB port as usb:1-1.2"
        )
    if not path.exists():
        raise DeviceUnavailable(f"nothing is plugged in at {address}")
    return path


def _node_at(kind: TransportKind, port: UsbPort, roots: Roots) -> Path:
    pattern, folder = NODES[kind]
    base = roots.sys / "bus" / "usb" / "devices"
    for interface in sorted(base.glob(f"{port.port}:{port.interface or '*'}")):
        # The interface is a link into the tree of devices; hubs below it have links of their own and are not entered.
        for node in sorted(interface.resolve().rglob("*")):
            if pattern.match(node.name) and node.is_dir():
                below = "usb/" if node.name.startswith("lp") else folder
                return roots.dev / f"{below}{node.name}"
    raise DeviceUnavailable(f"nothing is plugged in at USB port {port.port}")
