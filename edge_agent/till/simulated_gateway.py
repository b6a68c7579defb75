"""A payment service without money: answers as told, slowly or not at all, for demos, training, tests and support.

It is somebody else's machine: given a file, it remembers what it took although the agent is killed.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import msgspec

from edge_agent.disk.durable_file import replace_file
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome

_KEPT = 1_000
"""Bookings it remembers at most: a demonstration runs for days."""


class Mood(StrEnum):
    """What the service does with the next payments.

    LOSE_REPLY takes the money and the answer is lost; NEVER_ARRIVES loses the question. DOUBLE is a service that has
    never heard of repeated questions: it takes the money whenever it is asked to, and its first answer is lost.
    """

    PAY = "pay"
    REFUSE = "refuse"
    LOSE_REPLY = "lose_reply"
    NEVER_ARRIVES = "never_arrives"
    DOUBLE = "double"


_SILENT = frozenset({Mood.LOSE_REPLY, Mood.NEVER_ARRIVES, Mood.DOUBLE})


class Booking(msgspec.Struct, frozen=True):
    """One line of the service's statement: money it moved, to the shop or (`minor` below 0) back."""

    attempt: UUID
    till: str
    method: str
    minor: int
    reference: str
    at_ms: int


class _Memory(msgspec.Struct):
    """What the service knows: the answer to each attempt, and its statement, the newest last."""

    taken: dict[UUID, PaymentOutcome] = {}
    bookings: list[Booking] = []


class SimulatedGateway:
    """Implements `PaymentGateway`. While `answering` is not set, every answer waits: a slow service.

    `asked` is set when a payment has come in. `file` is where it remembers; none is in memory alone.
    """

    def __init__(self, mood: Mood = Mood.PAY, file: Path | None = None) -> None:
        self.mood = mood
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = asyncio.Event()
        self._file = file
        self._memory = _remembered(file)

    @property
    def taken(self) -> dict[UUID, PaymentOutcome]:
        """What it answers to each attempt that has come in."""
        return self._memory.taken

    @property
    def bookings(self) -> list[Booking]:
        """Its statement: every time it moved money, the newest last."""
        return self._memory.bookings

    async def pay(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Take the money once per attempt, in the mood it is in."""
        again = self.mood is Mood.DOUBLE
        if self.mood is not Mood.NEVER_ARRIVES and (again or attempt.id not in self.taken):
            state = AttemptState.REFUSED if self.mood is Mood.REFUSE else AttemptState.PAID
            await self._book(attempt, PaymentOutcome(state, f"sim-{attempt.id.hex[-8:]}"), attempt.minor)
        return await self._answer(attempt)

    async def refund(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Give money back once per attempt, in the mood it is in; never more than came in under that reference."""
        if self.mood is not Mood.NEVER_ARRIVES and attempt.id not in self.taken:
            paid = attempt.pays_back in {one.reference for one in self.taken.values()}
            fits = paid and self.mood is not Mood.REFUSE
            state = AttemptState.PAID if fits else AttemptState.REFUSED
            await self._book(attempt, PaymentOutcome(state, f"sim-back-{attempt.id.hex[-8:]}"), -attempt.minor)
        return await self._answer(attempt)

    async def look_up(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Say what became of an attempt. One that never came is refused for good."""
        await self.answering.wait()
        if attempt.id not in self.taken:
            await self._book(attempt, PaymentOutcome(AttemptState.REFUSED), 0)
        return self.taken[attempt.id]

    async def _answer(self, attempt: PaymentAttempt) -> PaymentOutcome:
        self.asked.set()
        await self.answering.wait()
        if self.mood in _SILENT:
            return PaymentOutcome(AttemptState.UNKNOWN)
        return self.taken[attempt.id]

    async def _book(self, attempt: PaymentAttempt, outcome: PaymentOutcome, minor: int) -> None:
        self.taken.setdefault(attempt.id, outcome)
        if outcome.state is AttemptState.PAID:
            self.bookings.append(
                Booking(attempt.id, attempt.till, attempt.method, minor, outcome.reference, attempt.at_ms)
            )
        while len(self.taken) > _KEPT:
            del self.taken[next(iter(self.taken))]
        del self.bookings[:-_KEPT]
        if self._file is not None:
            await asyncio.to_thread(replace_file, self._file, msgspec.json.encode(self._memory))


def _remembered(file: Path | None) -> _Memory:
    if file is None or not file.exists():
        return _Memory()
    return msgspec.json.decode(file.read_bytes(), type=_Memory)
