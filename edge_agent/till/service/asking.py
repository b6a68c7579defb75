"""Asking HQ at the desk: the same wish again is the same question, to the byte, until there is an answer.

So a second press after silence cannot enrol somebody twice: HQ finds what the first one did.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, TypeVar
from uuid import UUID

from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.results import Refused
from edge_agent.till.service.words import SERVICE_WORDS
from shared.sealing import seal
from shared.wire.event_base import TillKind
from shared.wire.messages import AnyAnswer, AnyAsk
from shared.wire.messages import Refused as RefusedByHq

A = TypeVar("A")

_MOST_OPEN = 32
_ONE_TIME_KEY_BYTES = 32


class _Open(NamedTuple):
    question: UUID
    body: AnyAsk


class Asking:
    """One desk's questions."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._open: OrderedDict[bytes, _Open] = OrderedDict()

    async def ask(self, wish: tuple[object, ...], expected: type[A], make: Callable[[Desk], AnyAsk]) -> A | Refused:
        """Ask for what `wish` names; `make` says it the first time. What is no `expected` answer is a refusal."""
        desk = await self._commands.look(lambda _db, desk: at_desk(desk))
        if isinstance(desk, Refused):
            return desk
        key = sha256(repr(wish).encode()).digest()
        known = self._open.get(key)
        if known is None:
            known = self._open[key] = _Open(desk.mint(), make(desk))
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
        answer = await self.put(known.question, desk.till, known.body)
        if answer is None:
            return refused("hq_silent")
        self._open.pop(key, None)
        return answer if isinstance(answer, expected) else explained(answer)

    async def put(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        """Ask under an id that is kept elsewhere, and for the till that asked first; None: no answer in time."""
        hq = self._commands.desk.hq
        return await hq.ask(question, till, body) if hq else None


def explained(answer: AnyAnswer) -> Refused:
    """Return HQ's refusal with the till's words; a code that this till has no words for is shown as it is."""
    code = answer.code if isinstance(answer, RefusedByHq) else type(answer).__name__
    known = f"hq_{code}"
    return refused(known) if known in SERVICE_WORDS else refused("hq_refused", code)


def sealed(desk: Desk, text: str) -> bytes | None:
    """Return a text that only HQ can read, None for none."""
    if not text:
        return None
    return seal(text.encode(), desk.cards.hq_public, desk.cards.random_bytes(_ONE_TIME_KEY_BYTES))


def at_desk(desk: Desk) -> Desk:
    """Return the desk; refuse what only a service desk does, and what cannot be practised."""
    if desk.kind is not TillKind.SERVICE_DESK:
        raise Refusal("not_at_this_till")
    if desk.stand.practice:
        raise Refusal("practice_only")
    return desk
