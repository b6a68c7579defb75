"""The bench: the simulated devices' front panel and a cashier's keys, on a Unix socket of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from edge_agent import unix_socket
from edge_agent.bench_printer import work_printer
from edge_agent.bench_words import (
    AnyCommand,
    AskStatus,
    FindBasket,
    GiveCoupon,
    GiveTender,
    PrinterPanel,
    RingBasket,
    ScannerFault,
    SetClock,
    Step,
    SwipeCard,
    VoidBasket,
    decode_command,
)
from edge_agent.clock import DrivenBusinessClock
from edge_agent.devices.ports import DeviceUnavailable
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.station import Station
from edge_agent.till.results import (
    Begun,
    Found,
    LineAdded,
    LineChanged,
    MemberAttached,
    Paid,
    PartlyPaid,
    Refused,
    SignedIn,
    Voided,
)
from edge_agent.till.selling.results import CouponTaken
from edge_agent.till.till import Till
from shared.clock import BusinessClock

Reply = dict[str, Any]
Answer = LineAdded | LineChanged | CouponTaken | MemberAttached | SignedIn | PartlyPaid | Paid | Refused

_MAX_LINE_BYTES = 4 * 1024 * 1024
_SCAN_SECONDS = 30.0


class _StepFailed(Exception):
    """A step that never came to the till."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class BenchTill:
    """A till as the bench works it: its station with its simulated devices. One basket at a time."""

    station: Station
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


class Bench:
    """Answers commands. Tills work side by side; commands for one till wait for each other."""

    def __init__(
        self,
        tills: Mapping[str, BenchTill],
        clock: BusinessClock,
        clock_set: Callable[[], None],
        status: Callable[[], Awaitable[Reply]],
    ) -> None:
        self._tills = tills
        self._clock = clock
        self._clock_set = clock_set
        self._status = status

    async def serve(self, path: Path) -> None:
        """Listen on a Unix socket that only this user may open, until cancelled."""
        await unix_socket.serve(path, "bench", self._talk, line_bytes=_MAX_LINE_BYTES)

    async def answer(self, line: bytes) -> Reply:
        """Do what a line says; whatever is wrong with it is an answer too."""
        try:
            command = decode_command(line)
        except (msgspec.DecodeError, ValueError) as error:
            return _failed("bench_command", str(error))
        till = getattr(command, "till", None)
        if till is None:
            return await self._do(command)
        known = self._tills.get(till)
        if known is None:
            return _failed("till_unknown", f"this store has no till {till!r}")
        async with known.busy:
            return await self._do_at(known, command)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(msgspec.json.encode(await self.answer(line)) + b"\n")
            await writer.drain()

    async def _do(self, command: AnyCommand) -> Reply:
        if isinstance(command, SetClock):
            return self._set_clock(command.ms, force=command.force)
        return {"ok": True, **await self._status()}

    async def _do_at(self, till: BenchTill, command: AnyCommand) -> Reply:
        match command:
            case RingBasket():
                return await self._ring(till, command)
            case FindBasket():
                return _found(await till.station.till.find(command.id))
            case VoidBasket():
                return _plain(await till.station.till.void_basket())
            case SwipeCard():
                return await self._swipe(till, command)
            case ScannerFault() | PrinterPanel():
                return await _work_device(till.station.simulated(command.device), command)
            case SetClock() | AskStatus():
                return await self._do(command)

    def _set_clock(self, now_ms: int, *, force: bool = False) -> Reply:
        if not isinstance(self._clock, DrivenBusinessClock):
            return _failed("clock_not_driven", "business time is the machine's; set business_clock to 'driven'")
        self._clock.set(now_ms, force=force)
        self._clock_set()
        return {"ok": True, "ms": self._clock.now_ms()}

    async def _swipe(self, till: BenchTill, command: SwipeCard) -> Reply:
        if command.at_ms is not None and not (moved := self._set_clock(command.at_ms))["ok"]:
            return moved
        till.station.till.cashier = command.cashier
        return _plain(await till.station.till.swipe(command.card))

    async def _ring(self, till: BenchTill, command: RingBasket) -> Reply:
        if command.at_ms is not None and not (moved := self._set_clock(command.at_ms))["ok"]:
            return moved
        till.station.till.cashier = command.cashier
        begun = await till.station.till.begin(command.id)
        if isinstance(begun, Paid):
            return _paid(begun)
        if isinstance(begun, Refused):
            return _refused(begun)
        return await _go_on(till, command, begun)


