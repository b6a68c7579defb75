"""Rows in bulk: every type survives, and the answer to 'which were new' is true."""

from __future__ import annotations

import threading
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from cloud.database import Database
from cloud.database.bulk import insert, insert_new, insert_new_tuples, insert_tuples, insert_unless_known
from cloud.fleet.models import AgentGap
from cloud.org.models import LegalEntity, Store, StoreOwnership
from cloud.sales.models import ReceiptNumber, Swipe
from tests.factories import new_id

_COLUMNS = ("store_id", "till_id", "series", "number", "event_id", "previous", "head")


def receipt(number: int, *, event_id: UUID | None = None, head: bytes | None = b"\x00\xff\n\\") -> tuple[object, ...]:
    return ("s001", "t1", "a\tb\\c'\"", number, event_id or new_id(), bytes(range(16)), head)


def test_every_type_comes_back_as_it_went_in(database: Database) -> None:
    row = receipt(2**62, head=None)
    swipe = {
        "id": new_id(), "commit_no": 1, "agent_id": "s001-a", "store_id": "s001", "till_id": "超市", "till_kind": "x",
        "cashier": "", "business_date": date(2026, 2, 28), "at_ms": -1, "member_id": None, "card_id": new_id(),
        "basket_id": None,
    }  # fmt: skip
    with database.session() as session:
        insert_tuples(session, ReceiptNumber, _COLUMNS, [row])
        insert(session, Swipe, [swipe])
    with database.session() as session:
        found = session.exec(select(ReceiptNumber)).one()
        assert tuple(getattr(found, name) for name in _COLUMNS) == row
        assert session.exec(select(Swipe)).one().model_dump() == swipe


def test_only_the_rows_that_were_new_are_named(database: Database) -> None:
    with database.session() as session:
        assert insert_new_tuples(session, ReceiptNumber, _COLUMNS, [receipt(1), receipt(2)]) == {
            receipt(1)[:4],
            receipt(2)[:4],
        }
        assert insert_new_tuples(session, ReceiptNumber, _COLUMNS, [receipt(n) for n in (2, 3, 3)]) == {receipt(3)[:4]}
        assert insert_new_tuples(session, ReceiptNumber, _COLUMNS, []) == set()
    with database.session() as session:
        assert len(session.exec(select(ReceiptNumber)).all()) == 3


@pytest.mark.parametrize("count", [3, 40], ids=["few", "many"])
def test_only_the_rows_that_were_there_are_named(database: Database, count: int) -> None:
    numbers = range(1, count + 1)
    with database.session() as session:
        assert insert_unless_known(session, ReceiptNumber, _COLUMNS, [receipt(n) for n in numbers]) == set()
        more = [receipt(n) for n in (*numbers, count + 1, count + 1)]
        assert insert_unless_known(session, ReceiptNumber, _COLUMNS, more) == {receipt(n)[:4] for n in numbers}
        assert insert_unless_known(session, ReceiptNumber, _COLUMNS, more) == {one[:4] for one in more}
        assert insert_unless_known(session, ReceiptNumber, _COLUMNS, []) == set()
        assert insert_new_tuples(session, ReceiptNumber, _COLUMNS, [*more, receipt(0)]) == {receipt(0)[:4]}
    with database.session() as session:
        assert len(session.exec(select(ReceiptNumber)).all()) == count + 2


def test_keys_come_back_in_the_order_of_the_key(database: Database) -> None:
    with database.session() as session:
        session.add(LegalEntity(id="e1", name="Chain Ltd"))
        session.add(Store(id="s1", name="s1", time_zone="UTC", currency="CNY", price_zone="z"))
        session.flush()
        rows = [{"legal_entity_id": "e1", "kind": "direct", "from_date": date(2026, 1, 2), "store_id": "s1"}]
        assert insert_new(session, StoreOwnership, rows) == {("s1", date(2026, 1, 2))}
        assert insert_new(session, AgentGap, []) == set()


def test_a_rollback_takes_the_rows_and_leaves_the_way_open(database: Database) -> None:
    def fail() -> None:
        with database.session() as session:
            insert_new_tuples(session, ReceiptNumber, _COLUMNS, [receipt(1)])
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with database.session() as session:
        assert insert_new_tuples(session, ReceiptNumber, _COLUMNS, [receipt(1)]) == {receipt(1)[:4]}
        with pytest.raises(IntegrityError), session.begin_nested():
            insert_tuples(session, ReceiptNumber, _COLUMNS, [receipt(1)])
        assert insert_new_tuples(session, ReceiptNumber, _COLUMNS, [receipt(1), receipt(2)]) == {receipt(2)[:4]}


def test_a_missing_value_is_an_error_also_where_repeats_are_forgiven(database: Database) -> None:
    with pytest.raises(IntegrityError), database.session() as session:
        insert_new_tuples(session, ReceiptNumber, _COLUMNS, [(*receipt(1)[:4], None, b"", None)])


@pytest.mark.postgresql
def test_p1_of_two_transactions_only_one_finds_a_row_new(postgresql_database: Database) -> None:
    database = postgresql_database
    found: list[set[tuple[object, ...]]] = []
    inserted, started = threading.Event(), threading.Event()

    def second() -> None:
        inserted.wait(10)
        with database.session() as session:
            session.connection()
            started.set()
            found.append(insert_new_tuples(session, ReceiptNumber, _COLUMNS, [receipt(1), receipt(2)]))

    thread = threading.Thread(target=second)
    thread.start()
    with database.session() as session:
        found.append(insert_new_tuples(session, ReceiptNumber, _COLUMNS, [receipt(1)]))
        inserted.set()
        started.wait(10)
    thread.join(10)
    assert found == [{receipt(1)[:4]}, {receipt(2)[:4]}]
