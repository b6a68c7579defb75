"""The driver of scales: asks, listens, tells every change at once, and gives a weight to sell by once it settled."""

from __future__ import annotations

import asyncio

from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import (
    ByteStream,
    DeviceMisconfigured,
    DeviceRefused,
    DeviceUnavailable,
    PowerState,
    Reading,
    Weight,
    WeightProblem,
)
from edge_agent.devices.scales.doubt import ZeroDoubt
from edge_agent.devices.scales.health import ScaleHealth
from edge_agent.devices.scales.protocol import ScaleProtocol
from edge_agent.devices.scales.protocols import PROTOCOLS
from edge_agent.devices.scales.weighing import Weighing, WeighingSeal, in_jin, in_kg, weighing_seal

__all__ = ["ScaleDriver", "WeighingSeal", "fit", "in_jin", "in_kg", "weighing_seal"]

_SILENCE = Weight(None, stable=False, problems=(WeightProblem.SILENT,))
_FOR_THE_CASHIER = {
    WeightProblem.MOVING: "the weight has not settled",
    WeightProblem.NEGATIVE: "the scale is below zero",
    WeightProblem.OVERLOAD: "there is too much on the scale",
    WeightProblem.NOT_ZEROED: "the scale is not at zero",
    WeightProblem.OUT_OF_RANGE: "there is too much on the scale, or it is not at zero",
    WeightProblem.SAME_WEIGHT: "this weight was sold already",
    WeightProblem.EMPTY: "there is nothing on the scale",
    WeightProblem.WARMING_UP: "the scale is not ready yet",
    WeightProblem.UNREADABLE: "the scale's answer cannot be read",
    WeightProblem.SILENT: "the scale does not answer",
    WeightProblem.FAULT: "the scale says that it is broken",
}


def fit(fitting: Fitting) -> ScaleDriver:
    """Return the driver for a scale. Raise DeviceMisconfigured."""
    kind = PROTOCOLS.get(fitting.profile.protocol)
    if kind is None:
        known = ", ".join(PROTOCOLS)
        raise DeviceMisconfigured(f"{fitting.profile.model}: no scale protocol; there are {known}")
    options = fitting.options(kind.options)
    return ScaleDriver(fitting, kind.make(options), ZeroDoubt() if options.overload_reads_zero else None)


