"""The checker against small databases with the product's own tables: what holds passes, each sabotage is noticed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from sqlmodel import Session, create_engine

from cloud.database.commits import IngestCommit
from cloud.database.rowset import table_of
from cloud.ledger.models import Account, Balance, JournalRow, Posting
from cloud.loyalty.models import EarningRuleRow, MemberYear, TierRuleRow
from cloud.prices.models import TimelineEntryRow
from cloud.pricing_audit.models import PriceAuditDay
from cloud.sales.models import ReceiptNumber, Sale, SaleLine, SaleTender
from deploy.demo.check import verdict
from deploy.demo.check.expected import Expected, ExpectedLine, ExpectedSale
from deploy.demo.check.ledger_check import Rules
from deploy.demo.check.sides import _edge_line
from deploy.demo.check.verdict import Run, examine
from deploy.demo.sabotage import Sabotage, commit_sabotage
from shared.wire.events import decode_event
from tests.provision.databases import build

GOLDEN = Path(__file__).parents[1] / "golden"
SPACE = UUID(int=7)
AT_MS = 1_490_000_000_000
STORE, HOUSEHOLD = 367, 900


def uid(*parts: object) -> UUID:
    return uuid5(SPACE, "/".join(map(str, parts)))


@pytest.fixture
def expected():
    sales = {}
    for number in (1, 2, 3):
        lines = (ExpectedLine(10, 2, 300 * number), ExpectedLine(11, 1, 55))
        sale = ExpectedSale(str(uid("sale", number)), number, STORE, HOUSEHOLD, 13, AT_MS + number, lines)
        sales[sale.id] = sale
    result = Expected(sales=sales, stores=(STORE,), weeks=(13,), source_rows=6)
    result.source_tender_minor = sum(sale.total_minor for sale in sales.values())
    return result


def event_of(number: int, sale: ExpectedSale) -> dict:
    return {
        "kind": "sale",
        "id": sale.id,
        "store": f"s{sale.store}",
        "till": "t1",
        "at_ms": sale.at_ms,
        "receipt": {"series": "aa", "number": number, "previous": ""},
        "book": {"version": 1},
        "lines": [[f"p{line.product}", line.quantity, [line.net_minor, line.quantity]] for line in sale.lines],
        "tenders": [{"method": "cash", "minor": sale.total_minor}],
        "total_minor": sale.total_minor,
        "points_promised": sale.total_minor // 100,
    }


AGENT = """
INSERT INTO agent (one, agent, store, epoch, acked_seq) VALUES (1, 'a', 's367', x'01', 3);
INSERT INTO epoch (epoch, base, opened_ms, reason) VALUES (x'01', 10, 0, 'first');
INSERT INTO timeline (version, manifest, hash, activates_ms, ready, latched_ms) VALUES (1, x'', '', 0, 1, 0);
"""
EVENT = "INSERT INTO event (n, id, kind, head, content, made_ms) VALUES (10 + ?, ?, 'sale', x'00', ?, 0)"
RECEIPT = """
INSERT INTO receipt (till, series, number, head, event, n, kind, business_date, at_ms, total_minor)
VALUES ('t1', 'aa', ?, x'00', ?, ?, 'sale', '2017-03-20', ?, ?)
"""


def write_edge(path, expected):
    schema = (files("edge_agent.schema") / "0001_initial.sql").read_text()
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(schema)
        db.executescript(AGENT)
        for number, sale in enumerate(expected.sales.values(), start=1):
            id_ = UUID(sale.id).bytes
            db.execute(EVENT, (number, id_, json.dumps(event_of(number, sale)).encode()))
            db.execute(RECEIPT, (number, id_, 10 + number, sale.at_ms, sale.total_minor))


def put(session: Session, model: type, **values: object) -> None:
    """Insert a row, filling every column that must have something with nothing much."""
    table = table_of(model)
    fillers = {int: 0, str: "", bytes: b"", date: date(2017, 3, 20), UUID: uid("nobody"), bool: False}
    for column in table.columns:
        if column.name not in values and not column.nullable and column.default is None:
            values[column.name] = fillers.get(column.type.python_type, "")
    session.execute(table.insert().values(**values))


def write_cloud(url, expected):
    # An engine of our own: without foreign keys there is no need to fill tables the checker does not read.
    build(url)
    engine = create_engine(url)
    member, account, contra = uid("member"), uid("account"), uid("contra")
    total = 0
    with Session(engine) as session, session.begin():
        put(session, IngestCommit, no=1, sealed=True, audited=True)
        put(session, PriceAuditDay, store_id="s367", business_date=date(2017, 3, 20), verdict="same", sales=3)
        put(session, EarningRuleRow, version=1, rule=json.dumps({"points": 1, "per_minor": 100}))
        tiers = {"tiers": [{"code": "silver", "from_minor": 1000}, {"code": "gold", "from_minor": 99_999}]}
        put(session, TierRuleRow, version=1, rule=json.dumps(tiers))
        put(session, TimelineEntryRow, store_id="s367", version=1, activates_ms=0, status="staged")
        put(session, Account, id=account, kind="member_points", owner=str(member), unit="POINTS")
        put(session, Account, id=contra, kind="points_issued", owner="s367", unit="POINTS")
        for number, sale in enumerate(expected.sales.values(), start=1):
            id_, points = UUID(sale.id), sale.total_minor // 100
            total += points
            put(
                session, Sale, id=id_, store_id="s367", till_id="t1", receipt_series="aa", receipt_number=number,
                at_ms=sale.at_ms, book_version=1, total_minor=sale.total_minor, member_id=member,
                points_promised=points,
            )  # fmt: skip
            for n, line in enumerate(sale.lines, start=1):
                put(
                    session, SaleLine, sale_id=id_, n=n, item=f"p{line.product}", quantity=line.quantity,
                    net_minor=line.net_minor,
                )  # fmt: skip
            put(session, SaleTender, sale_id=id_, n=1, method="cash", minor=sale.total_minor)
            put(session, ReceiptNumber, store_id="s367", till_id="t1", series="aa", number=number, event_id=id_)
            put(session, JournalRow, cause=id_, purpose="earn", commit_no=1)
            put(session, Posting, cause=id_, purpose="earn", n=1, account_id=account, amount=points)
            put(session, Posting, cause=id_, purpose="earn", n=2, account_id=contra, amount=-points)
        put(session, Balance, account_id=account, amount=total)
        spend = sum(sale.total_minor for sale in expected.sales.values())
        put(session, MemberYear, member_id=member, year=2017, spend_minor=spend, tier="silver")
    engine.dispose()


@pytest.fixture
def run(tmp_path, expected, monkeypatch):
    monkeypatch.setattr(verdict, "expect", lambda *_: expected)
    edge, url = tmp_path / "agent.db", f"sqlite:///{tmp_path / 'cloud.db'}"
    write_edge(edge, expected)
    write_cloud(url, expected)
    rules = Rules(points=1, per_minor=100, tiers=[(1000, "silver"), (99_999, "gold")])
    return Run(tmp_path, 1, 3, 1, url, {"s367": edge}, rules, 1.25)


def test_a_run_that_kept_every_promise_passes(run, expected):
    report = examine(run)
    assert report["failures"] == []
    assert (report["stores"], report["baskets"], report["lines"], report["cloud_sales"]) == (1, 3, 6, 3)
    assert report["tender_minor"] == report["cloud_tender_minor"] == report["source_tender_minor"] == 1965
    assert (report["lost"], report["duplicated"], report["audit_differences"]) == (0, 0, 0)
    assert (report["points_posted"], report["ledger_balanced"]) == (3 + 6 + 9, True)
    assert (report["points_promised"], report["sales_with_a_promise"], report["promise_differences"]) == (18, 3, 0)
    assert (report["price_books_published"], report["price_books_applied"]) == (1, 1)


def test_the_state_is_hashed_from_canonical_lines(run, expected):
    lines = [f"sale {sale.id} s367 {sale.total_minor} cash={sale.total_minor}" for sale in expected.sales.values()]
    lines.append("member 8800000900 18 silver")
    assert examine(run)["state_sha256"] == sha256("\n".join(sorted(lines)).encode()).hexdigest()


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Sabotage.LOSE, "lost"),
        (Sabotage.DOUBLE, "duplicated"),
        (Sabotage.MISPRICE, "price"),
        (Sabotage.MISLEDGER, "ledger_balanced"),
    ],
)
def test_every_sabotage_is_noticed(run, kind, promise):
    commit_sabotage(kind, run.cloud_url)
    report = examine(run)
    assert promise in [failure.split(":")[0] for failure in report["failures"]]
    if kind is Sabotage.LOSE:
        assert report["lost"] == 1
    if kind is Sabotage.DOUBLE:
        assert report["duplicated"] == 1
    if kind is Sabotage.MISLEDGER:
        assert report["ledger_balanced"] is False


def test_a_missing_receipt_number_is_noticed(run):
    with closing(sqlite3.connect(run.cloud_url.removeprefix("sqlite:///"))) as db, db:
        db.execute("DELETE FROM receipt_number WHERE number = 2")
    assert [text for text in examine(run)["failures"] if text.startswith("receipts_gapless")]


def test_a_sale_by_the_wrong_price_book_is_noticed(run):
    with closing(sqlite3.connect(run.cloud_url.removeprefix("sqlite:///"))) as db, db:
        db.execute("INSERT INTO timeline_entry SELECT store_id, 2, ?, '', 'staged' FROM timeline_entry", (AT_MS,))
    report = examine(run)
    assert (report["price_books_published"], report["price_books_applied"]) == (2, 1)


def test_a_campaigns_coupon_of_which_head_office_does_not_know_is_noticed(run, expected):
    sale = next(iter(expected.sales.values()))
    expected.sales[sale.id] = replace(sale, coupons=(("c8-50000000001", 100),))
    failures = examine(run)["failures"]
    assert [text for text in failures if text.startswith("coupons: 2 times")], failures


def test_a_promise_that_is_not_kept_or_not_what_the_rule_gives_is_noticed(run):
    with closing(sqlite3.connect(run.edges["s367"])) as db, db:
        told, other = (f'"points_promised": {points}' for points in (3, 4))
        db.execute("UPDATE event SET content = CAST(replace(content, ?, ?) AS BLOB)", (told, other))
    assert [text for text in examine(run)["failures"] if text.startswith("promises: 1 times")]


def test_an_event_not_yet_acknowledged_is_noticed(run):
    with closing(sqlite3.connect(run.edges["s367"])) as db, db:
        db.execute("UPDATE agent SET acked_seq = 2")
    assert [text for text in examine(run)["failures"] if text.startswith("nothing_waits")]


@pytest.mark.parametrize("path", sorted((GOLDEN / "events").glob("sale*.json")), ids=lambda path: path.stem)
def test_lines_on_an_agents_disk_are_read_as_the_product_reads_them(path):
    content = path.read_bytes()
    recorded = [(line.item, line.quantity, line.net_minor) for line in decode_event(content).lines]
    assert [_edge_line(*line) for line in json.loads(content)["lines"]] == recorded
