"""Recording and replaying a device: a transport that writes down what passes, and one that lets it pass again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from edge_agent.devices.ports import DeviceUnavailable, KeyInput, Locks, Transport
from edge_agent.devices.recording import Recording, Step
from edge_agent.devices.tapping import tapped
from shared.clock import MachineClock

_LONGEST_PAUSE_SECONDS = 0.3
"""A pause of a recording is kept up to this long: enough for a code that a pause ends."""
_SHORTEST_PAUSE_SECONDS = 0.03
_TOLD_SECONDS = 5.0


class RecordingTransport:
    """A transport that passes everything on and writes it down in `taken` with its time."""

    def __init__(self, transport: Transport[Any], taken: Recording, clock: MachineClock) -> None:
        self.name = transport.name
        self._transport = transport
        self._taken = taken
        self._clock = clock
        self._began: float | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Any]:
        """Open the device itself."""
        async with self._transport.opened() as stream:
            if self._began is None:
                self._began = self._clock.monotonic()
            try:
                yield tapped(stream, self._take, keys=self._taken.keys)
            except DeviceUnavailable:
                self._take(lambda at_ms: [Step(at_ms, "gone")])
                raise

    def _take(self, steps: Callable[[int], list[Step]]) -> None:
        self._taken.steps += steps(round((self._clock.monotonic() - (self._began or 0.0)) * 1000))


class ReplayTransport:
    """A device that does once more what a recording holds. What it was told then it waits to be told now."""

    def __init__(self, name: str, content: Recording) -> None:
        self.name = name
        self.ended = asyncio.Event()
        """Set when the recording is over and everything in it was read."""
        self.over = False
        """Whether the last step has passed while the device was still there: nothing heard from now on is of it."""
        self._content = content

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Any]:
        """Open the device as it was when the recording began; a second time there is none."""
        if self.ended.is_set():
            raise DeviceUnavailable("the recording is over")
        stream = _Replay(self._content.steps, self._run_out)
        try:
            yield _ReplayedKeys(stream) if self._content.keys else _ReplayedBytes(stream)
        finally:
            self.ended.set()

    def _run_out(self) -> None:
        self.over = True


class _Replay:
    """Where a replay stands. `run_out` is called when the steps are over and the device did not go."""

    def __init__(self, steps: Sequence[Step], run_out: Callable[[], None]) -> None:
        self._steps = steps
        self._run_out = run_out
        self._at = 0
        self._now_ms = 0
        self._due: float | None = None
        self._told = 0
        self._was_told = asyncio.Event()

    def tell(self) -> None:
        """Note that the driver sent something."""
        self._told += 1
        self._was_told.set()

    async def next(self) -> Step:
        """Return the next step that comes from the device. Cancelling it loses nothing."""
        while self._at < len(self._steps):
            step = self._steps[self._at]
            if step.what == "told":
                await self._until_told()
                self._pass(step)
                continue
            await self._pause(step)
            self._pass(step)
            if step.what != "gone":
                return step
            break
        else:
            self._run_out()
        self._at = len(self._steps)
        raise DeviceUnavailable("the recording is over")

    def _pass(self, step: Step) -> None:
        self._now_ms = step.at_ms
        self._due = None
        self._at += 1

    async def _until_told(self) -> None:
        try:
            async with asyncio.timeout(_TOLD_SECONDS):
                while not self._told:
                    self._was_told.clear()
                    await self._was_told.wait()
        except TimeoutError:
            raise DeviceUnavailable("the recording goes on when the device is asked, and nobody asks") from None
        self._told -= 1

    async def _pause(self, step: Step) -> None:
        """Let the step's time come. A wait that is cancelled and asked for again ends when the first one would have."""
        pause = (step.at_ms - self._now_ms) / 1000
        if pause < _SHORTEST_PAUSE_SECONDS:
            return
        loop = asyncio.get_running_loop()
        if self._due is None:
            self._due = loop.time() + min(pause, _LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(max(0.0, self._due - loop.time()))


class _ReplayedBytes:
    def __init__(self, replay: _Replay) -> None:
        self._replay = replay

    async def read(self) -> bytes:
        return (await self._replay.next()).content

    async def write(self, content: bytes) -> None:
        del content  # what counts is that it was asked; the answer is in the recording
        self._replay.tell()


class _ReplayedKeys:
    locks = Locks()

    def __init__(self, replay: _Replay) -> None:
        self._replay = replay

    async def read(self) -> Sequence[KeyInput]:
        step = await self._replay.next()
        return [step.key] if step.key is not None else []