class ScaleDriver:
    """One scale: its live weight for display, and its settled weight for sale, which are not the same thing."""

    def __init__(self, fitting: Fitting, protocol: ScaleProtocol, doubt: ZeroDoubt | None = None) -> None:
        weighs = fitting.profile.weighs
        self._reporter = fitting.reporter
        self._clock = fitting.clock
        self._role = fitting.role
        self._protocol = protocol
        self._doubt = doubt
        self._can_zero, self._can_tare = weighs.zero, weighs.tare
        self._request_seconds = weighs.request_ms / 1000
        self._answer_seconds = weighs.answer_ms / 1000
        self.step_g = weighs.step_g
        self._weighing = Weighing(weighs.step_g)
        self._health = ScaleHealth(weighs.step_g)
        self._stream: ByteStream | None = None
        self._heard_at = 0.0
        self._said: tuple[str, ...] = ()
        self._changed = asyncio.Condition()

    @property
    def live(self) -> Weight | None:
        """The newest weight, for display only; None before the first."""
        return self._weighing.shown()

    @property
    def takes_zero(self) -> bool:
        """Whether it may be set to zero from the till."""
        return self._can_zero and self._protocol.zero_command() is not None

    @property
    def takes_tare(self) -> bool:
        """Whether it may be told from the till to take what lies there as tare."""
        return self._can_tare and self._protocol.tare_command() is not None

    async def settled(self, within_s: float) -> Weight:
        """Return a weight that may be sold by, waiting for it so long at most.

        It is one that the scale said, or said to stand, after this was asked. Whether the same goods were sold by it
        before is the till's to know, which alone knows of lines. Raise DeviceRefused with a
        `WeightProblem` as its code when there is none in time, DeviceUnavailable without a scale.
        """
        asked_at = self._clock.monotonic()
        try:
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: self._decided(asked_at))
        except TimeoutError:
            pass
        if self._stream is None:
            raise DeviceUnavailable("the scale is not connected")
        problem = self._weighing.problem() if self._heard_at >= asked_at else WeightProblem.SILENT
        weight = self._weighing.live
        if problem is not None or weight is None:
            problem = problem or WeightProblem.SILENT
            raise DeviceRefused(_FOR_THE_CASHIER[problem], code=problem.value)
        return weight

    async def zero(self) -> None:
        """Set the scale to zero. Raise DeviceRefused where it takes no such command, DeviceUnavailable without it."""
        await self._command(self._protocol.zero_command() if self._can_zero else None, "zero")

    async def tare(self) -> None:
        """Take what is on the scale as tare. Raise as `zero` does."""
        await self._command(self._protocol.tare_command() if self._can_tare else None, "tare")

    async def serve(self, stream: ByteStream) -> None:
        """Ask and listen until the scale is gone."""
        self._heard_at = self._clock.monotonic()
        self._health.opened(self._heard_at)
        self._stream = stream
        try:
            while True:
                request = self._protocol.request()
                if request is not None:
                    await stream.write(request)
                await self._listen(stream, self._clock.monotonic() + self._request_seconds)
        finally:
            self._protocol.lost()
            async with self._changed:
                self._stream = None
                self._weighing.lose()
                self._changed.notify_all()
            await self._reporter.heard(_SILENCE)  # a weight of before must not be sold by

    async def _listen(self, stream: ByteStream, until: float) -> None:
        """Take what comes until it is time to ask again."""
        while (left := until - self._clock.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    content = await stream.read()
            except TimeoutError:
                break
            frames = self._protocol.frames
            readings = self._protocol.feed(content)
            if reply := self._protocol.reply():
                await stream.write(reply)
            for reading in readings:
                await self._take(reading)
            if self._protocol.frames != frames:
                await self._note_answer()
        if self._clock.monotonic() - self._heard_at >= self._answer_seconds:
            await self._take(_SILENCE)

    async def _note_answer(self) -> None:
        """Take note that the scale answered, though it may have said no more than "as before"; noise is no answer."""
        async with self._changed:
            self._heard_at = self._clock.monotonic()
            self._changed.notify_all()

    async def _take(self, reading: Reading) -> None:
        """Take a reading. A weight is handed on when it differs from the one before: a display wants news only."""
        if not isinstance(reading, Weight):
            await self._reporter.heard(reading)
            return
        weight = reading if self._doubt is None else self._doubt.judge(reading)
        at = self._clock.monotonic()
        self._health.take(weight, at)
        self._say(at)
        before = self._weighing.shown()
        async with self._changed:
            self._weighing.take(weight)
            self._changed.notify_all()
        self._reporter.power(PowerState.OFFLINE if weight is _SILENCE else PowerState.ONLINE)
        shown = self._weighing.shown()
        if shown is not None and shown != before:
            await self._reporter.heard(shown)

    def _decided(self, asked_at: float) -> bool:
        """Say whether waiting longer can change nothing: a weight to sell by, or no scale."""
        return self._stream is None or (self._heard_at >= asked_at and self._weighing.problem() is None)

    def _say(self, at: float) -> None:
        conditions = tuple(self._health.conditions(at))
        if conditions != self._said:
            self._said = conditions
            self._reporter.conditions(conditions)

    async def _command(self, command: bytes | None, name: str) -> None:
        if command is None:
            raise DeviceRefused(f"this scale takes no {name} from outside: use its key", code="illegal")
        if self._stream is None:
            raise DeviceUnavailable("the scale is not connected")
        await self._stream.write(command)
