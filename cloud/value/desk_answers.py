"""Stored value at a service desk, by a till's questions: may it be topped up, undone, given back, paid out?

Each is answered once for good under the question's id; the answer rests on its commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict, Invalid, NotFound
from cloud.ledger.requests import Answered, once
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.privacy import Vault
from cloud.value import desk_returns, desk_top_ups
from cloud.value.desk_whose import Owner, whose
from shared.calendar import business_date
from shared.clock import BusinessClock, MachineClock
from shared.wire import messages as wire
from shared.wire.desk_asks import (
    AskCardReturn,
    AskPayOut,
    AskTopUp,
    AskTopUpUndone,
    CardReturnTaken,
    TopUpOffered,
    TopUpUndone,
)

ValueDeskAsk = AskTopUp | AskTopUpUndone | AskCardReturn | AskPayOut


class Counter(NamedTuple):
    """The store a desk stands in, and the moment."""

    store: str
    currency: str
    today: date
    at_ms: int
    now_ms: int


class ValueDeskAnswers:
    """Answers what a service desk asks about stored value."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock, vault: Vault) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._vault = vault

    def answer(self, store: str, question: UUID, ask: ValueDeskAsk) -> wire.AnyAnswer:
        """Do what a till of this store asks for. Raise Unavailable when the database is away.

        Refused by code: those of `cloud.value.desk_whose`, `desk_top_ups` and `desk_returns`, and `question_changed`.
        """

        def work(session: Session) -> Answered:
            at = self._counter(session, store)
            asked = self._vault.blind_index("desk", msgspec.json.encode([store, ask], order="sorted").decode()).hex()
            kind = f"desk_{type(ask).__name__.lower()}"
            return once(
                session, question, kind, {"asked": asked}, lambda: self._do(session, at, question, ask),
                now_ms=at.now_ms,
            )  # fmt: skip

        try:
            done = in_transaction(self._database, work)
        except Conflict:
            return wire.Refused(code="question_changed")
        except NotFound:
            return wire.Refused(code="member_unknown")
        except Invalid:
            return wire.Refused(code="not_understood")
        return wire.Refused(code=done.code) if done.code else self._spoken(question, ask, done.answer)

    def _counter(self, session: Session, store: str) -> Counter:
        row = session.get_one(Store, store)
        at_ms = self._business.now_ms()
        today = business_date(at_ms, ZoneInfo(row.time_zone), row.day_cutoff_minutes)
        return Counter(store, row.currency, today, at_ms, self._machine.wall_ms())

    def _do(self, session: Session, at: Counter, question: UUID, ask: ValueDeskAsk) -> Mapping[str, Any]:
        match ask:
            case AskTopUp():
                owner = self._owner(session, ask, new_card=ask.gift_card, now_ms=at.now_ms)
                wish = desk_top_ups.Wish(
                    id=question, minor=ask.minor, till=ask.till, cashier=ask.cashier, identified=ask.identified
                )
                return desk_top_ups.offer(session, at.store, owner, wish, today=at.today, now_ms=at.now_ms)
            case AskTopUpUndone():
                return desk_top_ups.undo(
                    session, open_commit(session, at.now_ms), ask.sold, undone_by=question, store=at.store,
                    till=ask.till, cashier=ask.cashier, approved_by=ask.approved_by, reason=ask.reason,
                    at_ms=at.at_ms, now_ms=at.now_ms,
                )  # fmt: skip
            case AskCardReturn():
                owner = self._owner(session, ask, now_ms=at.now_ms)
                by = f"till:{at.store}/{ask.till}/{ask.cashier}"
                return desk_returns.apply(
                    session, owner, currency=at.currency, application=question, store=at.store, till=ask.till, by=by,
                    reason=ask.reason, now_ms=at.now_ms,
                )  # fmt: skip
            case AskPayOut():
                owner = self._owner(session, ask, now_ms=at.now_ms)
                return desk_returns.due(session, owner, currency=at.currency, store=at.store)

    def _owner(
        self, session: Session, ask: AskTopUp | AskCardReturn | AskPayOut, *, now_ms: int, new_card: bool = False
    ) -> Owner:
        return whose(
            session, self._vault, self._machine, member=ask.member, sealed_card=ask.sealed_card, new_card=new_card,
            now_ms=now_ms,
        )  # fmt: skip

    def _spoken(self, question: UUID, ask: ValueDeskAsk, done: Mapping[str, Any]) -> wire.AnyAnswer:
        """Say what was done; the name, which is no business of the ledger's, as it is now."""
        facts = dict(done)
        member = facts.pop("member", "")
        name = self._read_name(UUID(member)) if member else ""
        match ask:
            case AskTopUp():
                return TopUpOffered(offer=question, masked_name=name, member=UUID(member) if member else None, **facts)
            case AskTopUpUndone():
                return TopUpUndone(**facts)
            case _:
                return CardReturnTaken(application=UUID(facts.pop("application")), masked_name=name, **facts)

    def _read_name(self, member: UUID) -> str:
        with self._database.snapshot() as session:
            return session.get_one(Member, member).masked_name
