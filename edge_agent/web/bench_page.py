"""The bench: the simulated devices of a till as things one can touch, so that a person can sell without hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.devices.ports import DeviceUnavailable
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.devices.scales.simulated import SimulatedScale
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.till.results import Example
from edge_agent.web.rendering import render
from edge_agent.web.shop import Counter, DeviceSeen
from edge_agent.web.stream import Parts
from shared.web.words import Language, marked

PRINTER_FAULTS: Mapping[str, str] = {
    "cover_open": marked("Cover open"),
    "near_end": marked("Paper near its end"),
    "cutter_jammed": marked("Cutter jammed"),
    "overheated": marked("Too hot"),
    "broken": marked("Broken"),
    "silent": marked("Answers nothing"),
    "drawer_open": marked("Drawer open"),
}
_CAPACITY_G = 15_000
_GOODS_SHOWN = 12
_PAPER_ROWS = 120
_ORDER = {"scanners": 0, "card_readers": 1, "scales": 2, "printers": 3}


@dataclass(frozen=True, slots=True)
class BenchDevice:
    """A simulated device on the bench. `faults` are a printer's, each with whether it is on."""

    name: str
    kind: str
    state: str
    plugged: bool
    grams: int = 0
    stable: bool = True
    faults: tuple[tuple[str, str, bool], ...] = ()
    paper_out: bool = False
    kicks: int = 0


@dataclass(frozen=True, slots=True)
class BenchShown:
    """Everything on the bench."""

    devices: tuple[BenchDevice, ...]
    paper: str
    goods: tuple[Example, ...] = ()


async def shown(counter: Counter) -> BenchShown:
    """Return the bench as it is now."""
    seen = {one.name: one for one in counter.seen}
    found = (_device(name, cable, seen.get(name)) for name, cable in counter.simulated.items())
    devices = tuple(sorted(found, key=lambda one: (_ORDER.get(one.kind, len(_ORDER)), one.name)))
    paper = ""
    for device in devices:
        if device.kind == "printers":
            paper = str((await counter.work_printer(device.name, svg=True, last=_PAPER_ROWS)).get("svg", ""))
    return BenchShown(devices, paper, tuple(await counter.till.catalogue.examples(_GOODS_SHOWN)))


async def parts(counter: Counter, language: Language) -> Parts:
    """Return what changes by itself: the devices and the paper."""
    now = await shown(counter)
    return {
        "devices": render("_bench_devices.html", language, bench=now),
        "paper": render("_bench_paper.html", language, bench=now),
    }


def _device(name: str, cable: SimulatedTransport, seen: DeviceSeen | None) -> BenchDevice:
    state, kind = (seen.state, seen.kind) if seen else ("closed", "")
    far = cable.far_end
    if isinstance(far, SimulatedScale):
        return BenchDevice(name, "scales", state, cable.plugged, far.load.grams, far.load.stable)
    if isinstance(far, SimulatedPrinter):
        faults = tuple((fault, words, bool(getattr(far, fault))) for fault, words in PRINTER_FAULTS.items())
        return BenchDevice(
            name, "printers", state, cable.plugged, faults=faults, paper_out=far.paper_out, kicks=far.kicks
        )
    return BenchDevice(name, kind or "scanners", state, cable.plugged)


async def do(counter: Counter, given: Mapping[str, str]) -> str:
    """Play a device as a form says; return what is wrong with that, '' when nothing is."""
    cable = counter.simulated.get(given.get("device", ""))
    if cable is None:
        return f"this till has no simulated device {given.get('device', '')!r}"
    try:
        return await _played(counter, cable, given)
    except DeviceUnavailable as error:
        return str(error)
    except ValueError as error:
        return f"not a figure: {error}"


async def _played(counter: Counter, cable: SimulatedTransport, given: Mapping[str, str]) -> str:
    far, on = cable.far_end, given.get("on") == "yes"
    match given.get("do"):
        case "plug":
            cable.plug() if on else await cable.unplug()
        case "press" if far is None:
            await cable.press(given.get("text", "").encode() + b"\r")
        case "cut" if far is None:
            await cable.press(given.get("text", "")[:5].encode())
            await cable.unplug()
        case "stuck":
            await cable.stuck(stuck=on)
        case "weight" if isinstance(far, SimulatedScale):
            far.put(max(-_CAPACITY_G, min(2 * _CAPACITY_G, int(given["grams"]))), stable=given.get("stable") != "no")
        case "fault" if isinstance(far, SimulatedPrinter) and given.get("fault") in PRINTER_FAULTS:
            await counter.work_printer(given["device"], **{given["fault"]: on})
        case "paper" if isinstance(far, SimulatedPrinter):
            await counter.work_printer(given["device"], rows_left=-1 if on else 0)
        case "tear" if isinstance(far, SimulatedPrinter):
            await counter.work_printer(given["device"], tear_off=True)
        case _:
            return f"this device cannot do {given.get('do', '')!r}"
    return ""
