"""Points that are no purchase's end as those earned on that day do: a prize, a full profile, a correction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.ledger.models import Lot
from cloud.loyalty import rules
from cloud.members import value
from cloud.rewards import drawing
from cloud.value import correcting
from shared.draws import DrawRules, Prize
from shared.loyalty import EarningRule
from tests.cloud.members_data import CARD, join, open_chain, vault
from tests.factories import START_MS, new_id

TODAY = date(2026, 1, 1)


def corrected(session: Session, member: UUID) -> None:
    wanted = correcting.Correction(
        id=new_id(), kind="member_points", owner=str(member), unit="POINTS", amount=70, store="s001", reason="slip 17",
        by="person:tom",
    )  # fmt: skip
    correcting.ask(session, wanted, now_ms=START_MS)
    correcting.decide(
        session, open_commit(session, START_MS), wanted.id, by="person:ana", approve=True, note="seen", at_ms=START_MS,
        now_ms=START_MS,
    )  # fmt: skip


def won(session: Session, member: UUID) -> None:
    prize = DrawRules(prizes=[Prize(prize="p", weight=1, worth_minor=100, points=50)], nothing_weight=0)
    new = drawing.NewDraw(id="spring", rules=prize, stock={"p": 1})
    drawing.open_draw(session, vault(), new, bytes(32), actor="ann", now_ms=START_MS)
    entry = drawing.Entry(id=new_id(), draw="spring", member=member, today=TODAY, at_ms=START_MS)
    drawing.draw(session, vault(), open_commit(session, START_MS), entry, now_ms=START_MS).require()


def told(session: Session, member: UUID) -> None:
    value.reward_profile(
        session, open_commit(session, START_MS), member, points=20, store="s001", rule_version=1, at_ms=START_MS
    )


@pytest.mark.parametrize("give", [corrected, won, told])
def test_points_given_besides_end_as_those_earned_that_day(
    sqlite_database: Database, give: Callable[[Session, UUID], None]
) -> None:
    open_chain(sqlite_database)
    member = join(sqlite_database, [CARD], home_store="s001")
    with sqlite_database.session() as session:
        version = max(rule.version for rule in rules.load(session).earning) + 1
        rule = EarningRule(version=version, valid_from=TODAY, expiry="year_end", expiry_count=1)
        rules.publish_earning(session, rule, author="ann", at_ms=START_MS)
        give(session, member)
        (lot,) = session.exec(select(Lot)).all()
    assert lot.expires_on == rule.expires_on(TODAY) == date(2028, 1, 1)
