"""What `storewire-edge devices` says, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from device_profiles.catalogue import catalogue, profile
from edge_agent.devices.census import Found, ways_of
from edge_agent.devices.detecting import Trial
from edge_agent.devices.device import Device
from edge_agent.devices.panel import Seen
from edge_agent.devices.ports import DeviceState, PrinterStatus, Reading, ScanCut, Scanned, Weight, WeightProblem
from shared.device_profile import DeviceClass
from shared.wire.desired import DeviceBinding

_SHOWN_BYTES = 48
_NO_PROOF = {WeightProblem.SILENT, WeightProblem.UNREADABLE}


def census(found: Sequence[Found], bound: Mapping[str, DeviceBinding]) -> Iterator[str]:
    """Yield what to say of everything that is plugged in, and of what is bound and is not."""
    places = {place for one in found for place in _places(one)}
    for one in found:
        yield f"{one.address}  {one.usb or '-'}  {one.name or 'says no name'}"
        for kind, node in one.nodes.items():
            yield f"    {kind.value:<10} {node}"
        for model in one.models:
            way = ways_of(profile(model), one)[0].value
            yield f"    fits       {model} ({profile(model).vendor} {profile(model).name}), by {way}"
        if not one.models:
            yield "    fits       no profile by its id or name; choose one by the model's manual"
        yield from (f"    bound      {name} {_role(binding)}" for name, binding in _bound_at(one, bound))
    for name, binding in bound.items():
        if binding.transport not in {"simulated", "tcp"} and binding.address not in places:
            yield f"{binding.address or binding.profile}  nothing that is listed here  bound as {name} {_role(binding)}"
        elif binding.transport in {"simulated", "tcp"}:
            yield f"{binding.address or 'simulated'}  {binding.profile}  bound as {name} {_role(binding)}"


def seen(one: Seen) -> str:
    """Return a line of `watch`: what a device read, or how it stands."""
    report = one.report
    if one.reading:
        return f"{report.device}  {one.reading}"
    standing = f"{report.device}  is {report.state} (power {report.power})"
    parts = [standing, report.reason, ", ".join(report.conditions)]
    return ": ".join(part for part in parts if part)


def proves(reading: Reading) -> bool:
    """Return whether a reading shows that the device works: silence and rubbish do not."""
    match reading:
        case Scanned():
            return True
        case ScanCut():
            return False
        case Weight(problems=problems):
            return not _NO_PROOF & set(problems)
        case PrinterStatus(online=online):
            return online is not None
    return False


def may_be_tried(device: Device, reading: Reading | None) -> bool:
    """Return whether a device that says nothing of weight by itself is open now: a display, a printer that spoke."""
    known = device.profile
    if known is None or device.state is not DeviceState.IDLE:
        return False
    return known.device_class is DeviceClass.DISPLAY or (
        known.device_class is DeviceClass.PRINTER and reading is not None
    )


def verdict(device: Device, *, works: bool, heard: bool) -> str:
    """Return the last line of `test`."""
    if not works:
        return f"It does not work: {device.standing.reason or 'it could not be opened'}"
    if device.standing.conditions:
        return f"It works, and says: {', '.join(device.standing.conditions)}"
    return "It works." if heard else "It is there and open; it said nothing in this time. Scan something, or weigh."


def trials(tried: Sequence[Trial]) -> Iterator[str]:
    """Yield what `detect` tried, with the raw bytes, and what came of it."""
    for trial in tried:
        line = trial.line
        setting = f"{line.baud} {line.bits}-{line.parity.value}-{line.stop_bits}"
        if trial.error and not trial.asked and not trial.answered:
            yield f"{trial.protocol:<16} {setting:<14} not tried: {trial.error.removeprefix('the port: ')}"
            continue
        asked = trial.asked[:_SHOWN_BYTES].hex(" ") or "nothing, only listened"
        answered = trial.error or trial.answered[:_SHOWN_BYTES].hex(" ") or "silence"
        yield f"{trial.protocol:<16} {setting:<14} sent {asked}; heard {answered}"
    models = tried[-1].models if tried else ()
    if models:
        yield f"It is one that speaks {tried[-1].protocol}: {', '.join(models)}"
    else:
        yield "Nothing identified itself. If it is a scale, look up its protocol and line settings in its menu."


def _places(found: Found) -> set[str]:
    """Return every address that means this device; a link of udev's means the node it leads to."""
    return {found.address, *(str(node) for node in found.nodes.values())}


def _bound_at(found: Found, bound: Mapping[str, DeviceBinding]) -> Iterator[tuple[str, DeviceBinding]]:
    places = _places(found)
    for name, binding in bound.items():
        known = catalogue().get(binding.profile)
        by_id = known is not None and not binding.address and found.usb in known.match.usb
        if binding.address in places or by_id:
            yield name, binding


def _role(binding: DeviceBinding) -> str:
    return f"({binding.profile}, {binding.role or 'goods'})"
