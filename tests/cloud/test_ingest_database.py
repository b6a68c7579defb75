"""Ingest when the database is busy, lost or away: applied once or not at all, and never held against an event."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from cloud.database import Database
from cloud.database.transactions import in_transaction
from cloud.database.transience import is_transient
from cloud.errors import Unavailable
from cloud.ingest import apply
from cloud.ingest.models import InboxEvent, ParkedEvent
from cloud.ingest.outcomes import Acked
from cloud.sales.models import ReceiptNumber, Sale
from tests.cloud.ingesting import Outbox, count, open_store, take_in
from tests.factories import make_sale


@pytest.mark.postgresql
def test_p1_a_connection_lost_in_the_middle_is_tried_again(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgresql_database
    open_store(database)
    cuts = iter([True, False])
    apply_events = apply.apply_events

    def cut(session: Session, *rest: object) -> object:
        refused = apply_events(session, *rest)  # type: ignore[arg-type]
        if next(cuts):
            own = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with database.engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": own})
        return refused

    monkeypatch.setattr(apply, "apply_events", cut)
    (outcome,) = take_in(database, Outbox().add(make_sale(number=1), make_sale(number=2)).batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 2
    assert (count(database, Sale), count(database, InboxEvent), count(database, ParkedEvent)) == (2, 2, 0)


@pytest.mark.postgresql
def test_two_transactions_in_each_others_way_both_end_well(postgresql_database: Database) -> None:
    """The database ends one of the two; it is run again."""
    database = postgresql_database
    with database.session() as session:
        for number in (1, 2):
            row = {"n": number}
            session.execute(
                text(
                    "INSERT INTO deployment (one, incarnation, since_ms, reason) VALUES (:n, gen_random_uuid(), 0, '')"
                ),
                row,
            )
    both = threading.Barrier(2)
    first_time = threading.local()

    def work(session: Session, order: tuple[int, int]) -> None:
        for one in order:
            session.execute(text("UPDATE deployment SET since_ms = since_ms + 1 WHERE one = :n"), {"n": one})
            if not getattr(first_time, "over", False):
                first_time.over = True
                both.wait(10)

    threads = [
        threading.Thread(target=in_transaction, args=(database, lambda session, order=order: work(session, order)))
        for order in ((1, 2), (2, 1))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with database.session() as session:
        assert set(session.execute(text("SELECT since_ms FROM deployment")).scalars()) == {2}


def test_a_database_that_is_away_leaves_everything_unacked(tmp_path: Path) -> None:
    for url in ("postgresql+psycopg://nobody@127.0.0.1:1/none", f"sqlite:///{tmp_path}/no/such/directory.db"):
        database = Database(url)
        with pytest.raises(Unavailable, match="away"):
            take_in(database, Outbox().add(make_sale()).batch())
        database.close()


def test_an_event_s_own_fault_is_not_transient(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.session() as session:
        session.execute(text("INSERT INTO receipt_number (store_id) VALUES (NULL)"))
    assert not is_transient(caught.value)
    assert not is_transient(ValueError("x"))
    assert is_transient(MemoryError())
    assert count(database, ReceiptNumber) == 0
