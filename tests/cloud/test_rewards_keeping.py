"""The job behind gifts, draws and runs: ends what is over, goes on after a fault, and writes nothing when idle."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlmodel import func, select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.commits import IngestCommit
from cloud.ledger.proof import prove
from cloud.rewards import rebate, runs
from cloud.rewards.models import Draw, Run
from cloud.rewards.runs import Act
from tests.cloud.members_data import join
from tests.cloud.rewards_data import TODAY, Mall
from tests.factories import START_MS, new_id

DAY_MS = 24 * 3600 * 1000
ACT = Act("ann", START_MS, START_MS, "why")


@pytest.fixture
def mall(sqlite_database: Database) -> Mall:
    return Mall(sqlite_database)


def row_of(mall: Mall, run: UUID) -> Run:
    with mall.database.session() as session:
        return Run(**session.get_one(Run, run).model_dump())


def test_a_draw_ends_when_its_last_day_is_over_everywhere(mall: Mall) -> None:
    mall.draw(ends=TODAY, points=0)
    for days, ended in ((0, False), (1, True)):
        mall.business_ms = START_MS + days * DAY_MS
        mall.clock.advance(120_000)
        mall.work()
        with mall.database.session() as session:
            assert session.get_one(Draw, "spring").ended is ended, days
    with mall.database.session() as session:
        assert session.exec(select(AuditEntry).where(AuditEntry.action == "draw.end")).one().actor == "jobs"


def test_coupons_leave_the_books_weeks_after_their_last_day(mall: Mall) -> None:
    mall.batch("codes", ends=date(2026, 1, 31))
    mall.give(None, None)
    mall.business_ms = START_MS + 90 * DAY_MS
    mall.work()
    with mall.database.snapshot() as session:
        found = prove(session)
    assert found.holds
    assert found.by_kind["coupons_open"] == {"COUPONS": 0}


def test_an_idle_job_writes_nothing(mall: Mall) -> None:
    mall.gift()
    mall.batch("codes")
    mall.give(None)
    before = commits(mall)
    for _ in range(3):
        mall.clock.advance(120_000)
        mall.work()
    assert commits(mall) == before


def commits(mall: Mall) -> int:
    with mall.database.session() as session:
        return session.exec(select(func.count()).select_from(IngestCommit)).one()


def test_a_run_that_fails_in_the_middle_says_why_and_can_be_gone_on_with(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [join(mall.database) for _ in range(4)]
    for member in members:
        mall.books.give(member, 1_000)
    run = new_id()
    with mall.database.session() as session:
        runs.work_out(session, run, "rebate", {"year": 2025, "on": "points", "rate_bp": 100}, ACT)
        runs.approve(session, run, Act("bob", START_MS, START_MS))
        runs.start(session, run, ACT)
        runs.post_some(session, run, ACT, at_once=1)
    whole = rebate.post_items

    def broken(*_given: object, **_facts: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(rebate, "post_items", broken)
    with pytest.raises(RuntimeError):
        mall.work()
    stopped = row_of(mall, run)
    assert (stopped.state, stopped.problem, stopped.posted_items) == ("posted", "the disk is on fire", 1)
    mall.work()
    monkeypatch.setattr(rebate, "post_items", whole)
    with mall.database.session() as session:
        runs.start(session, run, ACT)
    mall.work()
    done = row_of(mall, run)
    assert (done.state, done.problem, done.posted_items, done.posted_total) == ("posted", "", 4, 40)
    assert {mall.books.points(member) for member in members} == {1_010}
    mall.books.prove()
