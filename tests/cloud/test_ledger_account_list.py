"""The list of a kind's accounts reads what it shows, however many there are, and says its total as proved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from cloud.database import Database
from cloud.ledger import listings
from cloud.ledger.proving import prove_now
from cloud.ledger.units import units
from tests.cloud.calling import call
from tests.cloud.console_data import CLOCK, console
from tests.cloud.ingesting import open_store
from tests.cloud.test_ledger_proof import posted

_MANY = 4_000


def _generate(database: Database) -> None:
    """Make that many purses and as many accounts of points, one in ten of them empty."""
    with database.session() as session:
        session.execute(
            text(
                "INSERT INTO account (id, kind, owner, unit)"
                " SELECT gen_random_uuid(), kind, gen_random_uuid()::text, unit FROM generate_series(1, :many),"
                " (VALUES ('purse_principal', 'CNY'), ('member_points', 'POINTS')) AS kinds (kind, unit)"
            ),
            {"many": _MANY},
        )
        session.execute(
            text(
                "INSERT INTO balance (account_id, amount, may_owe)"
                " SELECT id, CASE WHEN random() < 0.1 THEN 0 ELSE 500 END, false FROM account"
            )
        )
        session.execute(text("ANALYZE account, balance"))


def _rows_read(plan: dict[str, Any]) -> int:
    """Add up what the scans of a plan came to."""
    own = int(plan["Actual Rows"]) * int(plan["Actual Loops"]) if "Relation Name" in plan else 0
    return own + sum(_rows_read(one) for one in plan.get("Plans", ()))


@pytest.mark.postgresql
def test_a_page_of_accounts_reads_no_more_than_it_shows(postgresql_database: Database) -> None:
    """Ordered by amount it would read and sort them all: seconds for a million purses."""
    _generate(postgresql_database)
    with postgresql_database.snapshot() as session:
        listing = listings.accounts("purse_principal", "CNY", units(session))
        asked = listing.asked({})
        cut = listing.source.cut(session, asked)
        assert len(cut.rows) == 50
        assert [row.owner for row in cut.rows] == sorted(row.owner for row in cut.rows)
        order = next(column.order for column in listing.columns if column.key == asked.sort)
        query = listing.source.query(asked).order_by(order, *listing.source.last).limit(50)  # type: ignore[attr-defined]
        sql = query.compile(session.connection(), compile_kwargs={"literal_binds": True})
        (found,) = session.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")).scalars()
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    assert 100 <= _rows_read(plan) < 200, json.dumps(plan)


def test_the_total_is_the_proved_one(sqlite_database: Database) -> None:
    open_store(sqlite_database)
    posted(sqlite_database, 5)
    app = console(sqlite_database)
    place = "/ledger/accounts?kind=member_points&unit=POINTS"
    before = call(app, "GET", place).text
    assert "As proved" not in before
    prove_now(sqlite_database, CLOCK)
    after = call(app, "GET", place).text
    assert "As proved 2026-01-01 08:00:00." in after
    heading = after[after.index("<h1>") : after.index("</h1>")]
    assert heading == before[before.index("<h1>") : before.index("</h1>")]
    with sqlite_database.session() as session:
        session.execute(text("UPDATE balance SET amount = amount + 1"))
    assert heading in call(app, "GET", place).text, "nothing is added up for it"
