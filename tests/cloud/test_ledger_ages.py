"""The liability by age and by end, with what is set aside, and what proofs keep from day to day; on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from cloud.database import Database
from cloud.ledger import proving
from cloud.ledger.ages import AGES, report
from cloud.ledger.proof import prove
from tests.cloud.test_ledger_proof import posted, tamper
from tests.cloud.value_books import Books
from tests.factories import START_MS, DrivenMachineClock, new_id

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (0, "month"), (29, "month"), (30, "quarter"), (90, "quarter"), (91, "half"), (181, "half"), (182, "year"),
        (364, "year"), (365, "two"), (729, "two"), (730, "older"), (4000, "older"),
    ],
)  # fmt: skip
def test_value_is_as_old_as_the_journal_that_brought_it(sqlite_database: Database, days: int, age: str) -> None:
    books = Books(sqlite_database)
    books.give(new_id(), 7)
    with sqlite_database.snapshot() as session:
        found = report(session, START_MS + days * DAY_MS)
    assert found.ages == {"POINTS": {**dict.fromkeys(AGES, 0), age: 7}}
    assert found.off == {}


def test_what_is_set_aside_counts_in_the_age_and_month_of_its_lot(database: Database) -> None:
    books, ann = Books(database), new_id()
    books.give(ann, 100, expires_on=date(2026, 3, 31))
    books.give(ann, 50, expires_on=date(2026, 4, 1))
    books.give(ann, 25)
    books.hold(ann, 120)
    with database.snapshot() as session:
        found = report(session, START_MS)
    assert found.expiries == {"POINTS": {"": 25, "2026-03": 100, "2026-04": 50}}
    assert sum(found.ages["POINTS"].values()) == 175
    assert found.off == {}
    books.prove()


def test_a_report_that_misses_what_is_held_is_a_finding(database: Database) -> None:
    books, ann = Books(database), new_id()
    books.give(ann, 100)
    with database.session() as session:
        session.execute(text('UPDATE lot SET "left" = 60'))
    with database.snapshot() as session:
        found = prove(session, START_MS)
    assert (found.report_off, found.holds) == ({"POINTS": -40}, False)


def test_what_went_back_to_a_lot_is_written_down_by_whom(database: Database) -> None:
    books, ann = Books(database), new_id()
    books.give(ann, 100)
    hold = books.hold(ann, 60)
    books.capture(hold, 60)
    books.undo((hold, "capture"), 25)
    with database.snapshot() as session:
        rows = session.execute(text("SELECT amount FROM lot_back")).scalars().all()
    assert list(rows) == [25]
    books.prove()
    with database.session() as session:
        tamper(session, "lot_back", "UPDATE lot_back SET amount = 24")
    with database.snapshot() as session:
        assert prove(session).wrong_lots


def test_proofs_are_kept_day_by_day_and_by_what_they_found(database: Database) -> None:
    clock = DrivenMachineClock(START_MS)
    posted(database, 5)

    def kept() -> list[tuple[int, bool]]:
        proving.prove_now(database, clock)
        with database.snapshot() as session:
            return [(one.proofs, one.newest.proof.holds) for one in proving.stretches(session, 10)]

    assert kept() == [(1, True)]
    clock.advance(60_000)
    assert kept() == [(2, True)]
    with database.session() as session:
        session.execute(text('UPDATE lot SET "left" = 4 WHERE "left" = 5'))
    assert kept() == [(1, False), (2, True)]
    assert kept() == [(2, False), (2, True)]
    with database.session() as session:
        session.execute(text('UPDATE lot SET "left" = 5'))
    assert kept() == [(1, True), (2, False), (2, True)]
    clock.advance(DAY_MS)
    assert kept() == [(1, True), (1, True), (2, False), (2, True)], "the first proof of a day stays"
