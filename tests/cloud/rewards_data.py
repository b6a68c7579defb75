"""Coupons, gifts, draws and runs over a chain with members, and the console that shows them."""

from __future__ import annotations

import random
from datetime import date
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from fastapi import FastAPI

from cloud.api.services import Services
from cloud.coupons import batches
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.identity.people import Role
from cloud.ledger.requests import Answered
from cloud.members import segments
from cloud.rewards import drawing, gifts, stock
from cloud.rewards.keeping import RewardsKeeping
from shared.draws import DrawRules, Prize
from tests.cloud.apps import console_of
from tests.cloud.members_data import CARD, join, mint, open_chain, vault
from tests.cloud.value_books import Books
from tests.cloud.visiting import Visitor, make_person
from tests.factories import START_MS, DrivenMachineClock, new_id

BITS = random.Random(9).getrandbits
TODAY = date(2026, 1, 1)
PEOPLE = {
    "ana": Role.MARKETER,
    "bo": Role.MARKETER,
    "sue": Role.SUPPORT,
    "eve": Role.AUDITOR,
    "root": Role.ADMIN,
}


class Mall:
    """A chain with two stores, its console, and the job behind runs."""

    def __init__(self, database: Database) -> None:
        open_chain(database)
        self.database = database
        self.books = Books(database)
        self.clock = DrivenMachineClock(START_MS)
        self.business_ms = START_MS
        clocks = SimpleNamespace(machine=self.clock, business=SimpleNamespace(now_ms=lambda: self.business_ms))
        services = cast("Services", SimpleNamespace(database=database, clocks=clocks, vault=vault()))
        self.app: FastAPI = console_of(services)
        self.keeping = RewardsKeeping(database, clocks.business, self.clock, mint, vault())
        self.known: set[str] = set()

    def person(self, name: str = "ana", language: str = "en") -> Visitor:
        """Sign somebody in, who gets a sign-in first: hashing passwords takes its time, so only those who come."""
        if name not in self.known:
            make_person(self.database, name, PEOPLE[name])
            self.known.add(name)
        found = Visitor(self.app, language)
        assert found.enter(name).status_code == 303
        return found

    def work(self) -> None:
        """Let the job do everything there is to do."""
        while self.keeping():
            pass

    def member(self, points: int = 0, *, card: str = CARD, segment: str = "") -> UUID:
        """Enrol somebody with points."""
        member = join(self.database, [card], fields={"name": "李小明"}, home_store="s001")
        if points:
            self.books.give(member, points)
        if segment:
            with self.database.session() as session:
                segments.put_in(session, segment, [member], commit_no=open_commit(session, 1), now_ms=START_MS)
        return member

    def gift(self, left: int = 5, points: int = 100, per_member: int = 0, id_: str = "mug") -> str:
        """Offer a gift that store s001 has some of."""
        with self.database.session() as session:
            wanted = gifts.NewGift(id=id_, names={"en": "Mug", "zh": "马克杯"}, points=points, per_member=per_member)
            gifts.create(session, wanted, actor="person:ana", now_ms=START_MS)
            if left:
                came = stock.Correction(id=new_id(), gift=id_, store="s001", delta=left, reason="delivery")
                stock.correct(session, came, actor="person:ana", now_ms=START_MS)
        return id_

    def order(self, gift: str, member: UUID, order: UUID | None = None) -> Answered:
        """Take a gift."""
        wanted = gifts.Order(id=order or new_id(), gift=gift, member=member, store="s001", today=TODAY, at_ms=START_MS)
        return in_transaction(
            self.database, lambda session: gifts.order(session, open_commit(session, 1), wanted, now_ms=START_MS)
        )

    def draw(self, points: int = 10, **changes: object) -> str:
        """Open a draw."""
        prizes = [
            Prize(prize="car", weight=1, worth_minor=4_000_000, names={"en": "Car", "zh": "汽车"}),
            Prize(prize="mug", weight=30, worth_minor=1_000, names={"en": "Mug", "zh": "马克杯"}),
            Prize(prize="points", weight=30, worth_minor=100, names={"en": "50 points", "zh": "50 积分"}, points=50),
        ]
        given = {
            "id": "spring", "names": {"en": "Spring draw", "zh": "春日抽奖"}, "points": points,
            "rules": DrawRules(prizes=prizes, nothing_weight=39), "stock": {"car": 1, "mug": 20, "points": 20},
        }  # fmt: skip
        with self.database.session() as session:
            wanted = drawing.NewDraw(**{**given, **changes})  # type: ignore[arg-type]
            return drawing.open_draw(session, vault(), wanted, bytes(range(32)), actor="person:ana", now_ms=START_MS).id

    def enter(self, member: UUID, request: UUID | None = None, draw: str = "spring") -> Answered:
        """Draw once."""
        entry = drawing.Entry(id=request or new_id(), draw=draw, member=member, today=TODAY, at_ms=START_MS)
        return in_transaction(
            self.database,
            lambda session: drawing.draw(session, vault(), open_commit(session, 1), entry, now_ms=START_MS),
        )

    def batch(self, kind: str = "personal", **changes: object) -> str:
        """Make a batch of coupons."""
        given = {
            "id": "b1", "kind": kind, "promotion": "off10", "starts": TODAY, "ends": date(2026, 1, 31), "most": 100,
            "title": "Spring coupons",
        }  # fmt: skip
        with self.database.session() as session:
            wanted = batches.NewBatch(**{**given, **changes})  # type: ignore[arg-type]
            return batches.create(session, wanted, BITS, actor="person:ana", now_ms=START_MS).id

    def give(self, *members: UUID | None, batch: str = "b1") -> list[str]:
        """Give coupons."""
        with self.database.session() as session:
            return batches.give(
                session, open_commit(session, 1), batch, list(members), BITS, cause=new_id(), today=TODAY,
                at_ms=START_MS,
            )  # fmt: skip
