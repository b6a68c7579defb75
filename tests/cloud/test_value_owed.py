"""What is owed stands on the page as the ledger proved it and never otherwise, on both databases, at no great cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlmodel import Session

from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.ledger import AccountKey
from cloud.ledger.models import Balance
from cloud.ledger.proof_of_lots import by_kind
from cloud.ledger.proving import Proving
from cloud.value import owed_report
from cloud.value.models import Purse
from cloud.value.owing import Issued, by_issuer
from tests.cloud.test_value_api import asking
from tests.cloud.value_pages_data import Desk
from tests.factories import START_MS, DrivenMachineClock, new_id

LAST_PROVED = "We owe ￥100.00 in stored value."
WRONG = "The newest proof of the ledger found something wrong"
OFF = "What the issuers owe does not add up to what the ledger proves, so it is not shown here (CNY)."


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Collect what is asked of the database."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, text: str, values: Any, *_: object) -> None:
        seen.append((text, values))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def balance_moved(desk: Desk, minor: int) -> None:
    """Change a balance behind the ledger's back."""
    with desk.database.session() as session:
        row = session.get_one(Purse, desk.chain.purse)
        balance = table_of(Balance)
        account = AccountKey("purse_principal", row.owner, row.currency).id
        changed = update(balance).where(balance.c.account_id == account).values(amount=balance.c.amount + minor)
        session.execute(changed)


def test_p5_what_is_owed_stands_as_it_was_proved_and_says_when(desk: Desk) -> None:
    sue = desk.visitor()
    desk.chain.top_up(10_000)
    page = sue.get("/value").text
    assert "What we owe in stored value is being added up." in page
    assert "We owe" not in page, "no figure before the ledger was proved"
    desk.prove()
    page = sue.get("/value").text
    assert LAST_PROVED in page
    assert "as the ledger was proved 2026-01-01" in page
    assert 'href="/ledger"' in page
    desk.chain.top_up(5_000)
    page = sue.get("/value").text
    assert LAST_PROVED in page, "what no proof has seen is not added"
    assert "150.00" in page, "the purse itself is as it is now"
    desk.prove()
    assert "We owe ￥150.00 in stored value." in sue.get("/value").text


def test_p5_a_ledger_that_does_not_hold_changes_no_figure(desk: Desk) -> None:
    desk.chain.top_up(10_000)
    desk.prove()
    balance_moved(desk, 7_777)
    desk.prove()
    sue, read = desk.visitor(), asking(desk, "value:read")
    page = sue.get("/value").text
    assert (LAST_PROVED in page, WRONG in page) == (True, True)
    found = read("GET", "/value/owed").json()
    assert (found["holds"], found["issuers"][0]["principal_minor"]) == (False, 10_000)
    balance_moved(desk, -7_777)
    desk.prove()
    assert WRONG not in sue.get("/value").text
    found = read("GET", "/value/owed").json()
    assert (found["holds"], found["as_of_ms"]) == (True, START_MS)


def test_p5_issuers_that_do_not_add_up_to_the_ledger_change_no_figure(desk: Desk) -> None:
    """A second purse of the same accounts would count their money twice, and the ledger itself would hold."""
    desk.chain.top_up(10_000)
    desk.prove()
    with desk.database.session() as session:
        row = session.get_one(Purse, desk.chain.purse)
        twin = Purse(
            id=new_id(), currency=row.currency, card_id=new_id(), owner=row.owner, store_id=row.store_id,
            legal_entity_id=row.legal_entity_id, opened_ms=START_MS,
        )  # fmt: skip
        session.add(twin)
    desk.prove()
    sue = desk.visitor()
    page = sue.get("/value").text
    assert (LAST_PROVED in page, OFF in page) == (True, True)
    assert asking(desk, "value:read")("GET", "/value/owed").json()["holds"] is False
    with desk.database.session() as session:
        session.delete(session.get_one(Purse, twin.id))
    desk.prove()
    assert OFF not in sue.get("/value").text


@pytest.mark.parametrize(
    ("of_ledger", "expected"),
    [
        ({"purse_principal": {"CNY": 70}, "purse_principal_held": {"CNY": 30}, "purse_gift": {"CNY": 5}}, {}),
        (
            {"purse_principal": {"CNY": 100}, "purse_gift": {"CNY": 5}},
            {"CNY held": 30},
        ),
        (
            {"purse_principal": {"CNY": 70, "HKD": 1}, "purse_principal_held": {"CNY": 30}, "purse_gift": {"CNY": 4}},
            {"CNY gift": 1, "HKD principal": -1},
        ),
    ],
)
def test_every_figure_is_compared_with_the_postings(
    of_ledger: dict[str, dict[str, int]], expected: dict[str, int]
) -> None:
    issued = [Issued("a", "A", "CNY", 60, 5, 30, 2), Issued("", "", "CNY", 40, 0, 0, 1)]
    assert owed_report.misses(issued, of_ledger) == expected


def test_issuers_add_up_to_the_ledger_after_a_month_of_everything(desk: Desk) -> None:
    desk.a_month()
    desk.owe()
    with desk.database.snapshot() as session:
        assert owed_report.misses(by_issuer(session), by_kind(session)) == {}


def test_the_job_keeps_what_is_read_beside_a_proof(desk: Desk) -> None:
    desk.chain.top_up(10_000)
    Proving(desk.database, DrivenMachineClock(), beside=(owed_report.beside_proof,))()
    with desk.database.snapshot() as session:
        found = owed_report.owed(session)
    assert found.report is not None
    assert [one.principal for one in found.report.issued] == [10_000]
    assert (found.report.flows[-1].sold, len(found.report.flows)) == (10_000, owed_report.MONTHS)


def test_purses_of_nobody_are_a_link_away(desk: Desk) -> None:
    desk.chain.top_up(10_000)
    with desk.database.session() as session:
        session.get_one(Purse, desk.chain.purse).legal_entity_id = None
    desk.prove()
    sue = desk.visitor()
    assert 'href="/value?issuer=-"' in sue.get("/value").text
    link = f"/value/purses/{desk.chain.purse}"
    assert link in sue.get("/value?issuer=-").text
    assert link not in sue.get("/value?issuer=main").text


def test_the_page_adds_up_no_balances_and_sorts_no_purses(desk: Desk) -> None:
    desk.a_month()
    sue = desk.visitor()
    for address in ("/value", "/value?issuer=main", "/value?issuer=-", "/value?store=s001", "/value?state=frozen"):
        with statements(desk.database) as seen:
            assert sue.get(address).status_code == 200
        assert not [text for text, _ in seen if "sum(balance.amount)" in text or "JOIN journal" in text], address
        [(text, values)] = [one for one in seen if "ORDER BY purse.opened_ms DESC" in one[0]]
        if not desk.database.is_postgresql:  # PostgreSQL sorts a handful of rows whatever indexes there are
            with desk.database.snapshot() as session:
                assert not sorts(session, text, values), address


def sorts(session: Session, text: str, values: Any) -> list[str]:
    """Return the steps of a plan of SQLite that sort."""
    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
    return [row.detail for row in plan if "TEMP B-TREE" in row.detail]
