"""The census: what is plugged into this machine, as the kernel shows it, and which profile fits it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from device_profiles.catalogue import catalogue
from edge_agent.devices.places import NODES, Roots
from shared.device_profile import DeviceProfile, Match, TransportKind

_PRINTER_CLASS = "07"
_NO_UART = "0"


@dataclass(frozen=True, slots=True)
class Found:
    """A device that is plugged in: where, what it says it is, how it can be reached, which profiles fit it."""

    address: str
    usb: str = ""
    name: str = ""
    nodes: dict[TransportKind, Path] = field(default_factory=dict)
    models: tuple[str, ...] = ()

    @property
    def transports(self) -> tuple[TransportKind, ...]:
        """The ways it can be reached."""
        return tuple(self.nodes)


def take(roots: Roots | None = None) -> list[Found]:
    """Return everything that could be a device of a till, by address."""
    roots = roots or Roots()
    return sorted([*_usb_devices(roots), *_serial_ports(roots)], key=lambda found: found.address)


def fitting_models(match: str, name: str, transports: Iterable[TransportKind]) -> tuple[str, ...]:
    """Return the models a device may be: by USB id first, then by vendor, then by words in its name."""
    ways = set(transports)
    ranked = [
        (rank, profile.model)
        for profile in catalogue().values()
        if ways & set(profile.transports) and (rank := _rank(profile.match, match, name.lower())) is not None
    ]
    return tuple(model for _, model in sorted(ranked))


def ways_of(profile: DeviceProfile, found: Found) -> list[TransportKind]:
    """Return how a found device is reached as that model, the model's usual way first."""
    return [kind for kind in profile.transports if kind in found.nodes]


def _rank(match: Match, usb: str, name: str) -> int | None:
    if usb and usb in match.usb:
        return 0
    if usb and f"{usb[:4]}:*" in match.usb:
        return 1
    if any(word in name for word in match.names):
        return 2
    return None


def _usb_devices(roots: Roots) -> Iterator[Found]:
    base = roots.sys / "bus" / "usb" / "devices"
    with suppress(OSError):
        for entry in sorted(base.iterdir()):
            vendor, product = _text(entry / "idVendor"), _text(entry / "idProduct")
            if not vendor or entry.name.startswith("usb") or _text(entry / "bDeviceClass") == "09":
                continue  # an interface, a root hub, or a hub
            usb = f"{vendor}:{product}"
            name = " ".join(part for part in (_text(entry / "manufacturer"), _text(entry / "product")) if part)
            nodes = _nodes(base, entry.name, roots)
            yield Found(f"usb:{entry.name}", usb, name, nodes, fitting_models(usb, name, nodes))


def _nodes(base: Path, port: str, roots: Roots) -> dict[TransportKind, Path]:
    found: dict[TransportKind, Path] = {}
    for interface in sorted(base.glob(f"{port}:*")):
        if _text(interface / "bInterfaceClass") == _PRINTER_CLASS:
            found.setdefault(TransportKind.USB, interface)
        for node in sorted(interface.resolve().rglob("*")):
            for kind, (pattern, folder) in NODES.items():
                if node.is_dir() and pattern.match(node.name):
                    below = "usb/" if node.name.startswith("lp") else folder
                    found.setdefault(kind, roots.dev / f"{below}{node.name}")
    return found


def _serial_ports(roots: Roots) -> Iterator[Found]:
    """Yield the machine's own serial ports: those with a UART behind them."""
    for entry in sorted((roots.sys / "class" / "tty").glob("ttyS*")):
        if _text(entry / "type") not in {"", _NO_UART}:
            node = roots.dev / entry.name
            yield Found(str(node), name="serial port of this machine", nodes={TransportKind.SERIAL: node})


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
