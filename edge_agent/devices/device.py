"""One device of one till: it is opened, served, and when it is gone opened again, for as long as it is bound."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from edge_agent.devices.binding import Reach, profile_of, role_of, transport_kind
from edge_agent.devices.drivers import fit
from edge_agent.devices.fitting import Fitting
from edge_agent.devices.hotplug import HotPlug
from edge_agent.devices.ports import (
    DeviceError,
    DeviceMisconfigured,
    DeviceState,
    DeviceUnavailable,
    Driver,
    ErrorName,
    PowerState,
    Reading,
    ScanCut,
    Scanned,
    Statistic,
    Transport,
    Weight,
)
from edge_agent.devices.recording import Step
from edge_agent.devices.tapping import tapped
from shared.clock import MachineClock
from shared.device_profile import DeviceProfile, TransportKind
from shared.wire.desired import DeviceBinding
from shared.wire.messages import DeviceReport

Hear = Callable[[Reading], Awaitable[None]]
Noticed = Callable[["Device", "Reading | None"], None]
"""Told of every reading, and of every change of standing (None)."""

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0
_ANNOUNCED_PAUSE_SECONDS = 5.0
_HANDOVER_SECONDS = 2.0
"""How long udev may take to give a device that was just plugged in to our user, before it counts as a fault."""
"""How long to wait where the kernel announces: it wakes us, and this is only for what it does not tell."""
_ANNOUNCED = {TransportKind.EVDEV, TransportKind.SERIAL, TransportKind.USB, TransportKind.CHARACTER}
_MS_PER_HOUR = 3_600_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a device is. `reason` says in English, for IT people, why it is not well."""

    state: DeviceState = DeviceState.CLOSED
    power: PowerState = PowerState.UNKNOWN
    reason: str = ""
    code: str = ""
    conditions: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether it works: idle or busy."""
        return self.state in {DeviceState.IDLE, DeviceState.BUSY}

    def differs(self, other: Standing) -> bool:
        """Return whether HQ should hear of the change: not of a printer that is busy for a second at every sale."""
        ours = (self.well or self.state, self.power, self.reason, self.conditions)
        return ours != (other.well or other.state, other.power, other.reason, other.conditions)


@dataclass(slots=True)
class Tally:
    """What happened to a device, carried on over restarts of the agent."""

    counts: Counter[Statistic] = field(default_factory=Counter)
    online_ms: int = 0

    def figures(self) -> dict[str, int]:
        """Return the statistics by name; what never happened is left out, hours are whole ones."""
        found = {name.value: count for name, count in self.counts.items() if count and name is not Statistic.HOURS}
        hours = self.online_ms // _MS_PER_HOUR
        return {Statistic.HOURS.value: hours, **found} if hours else found


class Tap(Protocol):
    """Looks on at a device: is told what passes and what is read of it."""

    def took(self, steps: Callable[[int], list[Step]]) -> None:
        """Take what just passed; `steps` makes it of the milliseconds since the looking on began."""
        ...

    def read(self, reading: Reading) -> None:
        """Take what the driver made of it."""
        ...


class Device:
    """Owns one device. Says once that it went and once that it is back, however often it was tried between.

    It is the `Reporter` of its driver.
    """

    def __init__(
        self,
        name: str,
        binding: DeviceBinding,
        *,
        hear: Hear,
        noticed: Noticed,
        hotplug: HotPlug,
        clock: MachineClock,
        reach: Reach,
    ) -> None:
        self.device = name
        self.binding = binding
        self.standing = Standing()
        self.tally = Tally()
        self.profile: DeviceProfile | None = None
        self.transport: Transport[Any] | None = None
        self.driver: Driver[Any] | None = None
        self.tap: Tap | None = None
        """Whoever looks on at what passes, just now."""
        self._kind = TransportKind.SIMULATED
        self._hear = hear
        self._noticed = noticed
        self._hotplug = hotplug
        self._clock = clock
        self._opened_at: float | None = None
        self._forbidden_at: float | None = None
        self._said: tuple[DeviceState, str] | None = None
        self._since_ms: int | None = None
        self._heard_ms: int | None = None
        try:
            self._fit(reach)
        except DeviceMisconfigured as error:
            self._stand(DeviceState.ERROR, PowerState.UNKNOWN, error)

    @property
    def state(self) -> DeviceState:
        """What the device does now."""
        return self.standing.state

    async def run(self) -> None:
        """Keep the device going until cancelled."""
        if self.transport is None or self.driver is None:
            await asyncio.Event().wait()  # only another binding helps, and that is another Device
            return
        pause = _FIRST_PAUSE_SECONDS
        while True:
            announced, began = self._hotplug.count, self._clock.monotonic()
            await self._serve(self.transport, self.driver)
            if self._clock.monotonic() - began > _LONGEST_PAUSE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            if await self._hotplug.beyond(announced, pause):
                pause = _FIRST_PAUSE_SECONDS  # the kernel's word comes before udev's link: try at once, then again
            else:
                pause = min(2 * pause, self._longest_pause())

    async def heard(self, reading: Reading) -> None:
        """Hand on a reading, counted."""
        if isinstance(reading, Scanned):
            self.count(Statistic.GOOD_READS)
        elif isinstance(reading, ScanCut):
            self.count(Statistic.CUT_READS)
        elif isinstance(reading, Weight):
            reading = replace(reading, scale=self.binding.device)
        self._heard_ms = self._clock.wall_ms()
        if self.tap is not None:
            self.tap.read(reading)
        self._noticed(self, reading)
        await self._hear(reading)

    def enter(self, state: DeviceState, reason: str = "") -> None:
        """Take the driver's word for what the device does."""
        if state is DeviceState.ERROR and self.state is not state:
            self.count(Statistic.ERRORS)
        self._set(Standing(state, self.standing.power, reason, "", self.standing.conditions))

    def power(self, power: PowerState) -> None:
        """Take the driver's word for its power."""
        now = self.standing
        self._set(Standing(now.state, power, now.reason, now.code, now.conditions))

    def conditions(self, names: Sequence[str]) -> None:
        """Take the driver's word for everything remarkable."""
        now = self.standing
        self._set(Standing(now.state, now.power, now.reason, now.code, tuple(sorted(set(names)))))

    def count(self, what: Statistic, by: int = 1) -> None:
        """Count what happened."""
        self.tally.counts[what] += by

    def statistics(self) -> Mapping[str, int]:
        """Return the device's statistics, up to this moment."""
        self._count_hours()
        return self.tally.figures()

    def report(self) -> DeviceReport:
        """Return how the device stands, for HQ."""
        standing = self.standing
        return DeviceReport(
            device=self.device,
            profile=self.binding.profile,
            state=standing.state.value,
            power=standing.power.value,
            reason=standing.reason,
            code=standing.code,
            conditions=list(standing.conditions),
            statistics=dict(self.statistics()),
            transport=self._kind.value,
            address=self.binding.address,
            since_ms=self._since_ms,
            heard_ms=self._heard_ms,
        )

    def _fit(self, reach: Reach) -> None:
        self.profile = profile_of(self.binding)
        self._kind = transport_kind(self.binding, self.profile)
        self.transport = reach.transport(self.device, self.binding, self.profile)
        self.driver = fit(Fitting(self.device, self.profile, self._kind, role_of(self.binding), self, self._clock))

    async def _serve(self, transport: Transport[Any], driver: Driver[Any]) -> None:
        """Open the device and serve it until it is gone."""
        was_open = False
        try:
            async with transport.opened() as stream:
                was_open, self._forbidden_at = True, None
                self._opened_at = self._clock.monotonic()
                self._stand(DeviceState.IDLE, PowerState.ONLINE)
                await driver.serve(tapped(stream, self._took, keys=self._kind is TransportKind.EVDEV))
        except DeviceUnavailable as error:
            self._forbidden_at = None
            self.count(Statistic.UNPLUGS, was_open)
            if was_open:
                self._took(lambda at_ms: [Step(at_ms, "gone")])
            self._stand(DeviceState.CLOSED, PowerState.OFF, error)
        except DeviceError as error:
            if was_open or not self._is_being_handed_over(error):
                self._stand(DeviceState.ERROR, PowerState.OFFLINE if was_open else PowerState.UNKNOWN, error)
        finally:
            self._count_hours()
            self._opened_at = None

    def _is_being_handed_over(self, error: DeviceError) -> bool:
        """Tell whether a refusal may be udev's being slower than we: the kernel makes a node root's own at first."""
        if error.code != ErrorName.NO_SERVICE or self.state is not DeviceState.CLOSED:
            return False
        now = self._clock.monotonic()
        if self._forbidden_at is None:
            self._forbidden_at = now
        return now - self._forbidden_at < _HANDOVER_SECONDS

    def _took(self, steps: Callable[[int], list[Step]]) -> None:
        if self.tap is not None:
            self.tap.took(steps)

    def _longest_pause(self) -> float:
        announced = self._hotplug.listening and self._kind in _ANNOUNCED
        return _ANNOUNCED_PAUSE_SECONDS if announced else _LONGEST_PAUSE_SECONDS

    def _count_hours(self) -> None:
        if self._opened_at is not None:
            now = self._clock.monotonic()
            self.tally.online_ms += int((now - self._opened_at) * 1000)
            self._opened_at = now

    def _stand(self, state: DeviceState, power: PowerState, error: DeviceError | None = None) -> None:
        if state is DeviceState.ERROR and self.state is not state:
            self.count(Statistic.ERRORS)
        self._set(Standing(state, power, str(error) if error else "", error.code if error else ""))

    def _set(self, standing: Standing) -> None:
        if standing == self.standing and self._said is not None:
            return
        if self._since_ms is None or standing.differs(self.standing):
            self._since_ms = self._clock.wall_ms()
        self.standing = standing
        self._say(standing)
        self._noticed(self, None)

    def _say(self, standing: Standing) -> None:
        """Log once that the device went or failed and once that it is well; not that it is busy, nor twice the same."""
        said = (DeviceState.IDLE if standing.well else standing.state, standing.reason)
        if said == self._said:
            return
        self._said = said
        if standing.well:
            _log.info("device_ready", device=self.device)
        else:
            _log.warning("device_away", device=self.device, state=standing.state.value, reason=standing.reason)
