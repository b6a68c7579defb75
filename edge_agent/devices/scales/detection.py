"""Which scale is on a line: told by whole frames with right checks, by asking for a weight and nothing else.

Never "it took what we wrote". A candidate is asked only what asks for a weight; no command that changes the scale is
sent. What came is shown raw, so that a person can judge where we cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from edge_agent.devices.ports import ByteStream, DeviceError, Weight, WeightProblem
from edge_agent.devices.scales.protocols import PROTOCOLS
from shared.clock import MachineClock
from shared.device_profile import DeviceProfile

FRAMES_NEEDED = 3
"""One right frame may be chance where a check is weak; three in a row are not."""
_MAX_RAW_BYTES = 256

OpenLine = Callable[[DeviceProfile], AbstractAsyncContextManager[ByteStream]]
"""Opens the line the way a profile's serial settings say."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What a line said to one candidate. `certain`: it is this protocol. `raw` are the bytes that came, at most 256."""

    model: str
    certain: bool
    raw: bytes
    reason: str = ""


class Recognition:
    """Tells whether bytes are a protocol's: enough readable frames, and more of them than noise."""

    def __init__(self, profile: DeviceProfile) -> None:
        kind = PROTOCOLS[profile.protocol]
        self.protocol = kind.make(kind.options())
        self.raw = bytearray()
        self._good = self._bad = 0

    @property
    def certain(self) -> bool:
        """Whether this is the protocol."""
        return self._good >= FRAMES_NEEDED and self._good > 2 * self._bad

    def feed(self, content: bytes) -> bytes:
        """Take what came and return what to send in answer."""
        self.raw += content[: _MAX_RAW_BYTES - len(self.raw)]
        for reading in self.protocol.feed(content):
            readable = isinstance(reading, Weight) and WeightProblem.UNREADABLE not in reading.problems
            self._good += readable
            self._bad += not readable
        return self.protocol.reply()


async def detect(
    candidates: Sequence[DeviceProfile], open_line: OpenLine, clock: MachineClock
) -> AsyncIterator[Detected]:
    """Try each candidate in turn and yield what it heard; stop listening to one as soon as it is certain."""
    for profile in candidates:
        recognition = Recognition(profile)
        reason = ""
        try:
            async with open_line(profile) as stream:
                await _listen(recognition, stream, profile, clock)
        except DeviceError as error:
            reason = str(error)
        yield Detected(profile.model, recognition.certain, bytes(recognition.raw), reason)


async def _listen(recognition: Recognition, stream: ByteStream, profile: DeviceProfile, clock: MachineClock) -> None:
    weighs = profile.weighs
    until = clock.monotonic() + weighs.answer_ms / 1000 + FRAMES_NEEDED * weighs.request_ms / 1000
    while not recognition.certain and clock.monotonic() < until:
        request = recognition.protocol.request()
        if request is not None:
            await stream.write(request)
        try:
            async with asyncio.timeout(weighs.request_ms / 1000):
                while not recognition.certain:
                    answer = recognition.feed(await stream.read())
                    if answer:
                        await stream.write(answer)
        except TimeoutError:
            continue
