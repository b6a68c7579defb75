"""The receipt printer's driver: watches the printer, sends jobs, and says only what the printer proved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.devices.ports import (
    ByteStream,
    DeviceRefused,
    DeviceState,
    DeviceUnavailable,
    PowerState,
    PrinterStatus,
    Reporter,
    Statistic,
)
from edge_agent.devices.printers.drawer import DrawerWatch, pulse, real_time_pulse
from edge_agent.devices.printers.problems import STOPPING, PrinterProblem
from edge_agent.devices.printers.talk import MISSES, PrinterTalk
from shared.clock import MachineClock
from shared.device_profile import Prints

_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds.

    A job may take `job` and the profile's time for each of its rows, not counting the time in which the printer says
    what stops it: for that it has `stopped`.
    """

    answer: float = 0.5
    between_questions: float = 2.0
    job: float = 5.0
    stopped: float = 300.0


class PrintResult(StrEnum):
    """What became of a job. REFUSED: not a byte was sent, it may be tried again; the others are final."""

    PRINTED = "printed"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A job's result, with what stood in the way."""

    result: PrintResult
    reason: PrinterProblem | None = None


async def _nothing() -> None:
    pass


class PrinterDriver:
    """One printer. Jobs come one at a time; kicks of the drawer pass between them."""

    def __init__(
        self, prints: Prints, reporter: Reporter, clock: MachineClock, patience: Patience | None = None
    ) -> None:
        self.prints = prints
        self.drawer = DrawerWatch(clock)
        self._patience = patience or Patience()
        self._talk = PrinterTalk(prints, self.drawer, self._patience.answer)
        self._reporter = reporter
        self._clock = clock
        self._told: tuple[str, ...] | None = None
        self._busy = False
        self._jobs, self._sending = asyncio.Lock(), asyncio.Lock()

    @property
    def status(self) -> PrinterStatus:
        """What the printer last said of itself."""
        return self._talk.status

    @property
    def problems(self) -> tuple[PrinterProblem, ...]:
        """What is wrong now, the first to see to first."""
        return self._talk.problems

    async def ready(self) -> None:
        """Return when nothing is known that would keep the printer from printing."""
        async with self._talk.moved:
            await self._talk.moved.wait_for(lambda: self._talk.stopped_by is None)

    async def serve(self, stream: ByteStream) -> None:
        """Listen and ask until the printer is gone. A job under way then ends as unconfirmed."""
        if self.prints.settle_ms:
            await asyncio.sleep(self.prints.settle_ms / 1000)
        self._talk.begin(stream)
        await self._tell()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch(), name="printer questions")
                while True:
                    await self._talk.hear(await stream.read())
                    await self._tell()
        except ExceptionGroup as group:
            if group.split(DeviceUnavailable)[1] is not None:
                raise
            raise DeviceUnavailable("the printer went away") from group
        finally:
            self._talk.end()
            self._told = None
            await self._talk.notify()

    async def print(self, content: bytes, rows: int, sending: Callable[[], Awaitable[None]] = _nothing) -> Outcome:
        """Print a job of so many rows. `sending` is called, and done, before its first byte leaves."""
        async with self._jobs:
            try:
                refusal = await self._refusal()
            except DeviceUnavailable:
                refusal = PrinterProblem.AWAY
            if refusal is not None:
                return Outcome(PrintResult.REFUSED, refusal)
            await sending()
            self._busy = True
            self._reporter.enter(DeviceState.BUSY)
            try:
                outcome = await self._send(content, rows)
            finally:
                self._busy = False
        self._count(outcome, rows)
        await self._tell()
        return outcome

    async def kick(self, pin: int = 2) -> None:
        """Open the drawer. A printer that is off-line is told in real time: cash waits for no paper.

        Raise DeviceUnavailable when the printer is not there, DeviceRefused when it takes nothing.
        """
        real_time = self.prints.status == "full" and self.status.online is False
        self.drawer.ordered()
        async with self._sending:
            await self._talk.write(real_time_pulse(pin) if real_time else pulse(pin, self.prints))
        self._reporter.count(Statistic.DRAWER_OPENINGS)

    async def learn_drawer(self, pin: int = 2, within_s: float = 2.0) -> bool | None:
        """Kick a drawer that is closed and see which way its switch goes; return whether "high" means open.

        None when nothing moved: it has no switch, or was open. To be done once, at set-up.
        """
        await self._talk.survey()
        before = self.drawer.level
        await self.kick(pin)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.drawer.level is before:
                    await self._talk.survey()
                    await asyncio.sleep(_LOOK_SECONDS)
        level = self.drawer.level
        if before is None or level is None or level is before:
            return None
        self.drawer.learn(open_when_high=level)
        return level

    async def _refusal(self) -> PrinterProblem | None:
        """Return why the printer would not print now. A write-only printer never gives a reason."""
        if not self._talk.is_open:
            return PrinterProblem.AWAY
        if self.prints.status == "none":
            return None
        for _ in range(MISSES):
            if await self._talk.survey():
                if self._talk.stopped_by is None:
                    await self._talk.settle()
                return self._talk.stopped_by
        return PrinterProblem.SILENT

    async def _send(self, content: bytes, rows: int) -> Outcome:
        session = self._talk.session
        try:
            async with self._sending:
                await self._talk.write(content)
                if self.prints.status == "none":
                    return Outcome(PrintResult.UNCONFIRMED, PrinterProblem.WRITE_ONLY)
                if self.prints.confirm == "none":
                    return Outcome(PrintResult.UNCONFIRMED, self._talk.stopped_by or PrinterProblem.NO_PROOF)
                await self._talk.ask_for_proof()
        except DeviceUnavailable:
            return Outcome(PrintResult.UNCONFIRMED, PrinterProblem.CUT_OFF)
        except DeviceRefused:
            return Outcome(PrintResult.UNCONFIRMED, self._talk.stopped_by or PrinterProblem.SILENT)
        return await self._proof(session, self._patience.job + rows * self.prints.line_ms / 1000)

    async def _proof(self, session: int, left: float) -> Outcome:
        """Wait until the printer has come to the end of the job."""
        stopped = self._patience.stopped
        while True:
            stop = self._named_stop()
            before = self._clock.monotonic()
            await self._proven_or_changed(session, stop, stopped if stop else left)
            if self._talk.session != session:
                return Outcome(PrintResult.UNCONFIRMED, PrinterProblem.CUT_OFF)
            if not self._talk.owed:
                return Outcome(PrintResult.PRINTED)
            spent = self._clock.monotonic() - before
            if stop is None:
                left -= spent
            else:
                stopped -= spent
            if stopped <= 0:
                return Outcome(PrintResult.FAILED, stop)
            if left <= 0:
                return Outcome(PrintResult.UNCONFIRMED, self._talk.stopped_by or PrinterProblem.NO_PROOF)

    def _named_stop(self) -> PrinterProblem | None:
        """Return what the printer itself says it is stopped by; silence says nothing."""
        stop = self._talk.stopped_by
        return stop if stop in STOPPING else None

    async def _proven_or_changed(self, session: int, stop: PrinterProblem | None, within_s: float) -> None:
        def something() -> bool:
            return not self._talk.owed or self._talk.session != session or self._named_stop() is not stop

        async with self._talk.moved:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._talk.moved.wait_for(something)

    async def _watch(self) -> None:
        """Ask now and then how the printer is."""
        while self.prints.status == "full":
            await self._talk.survey()
            await self._tell()
            await asyncio.sleep(self._patience.between_questions)

    async def _tell(self) -> None:
        """Say what is new, once."""
        now = tuple(problem.value for problem in self.problems)
        stop = self._talk.stopped_by
        if now != self._told:
            self._told = now
            self._reporter.power(PowerState.OFFLINE if stop else PowerState.ONLINE)
            self._reporter.conditions(now)
            await self._reporter.heard(self.status)
        if not self._busy:
            self._reporter.enter(*((DeviceState.ERROR, stop.value) if stop else (DeviceState.IDLE, "")))

    def _count(self, outcome: Outcome, rows: int) -> None:
        if outcome.result is PrintResult.PRINTED:
            self._reporter.count(Statistic.JOBS_PRINTED)
            self._reporter.count(Statistic.LINES_PRINTED, rows)
            if self.prints.cutter != "none":
                self._reporter.count(Statistic.CUTS)
        else:
            self._reporter.count(Statistic.JOBS_FAILED)
