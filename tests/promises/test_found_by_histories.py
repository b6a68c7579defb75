"""What whole histories found, as small as it gets: each was a way to lose, double or hide something."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cloud.database import Database
from cloud.ingest import parked
from cloud.sales.models import SaleReturn
from tests.cloud.ingesting import Outbox, count, open_store, take_in
from tests.factories import make_return, make_sale


@pytest.fixture
def empty(tmp_path: Path) -> Database:
    from cloud.database import Table

    database = Database(f"sqlite:///{tmp_path / 'office.db'}")
    Table.metadata.create_all(database.engine)
    return database


def test_p5_a_return_at_another_store_waits_for_its_sale_and_then_counts(empty: Database) -> None:
    open_store(empty)
    open_store(empty, "s002", ["s002-a"])
    sale = make_sale(number=1)
    back = msgspec.structs.replace(make_return(sale, number=1), store="s002")
    take_in(empty, Outbox("s002-a").add(back).batch())
    take_in(empty, Outbox().add(sale).batch())
    with empty.session() as session:
        assert parked.open_events(session) == []
    assert count(empty, SaleReturn) == 1
