"""The control socket: what a person at this machine may have the running agent do, by `storewire-edge`.

One request, a line of JSON, a connection; lines of JSON come back, the last of them with `done`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from edge_agent import unix_socket

SOCKET_NAME = "agent.sock"
_LINE_BYTES = 256 * 1024


class Refusal(ValueError):
    """The agent does not do it; the text says why and what to do."""


class AgentAway(ConnectionError):
    """No agent runs there."""


Work = Callable[[Mapping[str, Any]], AsyncIterator[Mapping[str, Any]]]
"""Carries out one kind of request: takes its fields, yields what is said meanwhile. Raises Refusal."""


class Control:
    """Answers requests by their `do`."""

    def __init__(self, works: Mapping[str, Work]) -> None:
        self._works = works

    async def serve(self, path: Path) -> None:
        """Listen on a Unix socket that only this user may open, until cancelled."""
        await unix_socket.serve(path, "control", self._talk, line_bytes=_LINE_BYTES)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = _read(await reader.readline())
        try:
            await self._work(self._works.get(str(request.get("do")), _unknown), request, reader, writer)
        except Refusal as refusal:
            _say(writer, {"done": False, "error": str(refusal)})
        else:
            _say(writer, {"done": True})
        await writer.drain()

    async def _work(
        self, work: Work, request: Mapping[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Say what the work yields, until it is done or whoever asked hangs up."""

        async def go() -> None:
            async for said in work(request):
                _say(writer, said)
                await writer.drain()

        going = asyncio.create_task(go(), name="control work")
        heard = asyncio.create_task(reader.readline(), name="control caller")
        try:
            await asyncio.wait({going, heard}, return_when=asyncio.FIRST_COMPLETED)
            if not going.done():
                going.cancel()
            await asyncio.gather(going, return_exceptions=not going.done())
        finally:
            heard.cancel()
            going.cancel()


async def ask(path: Path, **request: Any) -> AsyncGenerator[dict[str, Any], None]:
    """Yield what a running agent says to a request. Raise AgentAway, or Refusal."""
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=_LINE_BYTES)
    except OSError as error:
        raise AgentAway(
            f"no agent runs here that listens at {path} ({error.strerror or error}); start it, and run this as its user"
        ) from error
    try:
        writer.write(msgspec.json.encode(request) + b"\n")
        await writer.drain()
        while line := await reader.readline():
            said: dict[str, Any] = msgspec.json.decode(line)
            if "done" not in said:
                yield said
            elif said["done"]:
                return
            else:
                raise Refusal(str(said.get("error")))
        raise AgentAway("the agent ended in the middle of it; try again")
    finally:
        writer.close()


async def _unknown(_request: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
    raise Refusal("this agent does not know that request; is the command of another version?")
    yield {}


def _read(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"not a request: {error}") from error


def _say(writer: asyncio.StreamWriter, said: Mapping[str, Any]) -> None:
    writer.write(msgspec.json.encode(said) + b"\n")