async def _go_on(till: BenchTill, command: RingBasket, begun: Begun) -> Reply:
    """Do the steps that are not stored yet; each step stores one change, so their count says where to go on."""
    for number, step in enumerate(command.steps):
        if number < begun.steps:
            continue
        try:
            answer = await _take(till, command, step)
        except _StepFailed as failure:
            return {**_failed(failure.code, str(failure)), "step": number}
        if isinstance(answer, Refused):
            return {**_refused(answer), "step": number}
        if isinstance(answer, Paid):
            return _paid(answer)
    return {"ok": True, "state": "open", "sale": str(command.id), "steps": len(command.steps)}


async def _take(till: BenchTill, command: RingBasket, step: Step) -> Answer:
    use = till.station.till
    match step:
        case Step(scan=str(text)):
            return await _scan(till, text)
        case Step(card=str(number)):
            return await use.attach_card(number)
        case Step(coupon=GiveCoupon(code, supplier_minor, chain_minor)):
            return await use.coupon(code, supplier_minor, chain_minor)
        case Step(code=str(text)):
            return await use.take_coupon_code(text)
        case Step(tender=GiveTender(method, minor)):
            return await use.tender(method, minor, basket=command.id)
    return await _measure(use, step)


async def _measure(use: Till, step: Step) -> Answer:
    if step.quantity is not None:
        return await use.set_quantity(step.quantity)
    if step.weight_g is not None:
        return await use.weigh(step.weight_g)
    return await use.pour(step.volume_ml or 0)


async def _scan(till: BenchTill, text: str) -> Answer:
    """Let the simulated scanner read a code and wait for what the till makes of it."""
    scanner = till.station.simulated()
    if scanner is None:
        raise _StepFailed("scanner_real", "this till's scanner is a real one: only a person can scan there")
    with till.station.watched() as heard:
        try:
            await scanner.press(text.encode() + b"\r")
            async with asyncio.timeout(_SCAN_SECONDS):
                answer = await heard.get()
        except DeviceUnavailable as error:
            raise _StepFailed("scanner_away", str(error)) from error
        except TimeoutError:
            words = f"nothing came of the scan within {_SCAN_SECONDS:.0f} s"
            raise _StepFailed("scanner_silent", words) from None
    if answer is None:
        raise _StepFailed("scan_cut", "the code broke off")
    return answer


async def _work_device(cable: SimulatedTransport | None, command: ScannerFault | PrinterPanel) -> Reply:
    if isinstance(command, ScannerFault):
        return await _order_fault(cable, command)
    shown = await work_printer(cable, command)
    return shown or _failed("device_unknown", f"this till has no simulated printer {command.device!r}")


async def _order_fault(device: SimulatedTransport | None, fault: ScannerFault) -> Reply:
    if device is None:
        return _failed("device_unknown", f"this till has no simulated device {fault.device!r}")
    if fault.plugged is False:
        await device.unplug()
    if fault.plugged is True:
        device.plug()
    if fault.split_every is not None:
        device.split(fault.split_every or None)
    if fault.noise is not None:
        device.noise(fault.noise.encode())
    if fault.garbage is not None:
        device.garbage(fault.garbage.encode())
    if fault.slow_ms is not None:
        device.slow(fault.slow_ms)
    if fault.stuck is not None:
        await device.stuck(stuck=fault.stuck)
    if fault.press is not None and device.plugged:
        await device.press(fault.press.encode())
    return {"ok": True, "plugged": device.plugged}


def _failed(code: str, message: str) -> Reply:
    return {"ok": False, "code": code, "message": message}


def _refused(answer: Refused) -> Reply:
    detail = f" ({answer.detail})" if answer.detail else ""
    return _failed(answer.code, f"{answer.words.en}{detail} {answer.words.next_en}")


def _paid(answer: Paid) -> Reply:
    return {
        "ok": True,
        "sale": str(answer.sale),
        "receipt": answer.receipt,
        "total_minor": answer.total_minor,
        "change_minor": answer.change_minor,
        "lines": answer.lines,
    }


def _found(found: Found) -> Reply:
    return {
        "ok": True,
        "state": found.state,
        "steps": found.steps,
        "receipt": found.receipt or None,
        "total_minor": found.total_minor,
    }


def _plain(answer: Voided | MemberAttached | Refused) -> Reply:
    match answer:
        case Refused():
            return _refused(answer)
        case Voided(basket):
            return {"ok": True, "basket": str(basket)}
        case MemberAttached():
            return {"ok": True, "known": answer.known, "tier": answer.tier}
