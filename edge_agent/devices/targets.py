"""Which device a command means: one that HQ has bound, or one that is described on the spot."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from msgspec.structs import replace

from device_profiles.catalogue import UnknownModel
from device_profiles.catalogue import profile as find_profile
from edge_agent.configuration import load
from edge_agent.devices.binding import UNBOUND
from edge_agent.disk.agent_row import store_settings
from edge_agent.standing import read_database
from shared.wire.desired import DeviceBinding


class NotHere(LookupError):
    """The device a command names is not there; the text says what is."""


def software() -> str:
    """Return this program's version."""
    return version("storewire")


def bound_devices(state: Path) -> dict[str, DeviceBinding]:
    """Return every device of this store by `till/device`, from the agent's disk. Raise NotHere, DatabaseDamaged."""
    path = load(state).database_path
    if not path.exists():
        raise NotHere(f"{state}: the agent has never run there, so nothing is bound yet")
    settings = read_database(path, store_settings)
    if settings is None:
        raise NotHere(f"{state}: HQ has not described this store yet")
    return {f"{till.till}/{binding.device}": binding for till in settings.tills for binding in till.devices or UNBOUND}


def target(state: Path | None, device: str, profile: str, transport: str, address: str) -> list[DeviceBinding]:
    """Return the devices meant: the one described, the one named, or all that are bound. Raise NotHere."""
    if profile:
        return [_described(profile, transport, address)]
    if state is None:
        raise NotHere("say which device: --state and till/device, or --profile with --address")
    bound = bound_devices(state)
    if device and device not in bound:
        raise NotHere(f"no device {device!r} is bound here; there are {', '.join(bound) or 'none'}")
    return [replace(binding, device=name) for name, binding in bound.items() if device in {"", name}]


def _described(profile: str, transport: str, address: str) -> DeviceBinding:
    try:
        usual = find_profile(profile).transports[0].value
    except UnknownModel as error:
        raise NotHere(str(error)) from error
    return DeviceBinding(device="device", profile=profile, transport=transport or usual, address=address)
