"""The form that binds devices to a till: read as it was typed, checked row by row, offered what is plugged in."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from cloud.fleet.device_standing import DeviceRow, Plugged
from cloud.org.device_checks import WORDS, Problem, problems_of
from device_profiles.catalogue import catalogue
from shared.device_profile import DeviceClass, TransportKind
from shared.web.words import marked
from shared.wire.desired import DeviceBinding

FIELDS = ("device", "profile", "transport", "address", "role", "settings")
MOST_ROWS = 40
_NAMES = {
    DeviceClass.SCANNER: "scanner",
    DeviceClass.CARD_READER: "cards",
    DeviceClass.SCALE: "scale",
    DeviceClass.PRINTER: "printer",
    DeviceClass.DISPLAY: "display",
}
BAD_SETTINGS = marked('Settings are lines such as "keys.layout" = "de": {why}')
NOT_PLUGGED_IN = marked("Nothing is plugged in there now; it is bound all the same.")


@dataclass(frozen=True, slots=True)
class Said:
    """Something to say about a row: a marked text with the values of its braces."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class FormRow:
    """One device as the form has it."""

    device: str = ""
    profile: str = ""
    transport: str = ""
    address: str = ""
    role: str = ""
    settings: str = ""
    faults: list[Said] = field(default_factory=list)
    remarks: list[Said] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing was said in it: a line for one device more."""
        return not (self.device or self.profile or self.address)


def rows_of(bindings: Sequence[DeviceBinding]) -> list[FormRow]:
    """Return the form of what is bound."""
    return [
        FormRow(one.device, one.profile, one.transport, one.address, one.role, _lines(one.settings)) for one in bindings
    ]


def starting(bound: Sequence[DeviceBinding], standing: Sequence[DeviceRow]) -> list[DeviceBinding]:
    """Return what the till has: what is bound, or where head office bound nothing, what the till reports.

    What is sent replaces all of it, so a form that began empty would take away what nobody spoke of.
    """
    return list(bound) or [
        DeviceBinding(device=row.device, profile=one.profile, transport=one.transport, address=one.address)
        for row in standing
        if (one := row.report) is not None
    ]


def dropped(has: Sequence[DeviceBinding], wanted: Sequence[DeviceBinding]) -> str:
    """Return the names of the till's devices that are not wanted any more, empty where all stay."""
    kept = {one.device for one in wanted}
    return ", ".join(one.device for one in has if one.device not in kept)


def row_for(plugged: Plugged, names: Sequence[str]) -> FormRow:
    """Return a line for something that is plugged in, as far as it can be guessed."""
    model = next(iter(plugged.found.models), "")
    known = catalogue().get(model)
    ways = [kind.value for kind in known.transports] if known else []
    way = next((one for one in ways if one in plugged.found.transports), next(iter(plugged.found.transports), ""))
    base = _NAMES[known.device_class] if known else "device"
    name = next(one for one in (base, *(f"{base}-{n}" for n in range(2, 99))) if one not in names)
    return FormRow(name, model, way, plugged.found.address)


def read_form(fields: Sequence[tuple[str, str]]) -> list[FormRow]:
    """Read what was sent: rows by number, those marked for removal and empty ones left out."""
    given = dict(fields)
    numbers = sorted({int(key.split(".")[0]) for key in given if key.split(".")[0].isdecimal()})[:MOST_ROWS]
    rows = [_row(given, number) for number in numbers if not given.get(f"{number}.remove")]
    return [row for row in rows if not row.empty]


def _row(given: Mapping[str, str], number: int) -> FormRow:
    said = [given.get(f"{number}.{name}", "").strip() for name in FIELDS]
    device, profile, transport, address, role, settings = said
    return FormRow(device, profile, transport, address, role, settings)


def check(rows: Sequence[FormRow], taken: Mapping[str, str], plugged: Sequence[Plugged]) -> list[DeviceBinding]:
    """Return what the rows bind, with each row's faults and remarks noted in it."""
    bindings = [_binding(row) for row in rows]
    for problem in problems_of(bindings, taken):
        for row in rows if problem.place < 0 else [rows[problem.place]]:
            row.faults.append(_said(problem))
    there = {one.found.address for one in plugged}
    for row in rows:
        if there and row.address and row.address not in there and row.transport != TransportKind.TCP.value:
            row.remarks.append(Said(NOT_PLUGGED_IN))
    return bindings


def models() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the models to choose from, by class: (class, [(model, name)])."""
    for one in DeviceClass:
        names = sorted(
            (f"{found.vendor} {found.name}" if found.vendor != "any" else found.name, model)
            for model, found in catalogue().items()
            if found.device_class is one
        )
        if names:
            yield one.value, [(model, name) for name, model in names]


def _binding(row: FormRow) -> DeviceBinding:
    settings: dict[str, bool | int | str | list[str]] = {}
    try:
        settings = msgspec.convert(_flat(tomllib.loads(row.settings)), dict[str, bool | int | str | list[str]])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        row.faults.append(Said(BAD_SETTINGS, {"why": str(error)}))
    return DeviceBinding(
        device=row.device, profile=row.profile, transport=row.transport, address=row.address, role=row.role,
        settings=settings,
    )  # fmt: skip


def _flat(table: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return settings by their dotted key, however the lines were written."""
    found: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _lines(settings: Mapping[str, object]) -> str:
    return "\n".join(f"{msgspec.json.encode(key).decode()} = {msgspec.json.encode(value).decode()}"
                     for key, value in sorted(settings.items()))  # fmt: skip


def _said(problem: Problem) -> Said:
    return Said(WORDS[problem.code], problem.values)
