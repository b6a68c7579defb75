"""From what HQ says of a device to the transport that reaches it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from device_profiles.catalogue import UnknownModel
from device_profiles.catalogue import profile as find_profile
from edge_agent.devices.hotplug import HotPlug
from edge_agent.devices.places import Roots, find_node, host_and_port, usb_port
from edge_agent.devices.ports import DeviceMisconfigured, ScanRole, Transport
from edge_agent.devices.transports.simulated import FarEnd, SimulatedTransport
from shared.clock import MachineClock
from shared.device_profile import DeviceProfile, ProfileRefused, TransportKind, override
from shared.wire.desired import DeviceBinding

_SCALES = ("cas_request", "status_lines", "cas_continuous", "xk3190", "toledo_8217", "nci", "magellan", "ads")
_DISPLAYS = ("escpos_display", "cd5220")
FAR_ENDS: dict[str, str] = {
    "escpos": "edge_agent.devices.printers.simulated:SimulatedPrinter",
    **dict.fromkeys(_SCALES, "edge_agent.devices.scales.simulated:SimulatedScale"),
    **dict.fromkeys(_DISPLAYS, "edge_agent.devices.displays.simulated:SimulatedLineDisplay"),
}
"""By protocol: the class that answers like such a device when its cable is simulated, as `module:Class`."""

UNBOUND = (DeviceBinding(device="scanner", profile="simulated_scanner", transport="simulated"),)
"""What stands at a till for which HQ has named no device: something to try it with."""
WITH_PAGES = (
    *UNBOUND,
    DeviceBinding(device="scale", profile="simulated_scale", transport="simulated"),
    DeviceBinding(device="printer", profile="simulated_printer", transport="simulated"),
)
"""The same where the agent serves pages: its bench page lets a person weigh and see the paper too."""


def profile_of(binding: DeviceBinding) -> DeviceProfile:
    """Return the profile of a device with what HQ set for it. Raise DeviceMisconfigured."""
    try:
        return override(find_profile(binding.profile), dict(binding.settings))
    except (UnknownModel, ProfileRefused) as error:
        raise DeviceMisconfigured(f"{binding.device}: {error}") from error


def transport_kind(binding: DeviceBinding, profile: DeviceProfile) -> TransportKind:
    """Return how the device is reached. Any device can be simulated. Raise DeviceMisconfigured."""
    known = [*profile.transports, TransportKind.SIMULATED]
    for kind in known:
        if kind.value == binding.transport:
            return kind
    words = ", ".join(kind.value for kind in known)
    raise DeviceMisconfigured(f"{binding.device}: {profile.model} is reached by {words}, not by {binding.transport!r}")


def role_of(binding: DeviceBinding) -> ScanRole:
    """Return what the scans of a device are for. Raise DeviceMisconfigured."""
    try:
        return ScanRole(binding.role or ScanRole.GOODS)
    except ValueError:
        roles = ", ".join(role.value for role in ScanRole)
        raise DeviceMisconfigured(f"{binding.device}: no role {binding.role!r}; there are {roles}") from None


class Reach:
    """Makes transports. The code of each kind is loaded when the first device needs it: memory is short."""

    def __init__(self, hotplug: HotPlug, clock: MachineClock, roots: Roots | None = None) -> None:
        self._hotplug = hotplug
        self._clock = clock
        self._roots = roots or Roots()

    def transport(self, name: str, binding: DeviceBinding, profile: DeviceProfile) -> Transport[Any]:
        """Return the way to a device. Raise DeviceMisconfigured when there can be none."""
        kind = transport_kind(binding, profile)
        if kind is TransportKind.SIMULATED:
            return SimulatedTransport(name, far_end(profile), self._hotplug.announce)
        if kind is TransportKind.TCP:
            return _tcp(name, binding.address, profile)
        if kind is TransportKind.USB:
            return _usb(name, binding.address, profile)
        return self._by_node(name, kind, profile, partial(find_node, kind, binding.address, self._roots))

    def _by_node(
        self, name: str, kind: TransportKind, profile: DeviceProfile, where: Callable[[], Path]
    ) -> Transport[Any]:
        if kind is TransportKind.EVDEV:
            from edge_agent.devices.transports.keyboard import KeyboardTransport  # noqa: PLC0415 - when needed

            return KeyboardTransport(name, where)
        if kind is TransportKind.SERIAL:
            from edge_agent.devices.transports.serial_line import SerialTransport  # noqa: PLC0415 - when needed

            return SerialTransport(name, where, profile.serial)
        from edge_agent.devices.transports.character import CharacterTransport  # noqa: PLC0415 - when needed

        return CharacterTransport(name, where, self._clock)


def far_end(profile: DeviceProfile) -> FarEnd | None:
    """Return what answers at the far end of a simulated cable; None for a device that only speaks when pressed."""
    place = FAR_ENDS.get(profile.protocol)
    if place is None:
        return None
    module, _, name = place.partition(":")
    made: FarEnd = getattr(import_module(module), name)(profile)
    return made


def _tcp(name: str, address: str, profile: DeviceProfile) -> Transport[Any]:
    from edge_agent.devices.transports.tcp import TcpTransport  # noqa: PLC0415 - when needed

    host, port = host_and_port(address, profile.tcp.port)
    return TcpTransport(name, host, port)


def _usb(name: str, address: str, profile: DeviceProfile) -> Transport[Any]:
    from edge_agent.devices.transports.usb_bulk import UsbPlace, UsbTransport  # noqa: PLC0415 - when needed

    port = usb_port(address)
    if port is None and address:
        raise DeviceMisconfigured(f"{name}: {address!r} is no USB port: write usb:1-1.2")
    if port is None and not profile.match.usb:
        raise DeviceMisconfigured(f"{name}: {profile.model} has no USB id, so the device needs its port: usb:1-1.2")
    place = UsbPlace(port.port, ()) if port else UsbPlace("", profile.match.usb)
    return UsbTransport(name, place, profile.usb)
