"""Gifts at a service desk, by a till's questions: what waits for whom, and handing it over once."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session, col, select

from cloud import audit
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ledger.reading import points_of
from cloud.ledger.requests import Answered, once
from cloud.members import changing, finding, one_person
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.privacy import CannotOpen, Vault
from cloud.rewards import gifts, pickups
from cloud.rewards.models import Gift, GiftStock, Pickup
from shared.calendar import business_date
from shared.clock import BusinessClock, MachineClock
from shared.wire import messages as wire
from shared.wire.desk_asks import AskGiftGiven, AskGifts, GiftForPoints, GiftGiven, GiftsFound, GiftWaiting

MOST_GIFTS = 30
"""Of more, the cheapest are listed: nobody reads on at a counter."""


class GiftDeskAnswers:
    """Answers what a service desk asks about gifts."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock, vault: Vault) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._vault = vault

    def find(self, store: str, ask: AskGifts) -> wire.AnyAnswer:
        """Say what waits for somebody at this store, and what they could have. Raise Unavailable.

        Refused by code: those of `pickups.look`, `card_unreadable`, `card_unknown` and its like, `member_unknown`.
        """
        try:
            with self._database.snapshot() as session:
                return self._found(session, store, ask)
        except Refused as refused:
            return wire.Refused(code=refused.code)
        except NotFound:
            return wire.Refused(code="member_unknown" if ask.sealed_card is None else "card_unknown")
        except (CannotOpen, Invalid):
            return wire.Refused(code="card_unreadable")

    def give(self, store: str, question: UUID, ask: AskGiftGiven) -> wire.AnyAnswer:
        """Hand a gift over, once under the question's id. Raise Unavailable.

        Refused by code: those of `pickups.hand_over` and `gifts.order`, and `question_changed`.
        """

        def work(session: Session) -> Answered:
            now_ms = self._machine.wall_ms()
            asked = msgspec.json.encode([store, ask], order="sorted").decode()
            return once(
                session, question, "desk_gift", {"asked": asked},
                lambda: {"code": self._given(session, store, question, ask, now_ms)}, now_ms=now_ms,
            )  # fmt: skip

        try:
            done = in_transaction(self._database, work)
        except Conflict:
            return wire.Refused(code="question_changed")
        except (NotFound, Invalid):
            return wire.Refused(code="gift_unknown")
        return wire.Refused(code=done.code) if done.code else self._spoken(done.answer["code"])

    def _found(self, session: Session, store: str, ask: AskGifts) -> GiftsFound:
        member = self._whose(session, store, ask)
        here = [one for one in pickups.of_member(session, member) if one.store_id in {pickups.ANY_STORE, store}]
        return GiftsFound(
            member=member,
            masked_name=session.get_one(Member, member).masked_name,
            points=points_of(session, [member])[member],
            waiting=[GiftWaiting(code=one.code, names=pickups.decoded(one.names)) for one in here],
            gifts=_on_offer(session, store),
        )

    def _whose(self, session: Session, store: str, ask: AskGifts) -> UUID:
        if ask.code:
            return pickups.look(session, ask.code, store).member_id
        if ask.member is not None:
            return changing.active(session, one_person.now_of(session, ask.member)).id
        if ask.sealed_card is None:
            raise Refused("card_unreadable", "neither member, card nor code")
        today = self._today(session, store)
        return finding.at_till(session, self._vault, self._vault.unseal(ask.sealed_card), today)[0]

    def _given(self, session: Session, store: str, question: UUID, ask: AskGiftGiven, now_ms: int) -> str:
        code = ask.code or self._ordered(session, store, question, ask, now_ms)
        by = f"till:{store}/{ask.till}/{ask.cashier}"
        handing = pickups.Handing(cause=question, store=store, by=by, at_ms=now_ms)
        row = pickups.hand_over(session, code, handing)
        audit.record(
            session, at_ms=now_ms, actor=by, action="gift.hand_over", subject=f"{row.kind} {row.what}",
            detail=f"code {row.code}",
        )  # fmt: skip
        return row.code

    def _ordered(self, session: Session, store: str, question: UUID, ask: AskGiftGiven, now_ms: int) -> str:
        """Take the gift for points first; the order's id follows from the question's."""
        if ask.member is None or not ask.gift:
            raise Refused("gift_unknown", "neither a code, nor a member and a gift")
        wanted = gifts.Order(
            id=uuid5(question, "gift"), gift=ask.gift, member=one_person.now_of(session, ask.member), store=store,
            today=self._today(session, store), at_ms=self._business.now_ms(), till=ask.till, cashier=ask.cashier,
        )  # fmt: skip
        done = gifts.order(session, open_commit(session, now_ms), wanted, now_ms=now_ms)
        return str(done.require()["code"])

    def _today(self, session: Session, store: str) -> date:
        row = session.get_one(Store, store)
        return business_date(self._business.now_ms(), ZoneInfo(row.time_zone), row.day_cutoff_minutes)

    def _spoken(self, code: str) -> GiftGiven:
        with self._database.snapshot() as session:
            row = session.get_one(Pickup, code)
            return GiftGiven(
                names=pickups.decoded(row.names),
                points=points_of(session, [row.member_id])[row.member_id],
                masked_name=session.get_one(Member, row.member_id).masked_name,
            )


def _on_offer(session: Session, store: str) -> list[GiftForPoints]:
    rows = session.exec(
        select(Gift, GiftStock.left)
        .join(GiftStock, col(GiftStock.gift_id) == col(Gift.id))
        .where(col(Gift.open), col(GiftStock.store_id) == store, col(GiftStock.left) > 0)
        .order_by(col(Gift.points), col(Gift.id))
        .limit(MOST_GIFTS)
    )
    return [
        GiftForPoints(gift=gift.id, names=pickups.decoded(gift.names), points=gift.points, left=left)
        for gift, left in rows
    ]
