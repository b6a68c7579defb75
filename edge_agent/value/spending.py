"""Spending members' value at the till: HQ is asked first; without an answer what it gave ahead; else a reasoned no.

The answer says which way it went, and the cashier sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from edge_agent.disk.database import Database
from edge_agent.value import allowances
from shared.clock import MachineClock
from shared.wire.messages import AnyAnswer, AnyAsk, AskHold, AskRelease, Held, Refused


class Way(StrEnum):
    """How value came to be spendable for a basket."""

    HELD = "held"
    """HQ has set it aside for this basket now."""
    ALLOWANCE = "allowance"
    """HQ was not there: it comes out of what this store was given ahead."""
    REFUSED = "refused"
    """HQ said no; `code` says why."""
    UNREACHABLE = "unreachable"
    """HQ was not there, and this store was given nothing, or too little, ahead."""


@dataclass(frozen=True, slots=True)
class Spendable:
    """Whether a basket may spend so much of a member's value, and which way. `hold` is the question's id."""

    way: Way
    hold: UUID
    amount: int
    code: str = ""

    @property
    def granted(self) -> bool:
        """Whether it may."""
        return self.way in {Way.HELD, Way.ALLOWANCE}


class Asking(Protocol):
    """Who answers questions: `edge_agent.hq.questions.Questions`."""

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        """Ask HQ under an id that is kept; None when there was no answer in time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A basket wants to spend value. `id` is stored by whoever asks, and names every repeat."""

    id: UUID
    basket: UUID
    till: str
    unit: str
    amount: int
    cashier: str = ""
    member: UUID | None = None
    sealed_card: bytes | None = None


class ValueDesk:
    """One store's way to its members' value."""

    def __init__(self, database: Database, machine: MachineClock, asking: Asking) -> None:
        self._database = database
        self._machine = machine
        self._asking = asking

    async def spend(self, wanted: Wanted) -> Spendable:
        """Have value set aside for a basket, in a second or not at all."""
        body = AskHold(
            basket=wanted.basket, unit=wanted.unit, amount=wanted.amount, till=wanted.till, cashier=wanted.cashier,
            member=wanted.member, sealed_card=wanted.sealed_card,
        )  # fmt: skip
        answer = await self._asking.ask(wanted.id, wanted.till, body)
        if isinstance(answer, Held):
            return Spendable(Way.HELD, wanted.id, wanted.amount)
        if isinstance(answer, Refused):
            return Spendable(Way.REFUSED, wanted.id, 0, answer.code)
        return await self._offline(wanted)

    async def release(self, basket: UUID, till: str, *, question: UUID, hold: UUID | None = None) -> None:
        """Let go what a basket does not spend after all. Without HQ its hold frees itself in time."""
        await self._database.run(lambda db: allowances.release(db, basket, hold))
        await self._asking.ask(question, till, AskRelease(basket=basket, till=till, hold=hold))

    async def _offline(self, wanted: Wanted) -> Spendable:
        member = wanted.member
        if member is None:
            return Spendable(Way.UNREACHABLE, wanted.id, 0, "offline")
        used = await self._database.run(
            lambda db: allowances.use(
                db, self._machine, allowances.Use(wanted.id, wanted.basket, member, wanted.unit, wanted.amount)
            )
        )
        if used:
            return Spendable(Way.ALLOWANCE, wanted.id, wanted.amount)
        return Spendable(Way.UNREACHABLE, wanted.id, 0, "offline")
