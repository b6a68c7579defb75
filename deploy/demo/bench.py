"""A store's bench of virtual devices: one JSON line asked, one answered, over a Unix socket."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

_ANSWER_SECONDS = 60.0
_LINE_BYTES = 4 * 1024 * 1024


class BenchAway(ConnectionError):
    """Nobody answers at the bench: the agent is down, starting, or was just killed."""


class Bench:
    """A client of one store's bench. Every question may be asked again: the bench knows baskets by their id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask one question. Raise BenchAway when the answer does not come."""
        async with self._turn:
            try:
                reader, writer = await self._connected()
                writer.write(json.dumps(question).encode() + b"\n")
                await writer.drain()
                line = await asyncio.wait_for(reader.readline(), _ANSWER_SECONDS)
                if not line.endswith(b"\n"):
                    raise BenchAway(f"the bench at {self._path} hung up")
                answer: dict[str, Any] = json.loads(line)
            except (OSError, TimeoutError) as error:
                self.close()
                raise BenchAway(f"the bench at {self._path} does not answer: {error or 'too late'}") from error
            return answer

    def close(self) -> None:
        """Hang up; the next question connects again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def aclose(self) -> None:
        """Hang up for good."""
        if self._streams is not None:
            _, writer = self._streams
            self.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(self._path, limit=_LINE_BYTES)
        return self._streams
