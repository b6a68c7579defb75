"""Spending members' value at the till: HQ is asked first; without an answer what it gave ahead; else a reasoned no.

The answer says which way it went, and the cashier sees it. Whatever was set aside is kept with its basket
(`holds.py`) in one transaction with its use, before anybody hears of it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from edge_agent.disk.database import Database
from edge_agent.value import allowances, holds
from edge_agent.value.holds import Hold, Kind, rest_of
from shared.clock import MachineClock
from shared.value import POINTS
from shared.wire.messages import AnyAnswer, AnyAsk, AskHold, AskRelease, Held, Refused

INSUFFICIENT = "insufficient"
"""HQ's refusal where there is too little; what this store was given ahead is out of the balance already."""


class Way(StrEnum):
    """How value came to be spendable for a basket."""

    HELD = "held"
    """HQ has set it aside for this basket now."""
    ALLOWANCE = "allowance"
    """It comes out of what this store was given ahead: HQ was not there, or has no more than that."""
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


class Nobody:
    """Nobody to ask: a till without a head office."""

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        """Give no answer."""
        del question, till, body
        return None


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

    def hold(self, until_ms: int) -> Hold:
        """Return what is kept of it once it is set aside."""
        kind = Kind.POINTS if self.unit == POINTS else Kind.MONEY
        return Hold(self.id, self.basket, self.till, kind, self.amount, until_ms, self.member, self.sealed_card)


class ValueDesk:
    """One store's way to its members' value."""

    def __init__(self, database: Database, machine: MachineClock, asking: Asking) -> None:
        self._database = database
        self._machine = machine
        self._asking = asking

    async def spend(self, wanted: Wanted) -> Spendable:
        """Have value set aside for a basket, in a second or not at all."""
        answer = await self._asked(wanted)
        if isinstance(answer, Held):
            until_ms = answer.valid_until_ms
            await self._database.run(lambda db: holds.keep(db, wanted.hold(until_ms)))
            return Spendable(Way.HELD, wanted.id, wanted.amount)
        if isinstance(answer, Refused):
            if answer.code == INSUFFICIENT and await self._ahead(wanted):
                return Spendable(Way.ALLOWANCE, wanted.id, wanted.amount)
            return Spendable(Way.REFUSED, wanted.id, 0, answer.code)
        return await self._offline(wanted)

    async def release(self, basket: UUID, till: str, *, question: UUID, hold: UUID | None = None) -> None:
        """Let go what a basket does not spend after all. Without HQ its hold frees itself in time."""
        await self._database.run(lambda db: _give_up(db, basket, hold, self._machine.wall_ms()))
        await self._asking.ask(question, till, AskRelease(basket=basket, till=till, hold=hold))

    async def _asked(self, wanted: Wanted) -> AnyAnswer | None:
        body = AskHold(
            basket=wanted.basket, unit=wanted.unit, amount=wanted.amount, till=wanted.till, cashier=wanted.cashier,
            member=wanted.member, sealed_card=wanted.sealed_card,
        )  # fmt: skip
        return await self._asking.ask(wanted.id, wanted.till, body)

    async def _offline(self, wanted: Wanted) -> Spendable:
        """Spend of what was given ahead. HQ may have heard the question all the same: it lets go of it later."""

        def work(db: sqlite3.Connection) -> bool:
            holds.note_release(db, wanted.basket, wanted.till, self._machine.wall_ms(), hold=wanted.id)
            return self._used(db, wanted, wanted.amount)

        if await self._database.run(work):
            return Spendable(Way.ALLOWANCE, wanted.id, wanted.amount)
        return Spendable(Way.UNREACHABLE, wanted.id, 0, "offline")

    async def _ahead(self, wanted: Wanted) -> bool:
        """Spend what HQ gave this store ahead, and have HQ set aside the rest: all of it or nothing."""
        member = wanted.member
        if member is None:
            return False
        left = await self._database.read(lambda db: allowances.spendable(db, self._machine, member, wanted.unit))
        if left < 1:
            return False
        if left >= wanted.amount:
            return await self._database.run(lambda db: self._used(db, wanted, wanted.amount))
        rest = replace(wanted, id=rest_of(wanted.id), amount=wanted.amount - left)
        answer = await self._asked(rest)
        if not isinstance(answer, Held):
            return False
        until_ms = answer.valid_until_ms

        def work(db: sqlite3.Connection) -> bool:
            if self._used(db, wanted, left):
                holds.keep(db, rest.hold(until_ms))
                return True
            holds.note_release(db, wanted.basket, wanted.till, self._machine.wall_ms(), hold=rest.id)
            return False

        return await self._database.run(work)

    def _used(self, db: sqlite3.Connection, wanted: Wanted, amount: int) -> bool:
        """Use allowances, and keep until when their sale may be committed. Without a known member there are none."""
        member = wanted.member
        if member is None:
            return False
        use = allowances.Use(wanted.id, wanted.basket, member, wanted.unit, amount)
        if not allowances.use(db, self._machine, use):
            return False
        holds.keep(db, replace(wanted, amount=amount).hold(allowances.used_until(db, wanted.id)))
        return True


def _give_up(db: sqlite3.Connection, basket: UUID, hold: UUID | None, made_ms: int) -> None:
    """Take one hold, or all, off a basket. What stood in beside the hold itself is let go a moment later."""
    allowances.release(db, basket, hold)
    if hold is None:
        holds.forget(db, basket)
        return
    for one in holds.of_attempt(db, basket, hold):
        holds.forget_one(db, one.id)
        if one.id != hold:
            holds.note_release(db, basket, one.till, made_ms, hold=one.id)
