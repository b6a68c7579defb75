"""What can be wrong with the devices said to stand at a till: each found, each with what to do, nothing stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from device_profiles.catalogue import UnknownModel, profile
from shared.codes.answers import ScanContext
from shared.device_profile import ProfileRefused, TransportKind, override
from shared.ids import check_slug
from shared.web.words import marked
from shared.wire.desired import DeviceBinding

MAX_DEVICES = 32
"""A till with more has a mistake in its list."""
ALONE = frozenset({TransportKind.EVDEV.value, TransportKind.SERIAL.value, TransportKind.CHARACTER.value})
"""Ways whose plug belongs to one device only."""

WORDS: Mapping[str, str] = {
    "too_many": marked("a till has at most {most} devices, got {count}"),
    "name": marked("{device}: {why}"),
    "twice": marked("two devices of the till are called '{device}'; each needs a name of its own"),
    "model": marked("{device}: {why}"),
    "way": marked("{device}: {model} is reached by {ways}, not by '{way}'"),
    "plug": marked("{device}: say where it is plugged in; `storewire-edge devices list` shows the plugs"),
    "role": marked("{device}: a role is one of {roles}, not '{role}'"),
    "plug_taken": marked("{device}: '{plug}' is the plug of {other} already"),
}
"""What each problem is called, with its values in braces."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the device at a place of the list; `place` is -1 for the list itself."""

    place: int
    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def english(self) -> str:
        """What is said of it in messages of commands and API."""
        return WORDS[self.code].format(**self.values)


def problems_of(devices: Sequence[DeviceBinding], taken: Mapping[str, str] | None = None) -> list[Problem]:
    """Return everything wrong with a till's devices. `taken` are plugs of the store's other tills, and whose."""
    found = []
    if len(devices) > MAX_DEVICES:
        found.append(Problem(-1, "too_many", {"most": MAX_DEVICES, "count": len(devices)}))
    names, plugs = set[str](), dict[str, str]()
    for place, one in enumerate(devices):
        if one.device in names:
            found.append(Problem(place, "twice", {"device": one.device}))
        names.add(one.device)
        found += _of_one(place, one)
        other = plugs.setdefault(one.address, one.device) if one.address else one.device
        if other == one.device and one.transport in ALONE:
            other = (taken or {}).get(one.address, one.device)
        if other != one.device:
            found.append(Problem(place, "plug_taken", {"device": one.device, "plug": one.address, "other": other}))
    return found


def _of_one(place: int, one: DeviceBinding) -> Iterator[Problem]:
    try:
        check_slug(one.device, "device")
    except ValueError as error:
        yield Problem(place, "name", {"device": one.device, "why": str(error)})
    if one.role and one.role not in {role.value for role in ScanContext}:
        roles = ", ".join(ScanContext)
        yield Problem(place, "role", {"device": one.device, "roles": roles, "role": one.role})
    try:
        model = override(profile(one.profile), dict(one.settings))
    except (UnknownModel, ProfileRefused, ValueError) as error:
        yield Problem(place, "model", {"device": one.device, "why": str(error)})
        return
    ways = [kind.value for kind in (*model.transports, TransportKind.SIMULATED)]
    if one.transport not in ways:
        values = {"device": one.device, "model": model.model, "ways": ", ".join(ways), "way": one.transport}
        yield Problem(place, "way", values)
    elif not one.address and one.transport != TransportKind.SIMULATED.value:
        yield Problem(place, "plug", {"device": one.device})
