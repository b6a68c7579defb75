"""A draft of earning tried on the last weeks' real sales: the ledger's own sums, by store, nothing changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from sqlmodel import select

from cloud.database import Database
from cloud.ledger.models import JournalRow
from cloud.ledger.reading import points_of
from cloud.loyalty import drafting, earning_trial, trial_running
from cloud.loyalty.draft_models import DONE, RUNNING, RuleTrial
from cloud.loyalty.earning_trial import DAYS, EarningTrial
from shared.loyalty import EarningRule
from shared.wire.events import SaleCompleted
from tests.cloud.members_data import CARD, OTHER_CARD, join, open_chain, shown, take
from tests.cloud.test_loyalty_pages import drafted, run
from tests.cloud.value_pages_data import Desk
from tests.factories import START_MS, DrivenMachineClock, make_sale, new_id

DAY_MS = 24 * 3600 * 1000
TODAY = datetime.fromtimestamp(START_MS // 1000, UTC).date() + timedelta(days=1)
SAME = EarningRule(version=0, valid_from=TODAY)
DOUBLE = EarningRule(version=0, valid_from=TODAY, per_minor=50)


def sold(n: int, days_ago: int, *, store: str = "s001", card: str = "", pieces: int = 3) -> SaleCompleted:
    at_ms = START_MS - days_ago * DAY_MS
    member = shown(card) if card else None
    return make_sale([("1001", pieces), ("1003", 1_236)], number=n, store=store, member=member, at_ms=at_ms)


@pytest.fixture
def members(database: Database) -> list[UUID]:
    """Two members with sales in two stores, within the weeks and before them, and sales of nobody."""
    open_chain(database)
    found = [join(database, [card]) for card in (CARD, OTHER_CARD)]
    sales = [
        sold(1, 0, card=CARD), sold(2, 3, card=OTHER_CARD, pieces=7), sold(3, 1), sold(4, DAYS - 1, card=CARD),
        sold(1, 5, store="s002", card=CARD, pieces=40),
    ]  # fmt: skip
    assert not take(database, sales)
    return found


def tried(database: Database, rule: EarningRule) -> tuple[RuleTrial, EarningTrial]:
    with database.session() as session:
        draft = drafting.begin(session, new_id(), rule, TODAY, actor="mia", now_ms=1)
        id_ = trial_running.ask(session, new_id(), draft, today=TODAY, actor="mia", now_ms=1).id
    job = trial_running.TrialRunning(database, DrivenMachineClock(START_MS))
    while job():
        pass
    with database.session() as session:
        row = session.get_one(RuleTrial, id_)
        session.expunge(row)
        return row, trial_running.earned_of(row)


def test_p5_todays_rule_comes_to_what_the_ledger_gave(database: Database, members: list[UUID]) -> None:
    with database.session() as session:
        given = sum(points_of(session, members).values())
        journals = len(session.exec(select(JournalRow)).all())
    row, found = tried(database, SAME)
    assert (row.state, row.done, row.total) == (DONE, 2 * DAYS, 2 * DAYS)
    assert given > 0
    assert (found.sales, found.before, found.after, found.examples) == (4, given, given, [])
    assert found.last == TODAY - timedelta(days=1)
    with database.session() as session:
        assert len(session.exec(select(JournalRow)).all()) == journals
        assert sum(points_of(session, members).values()) == given


def test_another_rule_stands_beside_it_store_by_store_with_its_sales(database: Database, members: list[UUID]) -> None:
    assert not take(database, [sold(9, DAYS, card=CARD, pieces=99)]), "the day before the weeks begin"
    _, found = tried(database, DOUBLE)
    assert found.sales == len(found.examples) == 4
    assert found.after - 2 * found.before in range(5), "each receipt is rounded down once"
    assert {store: one.sales for store, one in found.by_store.items()} == {"s001": 3, "s002": 1}
    for figure in ("before", "after"):
        assert sum(getattr(one, figure) for one in found.by_store.values()) == getattr(found, figure)
    first = found.examples[0]
    assert (first.store, first.day) == ("s002", TODAY - timedelta(days=6))
    assert [one.after - one.before for one in found.examples] == sorted(
        (one.after - one.before for one in found.examples), reverse=True
    )
    _, nothing = tried(database, msgspec.structs.replace(SAME, excluded_tenders=["cash"]))
    assert (nothing.before, nothing.after) == (found.before, 0)
    assert members


def test_another_process_goes_on_where_one_ended(
    database: Database, members: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tried(database, DOUBLE)[1]
    monkeypatch.setattr(earning_trial, "SLICE", 1)
    with database.session() as session:
        draft = drafting.begin(session, new_id(), DOUBLE, TODAY, actor="mia", now_ms=1)
        id_ = trial_running.ask(session, new_id(), draft, today=TODAY, actor="mia", now_ms=1).id
    seen = []
    while trial_running.TrialRunning(database, DrivenMachineClock(START_MS))():
        with database.session() as session:
            row = session.get_one(RuleTrial, id_)
            seen.append((row.state, trial_running.earned_of(row)))
    assert [state for state, _ in seen[:-1]] == [RUNNING] * (len(seen) - 1) != []
    assert seen[-1] == (DONE, whole)
    assert members


def test_the_page_says_it_in_both_languages(sqlite_database: Database) -> None:
    desk = Desk(sqlite_database)
    assert not take(sqlite_database, [sold(7, 3, card=CARD, pieces=40)])
    mia = desk.visitor("mia")
    where = drafted(mia, "earning")
    fields = [("starts", str(TODAY)), ("points", "3"), ("per", "1.00"), ("expiry", "never"), ("spent_points", "owed")]
    assert mia.send(f"{where}/save", fields).headers["location"] == where
    assert "Try it on the last four weeks&#39; sales" in mia.get(where).text
    assert mia.send(f"{where}/try", {"id": str(new_id())}).headers["location"] == where
    assert "days of stores" in mia.get(where).text
    run(desk)
    with desk.database.session() as session:
        found = trial_running.earned_of(session.exec(select(RuleTrial)).one())
    assert found.after == 3 * found.before or found.after > 2 * found.before > 0
    for language, said in (("en", "points instead of"), ("zh", "而不是")):
        page = desk.visitor("mia", language).get(where).text
        for fact in (
            said,
            "s001",
            f"{found.before:,}",
            f"+{found.after - found.before:,}",
            f"/sales/{found.examples[0].sale}",
        ):
            assert fact in page, (language, fact)
