"""The list of a kind's accounts reads what it shows, however many there are, and says its total as proved."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from cloud.database import Database
from cloud.ledger import listings
from cloud.ledger.models import Account, Balance
from cloud.ledger.proving import prove_now
from cloud.ledger.units import units
from cloud.web.keyset import KeysetSource
from tests.cloud.calling import call
from tests.cloud.console_data import CLOCK, console
from tests.cloud.ingesting import open_store
from tests.cloud.test_ledger_proof import posted
from tests.factories import new_id

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
        for after in ("", _late_owner(session)):
            query = cast("KeysetSource[Any]", listing.source).page(listing.asked({"after": after}))
            assert query is not None
            sql = query.compile(session.connection(), compile_kwargs={"literal_binds": True})
            (found,) = session.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")).scalars()
            plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
            assert 100 <= _rows_read(plan) < 200, json.dumps(plan)


def _late_owner(session: Session) -> str:
    """An account far into the list: at a page that is found by counting it would read all before it."""
    query = select(Account.owner).where(Account.kind == "purse_principal").order_by(col(Account.owner).desc())
    return session.exec(query.offset(400).limit(1)).one()


def test_pages_lead_on_to_the_end_and_back_however_many_and_whatever_comes_between(database: Database) -> None:
    open_store(database)
    owners = [f"{n:04d}" for n in range(1, 131)]
    with database.session() as session:
        _open(session, owners)
    app = console(database)

    def page(query: str) -> tuple[list[str], str, str]:
        said = call(app, "GET", f"/ledger/accounts{query}").text
        steps = {rel: html.unescape(href) for rel, href in re.findall(r'rel="(prev|next)" href="([^"]+)"', said)}
        return re.findall(r"<code>(?:<a[^>]*>)?(\d{4})", said), steps.get("prev", ""), steps.get("next", "")

    first, before, on = page("?kind=purse_principal&unit=CNY")
    assert (first, before) == (owners[:50], "")
    with database.session() as session:
        _open(session, ["0000"])
    second, back, on = page(on)
    assert second == owners[50:100], "a newcomer before it moves nobody onto the next page"
    third, _, end = page(on)
    assert (third, end) == (owners[100:], "")
    assert page(back)[0] == owners[:50]
    again, _, _ = page(page(back)[1])
    assert again == ["0000"]
    falling, _, on = page("?kind=purse_principal&unit=CNY&sort=-owner")
    assert falling == owners[:-51:-1]
    assert page(on)[0] == owners[-51:-101:-1]
    assert page("?kind=purse_principal&unit=CNY&after=zzzz")[0] == ["0000", *owners[:49]], "an old link opens"
    assert page("?kind=purse_principal&unit=CNY&after=%00")[0] == ["0000", *owners[:49]]
    assert len(page("?kind=purse_principal&unit=CNY&sort=amount&page=3")[0]) == 31, "by amount they have numbers"


def _open(session: Session, owners: Sequence[str]) -> None:
    """Open purses that hold something."""
    for owner in owners:
        account = Account(id=new_id(), kind="purse_principal", owner=owner, unit="CNY")
        session.add(account)
        session.flush()
        session.add(Balance(account_id=account.id, amount=100))


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
