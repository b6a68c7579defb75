"""Recording a device of the running agent: it goes on selling, what passes is written down beside it, in a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from edge_agent.control import Refusal, Work
from edge_agent.devices.device import Device
from edge_agent.devices.ports import Reading, Scanned, ScanRole
from edge_agent.devices.reading_words import in_words
from edge_agent.devices.recording import Step, lines_of
from edge_agent.devices.redacting import redacted
from edge_agent.devices.supervisor import Supervisor
from shared.clock import MachineClock
from shared.device_profile import DeviceClass

RECORD = "devices.record"
MAX_SECONDS = 3_600.0
MAX_STEPS = 50_000
"""A recording is some scans or weighings, not a day's trade."""
_WAITING = 4_096


class Request(msgspec.Struct, frozen=True):
    """Which device, as till/device, and for how long."""

    device: str
    seconds: float = 60.0


class Tap:
    """Holds what passes at one device until whoever records has taken it. `full`: it was too much, and some is lost."""

    def __init__(self, clock: MachineClock) -> None:
        self.full = False
        self._clock = clock
        self._began = clock.monotonic()
        self._passed: asyncio.Queue[Step | Reading] = asyncio.Queue(_WAITING)

    def took(self, steps: Callable[[int], list[Step]]) -> None:
        """Take what just passed."""
        for step in steps(round((self._clock.monotonic() - self._began) * 1000)):
            self._put(step)

    def read(self, reading: Reading) -> None:
        """Take what the driver made of it."""
        self._put(reading)

    async def next(self, within_s: float) -> Step | Reading | None:
        """Return what passed next; None when nothing does in time."""
        try:
            async with asyncio.timeout(within_s):
                return await self._passed.get()
        except TimeoutError:
            return None

    def _put(self, one: Step | Reading) -> None:
        if self._passed.full():
            self.full = True
        else:
            self._passed.put_nowait(one)


class LiveRecordings:
    """Records devices of a supervisor. `is_personal` says of a scanned text that it names a member or moves money."""

    def __init__(self, supervisor: Supervisor, clock: MachineClock, is_personal: Callable[[str], bool]) -> None:
        self._supervisor = supervisor
        self._clock = clock
        self._is_personal = is_personal

    def works(self) -> dict[str, Work]:
        """Return what the control socket does about recordings."""
        return {RECORD: self._record}

    async def _record(self, request: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the recording's head, then steps and readings as they come."""
        wanted = _read(request)
        device = self._device(wanted.device)
        if device.tap is not None:
            raise Refusal(f"{wanted.device} is being recorded already; wait for its end")
        tap = device.tap = Tap(self._clock)
        try:
            binding = device.binding
            yield {"profile": binding.profile, "transport": device.report().transport, "role": binding.role}
            async for said in self._passing(device, tap, self._clock.monotonic() + wanted.seconds):
                yield said
        finally:
            device.tap = None

    async def _passing(self, device: Device, tap: Tap, ends: float) -> AsyncIterator[Mapping[str, Any]]:
        """Yield what passes. The steps of a scan are held until it is known whether they may be written down."""
        always = _is_personal_device(device)
        held: list[Step] = []
        count = 0
        while count < MAX_STEPS and not tap.full:
            one = await tap.next(ends - self._clock.monotonic())
            if one is None:
                break
            if isinstance(one, Step):
                count += 1
                held.append(one)
                if device.profile is not None and device.profile.device_class in _READ_AS_THEY_COME:
                    yield {"steps": _lines(held)}
                    held = []
                if one.what == "gone":
                    break
                continue
            personal = always or self._names_somebody(one)
            yield {"steps": _lines(redacted(held) if personal else held), "redacted": personal}
            yield {} if personal else {"reading": in_words(one)}
            held = []
        yield {"steps": _lines(redacted(held)), "redacted": bool(held)}
        if tap.full or count >= MAX_STEPS:
            raise Refusal(f"more passed than a recording holds ({MAX_STEPS} steps); what came before is kept")

    def _names_somebody(self, reading: Reading) -> bool:
        if not isinstance(reading, Scanned):
            return False
        return reading.role is not ScanRole.GOODS or self._is_personal(reading.text)

    def _device(self, name: str) -> Device:
        found = {device.device: device for device in self._supervisor.devices}
        if name not in found:
            known = ", ".join(found) or "none"
            raise Refusal(f"this agent has no device {name!r}; there are {known}")
        return found[name]


_READ_AS_THEY_COME = frozenset({DeviceClass.SCALE, DeviceClass.PRINTER, DeviceClass.DISPLAY})
"""Devices whose words name nobody, but for what is printed."""


def _is_personal_device(device: Device) -> bool:
    is_reader = device.profile is not None and device.profile.device_class is DeviceClass.CARD_READER
    return is_reader or device.binding.role not in {"", ScanRole.GOODS.value}


def _read(request: Mapping[str, Any]) -> Request:
    try:
        wanted = msgspec.convert({name: value for name, value in request.items() if name != "do"}, Request)
    except msgspec.ValidationError as error:
        raise Refusal(f"the request cannot be read: {error}") from error
    if not 0 < wanted.seconds <= MAX_SECONDS:
        raise Refusal(f"a recording lasts up to {MAX_SECONDS:.0f} seconds, got {wanted.seconds:g}")
    return wanted


def _lines(steps: list[Step]) -> list[str]:
    return [line for step in steps for line in lines_of(step)]
