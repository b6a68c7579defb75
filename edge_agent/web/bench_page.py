"""The bench: the simulated devices of a till as things one can touch, so that a person can sell without hardware."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.devices.displays.simulated import SimulatedLineDisplay
from edge_agent.devices.ports import DeviceUnavailable
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.devices.scales.simulated import SimulatedScale
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.till.results import Example
from edge_agent.till.simulated_gateway import Booking, Mood, SimulatedGateway
from edge_agent.web import figures
from edge_agent.web.rendering import render
from edge_agent.web.screen.words import TENDERS
from edge_agent.web.shop import Counter, DeviceSeen
from edge_agent.web.stream import Parts
from shared.web.words import Language, marked
from shared.wire.desired import StoreSettings
from shared.wire.events import TenderKind

PRINTER_FAULTS: Mapping[str, str] = {
    "cover_open": marked("Cover open"),
    "near_end": marked("Paper near its end"),
    "cutter_jammed": marked("Cutter jammed"),
    "overheated": marked("Too hot"),
    "broken": marked("Broken"),
    "silent": marked("Answers nothing"),
    "drawer_open": marked("Drawer open"),
}
MOODS: Mapping[str, str] = {
    Mood.PAY: marked("Pays"),
    Mood.REFUSE: marked("Refuses"),
    Mood.LOSE_REPLY: marked("Takes the money, the answer is lost"),
    Mood.NEVER_ARRIVES: marked("The question is lost"),
    Mood.DOUBLE: marked("Takes it again whenever it is asked"),
}
PAYMENTS = "payments"
"""What stands for the device where the payment service is meant."""
_CODES = {TenderKind.WECHAT: ("134", 18), TenderKind.ALIPAY: ("288", 18)}
"""How a customer's payment codes begin, and how long they are: see `shared/codes/`."""
_BOOKINGS_SHOWN = 8
_CAPACITY_G = 15_000
_GOODS_SHOWN = 12
_PAPER_ROWS = 120
_ORDER = {"scanners": 0, "card_readers": 1, "scales": 2, "displays": 3, "printers": 4}


@dataclass(frozen=True, slots=True)
class BenchDevice:
    """A simulated device on the bench. `faults` are a printer's, each with whether it is on; `rows` a display's."""

    name: str
    kind: str
    state: str
    plugged: bool
    grams: int = 0
    stable: bool = True
    faults: tuple[tuple[str, str, bool], ...] = ()
    paper_out: bool = False
    kicks: int = 0
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BenchPayments:
    """The simulated payment service on the bench: its mood, whether it answers at once, its last bookings."""

    mood: str
    slow: bool
    bookings: tuple[Booking, ...]


@dataclass(frozen=True, slots=True)
class BenchShown:
    """Everything on the bench."""

    devices: tuple[BenchDevice, ...]
    paper: str
    goods: tuple[Example, ...] = ()
    payments: BenchPayments | None = None


async def shown(counter: Counter) -> BenchShown:
    """Return the bench as it is now."""
    seen = {one.name: one for one in counter.seen}
    found = (_device(name, cable, seen.get(name)) for name, cable in counter.simulated.items())
    devices = tuple(sorted(found, key=lambda one: (_ORDER.get(one.kind, len(_ORDER)), one.name)))
    paper = ""
    for device in devices:
        if device.kind == "printers":
            paper = str((await counter.work_printer(device.name, svg=True, last=_PAPER_ROWS)).get("svg", ""))
    goods = tuple(await counter.till.catalogue.examples(_GOODS_SHOWN))
    return BenchShown(devices, paper, goods, _payments(counter.payments))


def _payments(service: SimulatedGateway | None) -> BenchPayments | None:
    if service is None:
        return None
    newest = tuple(reversed(service.bookings[-_BOOKINGS_SHOWN:]))
    return BenchPayments(service.mood.value, not service.answering.is_set(), newest)


async def parts(counter: Counter, settings: StoreSettings, language: Language) -> Parts:
    """Return what changes by itself: the devices with the payment service, and the paper."""
    now = await shown(counter)

    def money(minor: int) -> str:
        return figures.money(minor, settings.exponent)

    return {
        "devices": render("_bench_devices.html", language, bench=now)
        + render("_bench_payments.html", language, bench=now, moods=MOODS, money=money, tenders=TENDERS),
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
    if isinstance(far, SimulatedLineDisplay):
        return BenchDevice(name, "displays", state, cable.plugged, rows=far.rows)
    return BenchDevice(name, kind or "scanners", state, cable.plugged)


async def do(counter: Counter, given: Mapping[str, str]) -> str:
    """Play a device or the payment service as a form says; return what is wrong with that, '' when nothing is."""
    if given.get("device") == PAYMENTS:
        return await _play_payments(counter, given)
    cable = counter.simulated.get(given.get("device", ""))
    if cable is None:
        return f"this till has no simulated device {given.get('device', '')!r}"
    try:
        return await _played(counter, cable, given)
    except DeviceUnavailable as error:
        return str(error)
    except ValueError as error:
        return f"not a figure: {error}"


async def _play_payments(counter: Counter, given: Mapping[str, str]) -> str:
    service = counter.payments
    if service is None:
        return "this agent has no simulated payment service; set payments to 'simulated'"
    match given.get("do"):
        case "mood" if given.get("mood") in MOODS:
            service.mood = Mood(given["mood"])
        case "slow":
            service.answering.clear() if given.get("on") == "yes" else service.answering.set()
        case "code" if given.get("method") in _CODES:
            return await _show_code(counter, *_CODES[TenderKind(given["method"])])
        case _:
            return f"the payment service cannot do {given.get('do', '')!r}"
    return ""


async def _show_code(counter: Counter, first: str, digits: int) -> str:
    """Hold a customer's payment code, a new one each time, before the till's scanner."""
    scanner = next((one for one in counter.simulated.values() if one.far_end is None), None)
    if scanner is None:
        return "this till has no simulated scanner to show the code to"
    try:
        rest = "".join(secrets.choice("0123456789") for _ in range(digits - len(first)))
        await scanner.press(f"{first}{rest}\r".encode())
    except DeviceUnavailable as error:
        return str(error)
    return ""


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
