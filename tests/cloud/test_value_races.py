"""Two or twelve people who decide about the same value at the same moment: one does, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlmodel import select

from cloud.coupons import conflicts
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict
from cloud.ledger.proof import prove
from cloud.loyalty import review
from cloud.value import card_returns, correcting, drafting
from cloud.value.models import PurseReturn, ValueCorrection, ValueRuleDraft
from shared.value import ValueRule
from tests.cloud.value_pages_data import CODE, Desk
from tests.factories import START_MS, new_id


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


DAY = date(2026, 1, 1)
Race = Callable[[Desk, str], object]


def _at_once(desk: Desk, race: Race, people: list[str]) -> list[str]:
    """Have everybody do it at the same moment; return how it came out for each, sorted."""
    start = Barrier(len(people))

    def one(who: str) -> str:
        start.wait()
        try:
            race(desk, who)
        except Conflict:
            return "late"
        return "done"

    with ThreadPoolExecutor(len(people)) as pool:
        return sorted(pool.map(one, people))


def _approve_return(desk: Desk, who: str) -> object:
    with desk.database.snapshot() as session:
        one = session.exec(select(PurseReturn)).one().id
    return in_transaction(
        desk.database,
        lambda session: (
            card_returns.decide(
                session, open_commit(session, START_MS), one, by=who, approve=True, at_ms=START_MS, now_ms=START_MS
            ).state
        ),
    )


def _approve_correction(desk: Desk, who: str) -> object:
    with desk.database.snapshot() as session:
        one = session.exec(select(ValueCorrection)).one().id
    return in_transaction(
        desk.database,
        lambda session: correcting.decide(
            session, open_commit(session, START_MS), one, by=who, approve=True, note="", at_ms=START_MS,
            now_ms=START_MS,
        ).state,
    )  # fmt: skip


def _publish_draft(desk: Desk, who: str) -> object:
    with desk.database.snapshot() as session:
        one = session.exec(select(ValueRuleDraft).where(ValueRuleDraft.author == who)).one().id
    return in_transaction(
        desk.database,
        lambda session: drafting.publish(session, one, actor=who, reason="race", now_ms=START_MS).version,
    )


def _decide_points(desk: Desk, who: str) -> object:
    return in_transaction(
        desk.database,
        lambda session: review.decide(
            session, open_commit(session, START_MS), desk.sale, grant=True, by=who, reason="race", today=DAY,
            at_ms=START_MS, now_ms=START_MS,
        ).granted,
    )  # fmt: skip


def _close_conflict(desk: Desk, who: str) -> object:
    return in_transaction(
        desk.database,
        lambda session: (
            conflicts.decide(session, desk.sale, CODE, decision="stands", by=who, note="race", now_ms=START_MS).decision
        ),
    )


@pytest.mark.parametrize("race", [_decide_points, _close_conflict])
def test_p5_of_people_who_look_at_the_same_at_once_one_decides(desk: Desk, race: Race) -> None:
    desk.a_month()
    before = desk.chain.points
    assert _at_once(desk, race, [f"p{n}" for n in range(12)]) == ["done", *["late"] * 11]
    assert desk.chain.points == before + (15 if race is _decide_points else 0)
    desk.chain.prove()


def _prepare(desk: Desk, race: Race, people: list[str]) -> None:
    with desk.database.session() as session:
        if race is _approve_return:
            wanted = card_returns.Application(id=new_id(), purse=desk.chain.purse, store="s001", by="ann")
            card_returns.apply(session, wanted, now_ms=START_MS)
        elif race is _approve_correction:
            more = correcting.Correction(
                id=new_id(), kind="purse_principal", owner=str(desk.chain.ann), unit="CNY", amount=700, store="s001",
                reason="why", by="ann",
            )  # fmt: skip
            correcting.ask(session, more, now_ms=START_MS)
        else:
            for who in people:
                drafting.begin(session, new_id(), ValueRule(version=0, hold_minutes=9), actor=who, now_ms=START_MS)


@pytest.mark.parametrize("race", [_approve_return, _approve_correction, _publish_draft])
def test_p5_of_people_who_approve_the_same_at_once_one_does(desk: Desk, race: Race) -> None:
    desk.chain.top_up(10_000)
    people = [f"p{n}" for n in range(12)]
    _prepare(desk, race, people)
    assert _at_once(desk, race, people) == ["done", *["late"] * (len(people) - 1)]
    expected = {_approve_return: (0, 10_000), _approve_correction: (10_700, 0), _publish_draft: (10_000, 0)}
    with desk.database.snapshot() as session:
        proof = prove(session)
    assert proof.holds
    paid = proof.by_kind.get("value_paid_back", {}).get("CNY", 0)
    assert (desk.chain.money[0], paid) == expected[race]
