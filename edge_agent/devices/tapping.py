"""Looking on at what passes between a device and its driver, without opening the device a second time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edge_agent.devices import recording
from edge_agent.devices.ports import ByteStream, KeyInput, KeyStream
from edge_agent.devices.recording import Step

Take = Callable[[Callable[[int], list[Step]]], None]
"""Is given what makes the steps of something that just happened, from the time at which it did."""


class TappedBytes:
    """A stream of bytes that tells `take` what was read and written."""

    def __init__(self, stream: ByteStream, take: Take) -> None:
        self._stream = stream
        self._take = take

    async def read(self) -> bytes:
        """Return what the device said."""
        piece = await self._stream.read()
        self._take(lambda at_ms: [recording.said(at_ms, piece)])
        return piece

    async def write(self, content: bytes) -> None:
        """Tell the device something."""
        self._take(lambda at_ms: [recording.told(at_ms, content)])
        await self._stream.write(content)


class TappedKeys:
    """A stream of keys that tells `take` what was typed."""

    def __init__(self, stream: KeyStream, take: Take) -> None:
        self.locks = stream.locks
        self._stream = stream
        self._take = take

    async def read(self) -> Sequence[KeyInput]:
        """Return what the device typed."""
        keys = await self._stream.read()
        self._take(lambda at_ms: recording.typed(at_ms, keys))
        return keys


def tapped(stream: Any, take: Take, *, keys: bool) -> Any:
    """Return a stream that does the same and is looked on at."""
    return TappedKeys(stream, take) if keys else TappedBytes(stream, take)
