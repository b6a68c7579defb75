"""The review desk on both databases: odd points become cases once, grow with late sales, and are decided by people."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import msgspec
import pytest
from sqlmodel import col, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.deployment.clocks import Clocks
from cloud.errors import Invalid, NotFound, Refused
from cloud.members import claiming, rules, watching
from cloud.members.care_models import DuplicatePair, ReviewCase
from cloud.members.caring import Caring
from tests.cloud.members_data import CARD, OTHER_CARD, join, open_chain, shown, take
from tests.factories import START_MS, DrivenMachineClock, make_sale, new_id

DAY = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def _chain(database: Database) -> None:
    open_chain(database)


def sell(database: Database, card: str, count: int, cashier: str, first: int = 1) -> list[UUID]:
    sales = [
        msgspec.structs.replace(make_sale([("1001", 1)], number=first + n, member=shown(card)), cashier=cashier)
        for n in range(count)
    ]
    assert not take(database, sales)
    return [sale.id for sale in sales]


def look(database: Database) -> list[ReviewCase]:
    with database.session() as session:
        watching.look(session, DAY, START_MS)
        query = select(ReviewCase).order_by(col(ReviewCase.kind))
        found = list(session.exec(query))
        session.expunge_all()
        return found


def test_one_card_on_many_baskets_is_a_case_and_grows(database: Database) -> None:
    ann = join(database, [CARD])
    first = sell(database, CARD, 3, "c1")
    assert look(database) == [], "three at one cashier are let pass"
    more = sell(database, CARD, 3, "c2", 10)
    (case,) = look(database)
    assert (case.kind, case.member_id, case.found, case.allowed) == (watching.CARD_USES, ann, 6, 5)
    assert set(case.evidence.split()) == {str(sale) for sale in first + more}
    sell(database, CARD, 1, "c1", 20)
    cases = look(database)
    assert [(one.kind, one.found, one.cashier) for one in cases] == [
        (watching.CARD_AT_CASHIER, 4, "c1"), (watching.CARD_USES, 7, ""),
    ]  # fmt: skip
    assert len(look(database)) == 2


def test_a_cashiers_own_card_shows_at_once(database: Database) -> None:
    ann = join(database, [CARD])
    with database.session() as session:
        watching.declare_staff(session, "c1", ann, actor="a", now_ms=1)
        with pytest.raises(NotFound):
            watching.declare_staff(session, "c1", new_id(), actor="a", now_ms=1)
    sell(database, CARD, 1, "c2")
    assert look(database) == []
    sell(database, CARD, 1, "c1", 10)
    assert [(one.kind, one.cashier) for one in look(database)] == [(watching.OWN_CARD, "c1")]


def test_claims_are_counted_by_cashier_and_by_member(database: Database) -> None:
    ann = join(database)
    with database.session() as session:
        rules.publish(session, rules.Watch(version=1, claims_per_cashier=1, claims_per_member=1), actor="a", now_ms=1)
    sales = [make_sale([("1001", 1)], number=n) for n in (1, 2)]
    assert not take(database, sales)
    for sale in sales:
        with database.session() as session:
            commit_no = open_commit(session, START_MS)
            claiming.claim(session, ann, sale.id, store="s001", cashier="c1", commit_no=commit_no, business_ms=START_MS)
    cases = look(database)
    assert [(one.kind, one.found, one.rule_version) for one in cases] == [
        (watching.CASHIER_CLAIMS, 2, 1), (watching.MEMBER_CLAIMS, 2, 1),
    ]  # fmt: skip


def test_a_case_is_decided_once_and_stays_so(database: Database) -> None:
    join(database, [CARD])
    sell(database, CARD, 6, "c1")
    case = look(database)[0]

    def decide(status: str, note: str = "looked at the film") -> None:
        with database.session() as session:
            watching.decide(session, case.id, status=status, note=note, actor="person:ana", now_ms=START_MS)

    for status, note in (("maybe", "x"), ("fine", " ")):
        with pytest.raises(Invalid):
            decide(status, note)
    decide("misuse")
    with pytest.raises(Refused):
        decide("fine")
    sell(database, CARD, 2, "c1", 10)
    assert [one.found for one in look(database) if one.id == case.id] == [6], "what was decided does not move"
    with database.session() as session, pytest.raises(NotFound):
        watching.decide(session, new_id(), status="fine", note="x", actor="a", now_ms=1)


def test_the_job_looks_now_and_then(database: Database) -> None:
    join(database, [CARD], fields={"phone": "13800138000"})
    join(database, [OTHER_CARD], fields={"phone": "13800138000"})
    sell(database, CARD, 6, "c1")
    clock = DrivenMachineClock(START_MS)
    clocks = cast("Clocks", SimpleNamespace(machine=clock, business=SimpleNamespace(now_ms=lambda: START_MS)))
    job = Caring(database, clocks)
    assert job() is False
    with database.session() as session:
        assert watching.open_cases(session) == 2
        assert len(list(session.exec(select(DuplicatePair)))) == 1
        session.exec(select(ReviewCase)).all()
    sell(database, OTHER_CARD, 6, "c2", 50)
    job()
    with database.session() as session:
        assert watching.open_cases(session) == 2, "not again so soon"
