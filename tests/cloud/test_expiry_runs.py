"""An expiry of very many lots: a few statements for thousands of them, part by part, gone on with after a kill."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import event, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.lots import NewLot, bring
from cloud.ledger.models import JournalRow
from cloud.ledger.reading import journals_by_key
from cloud.rewards import runs
from cloud.rewards.models import Run
from tests.cloud.test_rewards import BOB, LATER, work_out
from tests.cloud.value_books import Books
from tests.factories import START_MS, new_id

ENDS = date(2026, 1, 5)


def lots_of(books: Books, count: int) -> UUID:
    """Give one member so many lots that end; return the member."""
    member = new_id()
    for n in range(count):
        books.give(member, 10 + n, expires_on=ENDS)
    return member


def approved(books: Books) -> UUID:
    run = work_out(books, runs.EXPIRY, today=ENDS.isoformat())
    with books.database.session() as session:
        runs.approve(session, run.id, BOB)
    return run.id


def statements(database: Database, run: UUID) -> int:
    """Post the next part of a run; return how many statements that took."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    with database.session() as session:
        runs.post_some(session, run, BOB)
    event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)


def cut_off(database: Database, run: UUID) -> None:
    with database.session() as session:
        runs.post_some(session, run, BOB, at_once=3)
        raise ZeroDivisionError


def test_many_lots_take_no_more_statements_than_few(sqlite_database: Database) -> None:
    books = Books(sqlite_database)
    lots_of(books, 2)
    few = statements(sqlite_database, approved(books))
    for _ in range(4):
        lots_of(books, 10)
    run = approved(books)
    assert statements(sqlite_database, run) == few
    with sqlite_database.snapshot() as session:
        row = session.get_one(Run, run)
        assert (row.posted_items, row.posted_total) == (40, row.total)
    books.prove()


def test_a_run_cut_off_anywhere_goes_on_and_takes_each_lot_once(database: Database) -> None:
    books = Books(database)
    members = [lots_of(books, 3), lots_of(books, 4)]
    run = new_id()
    with database.session() as session:
        runs.ask(session, run, runs.EXPIRY, {"today": ENDS.isoformat()}, LATER)
    steps = 0
    while True:
        # Every step is a transaction of its own: a process that ends between two of them leaves exactly this behind.
        with database.session() as session:
            row = runs.find(session, run)
            if row.state != runs.ASKED:
                break
            steps += 1
            runs.fill_some(session, row, at_once=3)
    assert (steps, row.items, row.total) == (3, 7, 33 + 46)
    with database.session() as session:
        runs.approve(session, run, BOB)
        runs.post_some(session, run, BOB, at_once=3)
    with pytest.raises(ZeroDivisionError):
        cut_off(database, run)
    with database.session() as session:
        assert runs.find(session, run).posted_items == 3, "the second part is as if it had never begun"
    parts = []
    while not parts or parts[-1]:
        with database.session() as session:
            parts.append(runs.post_some(session, run, BOB, at_once=3))
    assert parts == [3, 1, 0]
    assert [books.points(one) for one in members] == [0, 0]
    books.prove()
    with database.session() as session:
        assert runs.reverse_all(session, run, BOB) == 7
    assert [books.points(one) for one in members] == [33, 46]
    books.prove()


def test_points_and_gift_money_are_never_added_up(sqlite_database: Database) -> None:
    books, purse, cause = Books(sqlite_database), new_id(), (new_id(), "top_up")
    lots_of(books, 2)
    gift, granted = AccountKey("purse_gift", str(purse), "CNY"), AccountKey("value_granted", "s001", "CNY")
    with sqlite_database.session() as session:
        legs = (Leg(gift, 1_250), Leg(granted, -1_250))
        journal = Journal(cause=cause[0], purpose=cause[1], at_ms=START_MS, store="s001", legs=legs)
        post(session, open_commit(session, START_MS), [journal])
        bring(session, [NewLot(account=gift, key=cause, store="s001", amount=1_250, expires_on=ENDS)])
    run = approved(books)
    with sqlite_database.session() as session:
        assert runs.units_of(runs.find(session, run)) == {"CNY": (1_250, 0), "POINTS": (21, 0)}
    statements(sqlite_database, run)
    with sqlite_database.snapshot() as session:
        assert runs.units_of(session.get_one(Run, run)) == {"CNY": (1_250, 1_250), "POINTS": (21, 21)}
        row = table_of(JournalRow)
        keys = session.execute(select(row.c.cause, row.c.purpose).where(row.c.purpose == "expire")).all()
        expired = journals_by_key(session, [(key.cause, key.purpose) for key in keys])
    assert sorted((one.store, *sorted(leg.account.kind for leg in one.legs)) for one in expired.values()) == [
        ("s001", "member_points", "points_expired"), ("s001", "member_points", "points_expired"),
        ("s001", "purse_gift", "value_forfeited"),
    ]  # fmt: skip
