"""What `storewire-edge terminals` asks of the running agent, and what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

import msgspec

from edge_agent.control import Refusal, Work
from edge_agent.terminals.desk import TerminalDesk, TerminalsClosed
from edge_agent.terminals.register import Why

T = TypeVar("T")
PAIR = "terminals.pair"
LIST = "terminals.list"
UNPAIR = "terminals.unpair"


class Pair(msgspec.Struct, frozen=True):
    """A code for a till. `name` is what people call the terminal, `by` who asks, `reason` why."""

    till: str
    name: str = ""
    by: str = ""
    reason: str = ""


class Unpair(msgspec.Struct, frozen=True):
    """Unpair the terminal of this number."""

    number: int
    by: str = ""
    reason: str = ""


class CodeGiven(msgspec.Struct, frozen=True):
    """The code as people read it, for how long it is good, and where to type it."""

    code: str
    seconds: int
    addresses: list[str]


class Listed(msgspec.Struct, frozen=True):
    """A paired terminal. Times are milliseconds since 1970 UTC by the agent's clock."""

    number: int
    till: str
    name: str
    paired_by: str
    paired_ms: int
    seen_ms: int
    seen_from: str


def works(desk: TerminalDesk) -> dict[str, Work]:
    """Return what the control socket does about terminals."""

    async def pair(request: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        wanted = _read(request, Pair)
        try:
            given = desk.give_code(wanted.till, wanted.name, Why(wanted.by, wanted.reason))
        except TerminalsClosed as error:
            raise Refusal(str(error)) from error
        yield _said(CodeGiven(given.shown, desk.codes.seconds_left(given), desk.addresses))

    async def listed(_request: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        for one in desk.terminals:
            yield _said(
                Listed(one.number, one.till, one.name, one.paired_by, one.paired_ms, one.seen_ms, one.seen_from)
            )

    async def unpair(request: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        wanted = _read(request, Unpair)
        try:
            gone = await desk.unpair(wanted.number, Why(wanted.by, wanted.reason))
        except TerminalsClosed as error:
            raise Refusal(str(error)) from error
        if gone is None:
            raise Refusal(f"there is no terminal {wanted.number}; `storewire-edge terminals list` shows them")
        yield {"name": gone.name, "till": gone.till}

    return {PAIR: pair, LIST: listed, UNPAIR: unpair}


def _read(request: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert({name: value for name, value in request.items() if name != "do"}, kind)
    except msgspec.ValidationError as error:
        raise Refusal(f"the request cannot be read: {error}") from error


def _said(answer: msgspec.Struct) -> Mapping[str, Any]:
    said: Mapping[str, Any] = msgspec.to_builtins(answer)
    return said
