"""HQ's side of a store's day: staff and policies in signed settings, shifts, cash, copies, goods without a receipt."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from cloud.api.services import Services
from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.errors import Conflict, Invalid, NotFound
from cloud.fleet.models import Agent
from cloud.identity import tokens
from cloud.ingest.desired import desired_document
from cloud.pricing_audit import audit_pending
from cloud.process.parts import build_services
from cloud.sales.models import SaleTender, StoreDay
from cloud.store_days import policies, reading, staff
from cloud.store_days.models import (
    BasketVoid,
    CashMovement,
    GoodsReturn,
    GoodsReturnLine,
    ReceiptCopy,
    SaleAdjustment,
    SaleAgeCheck,
    ShiftReport,
    Staff,
    StaffAct,
    TillShift,
)
from shared.adjustments import PriceChange, RoundOff, adjust
from shared.money import UnitPrice
from shared.pins import fits, hash_secret
from shared.pricing import PricedBasket
from shared.wire.events import Event, GoodsReturned, Receipt, SaleCompleted, Tender, TenderKind
from shared.wire.policies import Approval, StaffRole, TillPolicies
from shared.wire.till_events import (
    AgeCheck,
    AgeProof,
    BasketVoided,
    CashMove,
    CashMoved,
    CountedCash,
    GoodsLine,
    ReceiptReprinted,
    ShiftClosed,
    ShiftOpened,
    ShiftTotals,
    StaffActed,
    StaffAction,
)
from tests.cloud.apps import served_api_of
from tests.cloud.boxes import Box, make_box, served_api
from tests.cloud.ingesting import Outbox, count, open_store, take_in
from tests.cloud.members_data import open_chain, take
from tests.cloud.test_pricing_audit import Books
from tests.factories import START_MS, make_event, make_price_book, make_sale, new_id

DAY = date(2026, 1, 1)
SALT = bytes(16)


def shift_events() -> list[Event]:
    shift = new_id()
    close = {"shift": shift, "opened_ms": START_MS, "closed_ms": START_MS + 5}
    return [
        make_event(StaffActed, action=StaffAction.SIGN_IN, role="cashier"),
        make_event(ShiftOpened, id=shift, shift=shift, float_minor=30_000, currency="CNY"),
        make_event(CashMoved, shift=shift, move=CashMove.DROP, minor=5_000, reason="safe", approved_by="sue"),
        make_event(ShiftClosed, version=1, totals=ShiftTotals(sales=1, sales_minor=500), **close),
        make_event(
            ShiftClosed,
            version=2,
            totals=ShiftTotals(sales=2, sales_minor=900, cash_expected_minor=25_900),
            counted=[CountedCash(value_minor=100, count=259)],
            counted_minor=25_900,
            because=new_id(),
            **close,
        ),
        make_event(BasketVoided, basket=new_id(), lines=2, total_minor=700, reason="left"),
        make_event(ReceiptReprinted, original=new_id(), copy=1),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_day_is_the_same_in_whatever_order_and_however_often_it_comes(database: Database, seed: int) -> None:
    open_store(database)
    found = shift_events()
    random.Random(seed).shuffle(found)
    outbox = Outbox().add(*found)
    for first in (1, 4):
        batch = outbox.batch(first, min(first + 2 if first == 1 else 99, len(found)))
        take_in(database, batch)
        take_in(database, batch)
    for table, rows in (
        (StaffAct, 1),
        (TillShift, 1),
        (CashMovement, 1),
        (ShiftReport, 2),
        (BasketVoid, 1),
        (ReceiptCopy, 1),
    ):
        assert count(database, table) == rows, table
    with database.snapshot() as session:
        (newest,) = reading.newest_reports(session, "s001", DAY)
        assert (newest.version, newest.sales_minor, newest.counted_minor) == (2, 900, 25_900)
        assert [one.version for one in reading.reports_of(session, newest.shift_id)] == [2, 1]
        assert [one.minor for one in reading.cash_of(session, "s001", DAY)] == [5_000]
        assert len(reading.shifts_of(session, "s001", DAY)) == 1
        with pytest.raises(NotFound):
            reading.reports_of(session, UUID(int=9))


def test_another_report_of_the_same_version_is_parked_and_the_first_stands(database: Database) -> None:
    open_store(database)
    close = {"shift": new_id(), "opened_ms": START_MS, "closed_ms": START_MS, "version": 1}
    first, second, third = (
        make_event(ShiftClosed, totals=ShiftTotals(sales_minor=minor), **close) for minor in (1, 2, 3)
    )
    nameless = make_event(ShiftClosed, totals=ShiftTotals(), **{**close, "shift": None})
    huge = make_event(CashMoved, move=CashMove.IN, minor=10**17, reason="x")
    take_in(database, Outbox().add(first, second, nameless, huge).batch())
    take_in(database, Outbox("s001-a", epoch=new_id()).add(third).batch())
    with database.snapshot() as session:
        (kept,) = reading.newest_reports(session, "s001", DAY)
    assert kept.sales_minor == 1
    assert count(database, CashMovement) == 0


def test_goods_without_a_receipt_have_a_number_and_count_into_the_day(database: Database) -> None:
    open_store(database)
    line = GoodsLine(
        n=1, item="1001", quantity=2, price=UnitPrice(450), refund_minor=900, tax_rate_bp=900, tax_minor=74
    )
    good = make_event(
        GoodsReturned,
        receipt=Receipt(series="t1-1", number=1, previous=bytes(9)),
        lines=[line],
        tenders=[Tender(method=TenderKind.CASH, minor=900)],
        currency="CNY",
        total_minor=900,
        book_version=1,
        approved_by="max",
    )
    wrong = msgspec.structs.replace(
        good, id=new_id(), total_minor=901, receipt=Receipt(series="t1-1", number=2, previous=bytes(9))
    )
    take_in(database, Outbox().add(good, wrong).batch())
    assert (count(database, GoodsReturn), count(database, GoodsReturnLine), count(database, SaleTender)) == (1, 1, 1)
    with database.snapshot() as session:
        day = session.execute(select(table_of(StoreDay))).one()
    assert (day.returns, day.refund_minor) == (1, 900)


def decided_sale() -> SaleCompleted:
    sale = make_sale([("1001", 2), ("1002", 1)])
    basket = PricedBasket(lines=sale.lines, total_minor=sale.total_minor, saved_minor=0)
    change = PriceChange(line=2, price=UnitPrice(1000), reason="damaged", by="c1", approved_by="sue")
    done = adjust(basket, [change], RoundOff(minor=3, by="c1"))
    return msgspec.structs.replace(
        sale,
        lines=done.priced.lines,
        total_minor=done.priced.total_minor,
        tenders=[Tender(method=TenderKind.CASH, minor=done.priced.total_minor)],
        adjustments=done.adjustments,
        age_checks=[AgeCheck(years=18, proof=AgeProof.SEEN, by="c1")],
    )


def test_p4_the_audit_takes_what_people_decided_as_a_fact_and_only_that(database: Database) -> None:
    open_chain(database)
    sale = decided_sale()
    nameless = msgspec.structs.replace(sale, id=new_id(), adjustments=[], receipt=_second(sale))
    take(database, [sale, nameless])
    assert (count(database, SaleAdjustment), count(database, SaleAgeCheck)) == (2, 2)
    audited = audit_pending(database, Books(make_price_book()), START_MS)
    assert (audited.sales, audited.findings) == (2, 1), "nobody is named for the second's"


def _second(sale: SaleCompleted) -> Receipt:
    return msgspec.structs.replace(sale.receipt, number=2)


def test_staff_reaches_their_stores_signed_and_hashed_and_nobody_elses(database: Database) -> None:
    open_chain(database)
    with database.session() as session:
        member = Staff(code="anna", name="Anna", role="supervisor")
        staff.add(session, member, pin="2580", salt=SALT, stores=["s001"], actor="t", now_ms=START_MS)
        staff.set_card(session, "anna", "770001", fresh_salt=SALT, actor="t", now_ms=START_MS)
        with pytest.raises(Conflict):
            staff.add(
                session, Staff(code="anna", name="B", role="cashier"), pin="", salt=SALT, stores=[], actor="t", now_ms=0
            )
    with database.snapshot() as session:
        (told,) = staff.staff_of(session, ["s001", "s002"]).get("s001", [])
        assert (told.code, told.role) == ("anna", StaffRole.SUPERVISOR)
        assert fits("2580", told.pin)
        assert b"2580" not in msgspec.json.encode(told)
        assert staff.card_salt(session) == SALT
        agent = session.execute(select(Agent).where(Agent.store_id == "s001")).scalars().first()
        document = desired_document(session, agent, START_MS) if agent else None
    if document is not None:
        assert document.settings.staff == [told]
    with database.session() as session:
        staff.leave(session, "anna", actor="t", now_ms=START_MS)
        assert staff.staff_of(session, ["s001"]) == {}
        with pytest.raises(NotFound):
            staff.find(session, "anna")


@pytest.mark.parametrize("pin", ["123", "1111", "1234", "9876", "12a4", "1" * 13])
def test_a_pin_that_everybody_guesses_is_refused(database: Database, pin: str) -> None:
    open_chain(database)
    member = Staff(code="anna", name="Anna", role="cashier")
    with database.session() as session, pytest.raises(Invalid):
        staff.add(session, member, pin=pin, salt=SALT, stores=["s001"], actor="t", now_ms=START_MS)


def test_policies_are_the_chains_unless_a_store_has_its_own(database: Database) -> None:
    open_chain(database)
    own = msgspec.json.encode(TillPolicies(sign_in="pin", approvals={Approval.VOID_LINE: "supervisor"}))
    with database.session() as session:
        policies.set_policies(session, b'{"cash_step": 10}', actor="t", now_ms=START_MS)
        policies.set_policies(session, own, store="s001", actor="t", now_ms=START_MS)
        found = policies.policies_of(session, ["s001", "other"])
        assert (found["s001"].sign_in, found["s001"].cash_step, found["other"].cash_step) == ("pin", 0, 10)
        assert found["s001"].needs(Approval.VOID_LINE) is StaffRole.SUPERVISOR
        for bad in (b"{", b'{"sign_in": "maybe"}', b'{"cash_step": -1}', b'{"approvals": {"return": "king"}}'):
            with pytest.raises(Invalid):
                policies.set_policies(session, bad, actor="t", now_ms=START_MS)
        with pytest.raises(NotFound):
            policies.set_policies(session, b"{}", store="nowhere", actor="t", now_ms=START_MS)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = make_box(tmp_path)
    made.add_store("s001")
    yield made
    made.database.close()


@pytest.fixture
def services(box: Box) -> Iterator[Services]:
    made = build_services(box.settings)
    yield made
    made.database.close()


def test_staff_and_policies_over_http(box: Box, services: Services) -> None:
    with box.database.session() as session:
        token = tokens.create(session, name="it", scopes=["stores:write"], days=1, actor="t", now_ms=_now(services))
    headers = {"Authorization": f"Bearer {token}"}
    store = "s001"
    with served_api(served_api_of(services, box.settings)) as http:
        http.headers.update(headers)
        new = {"code": "anna", "name": "Anna", "stores": [store], "pin": "2580"}
        made = http.post("/api/v1/staff", json=new)
        assert made.status_code == 201, made.text
        assert (made.status_code, made.json()["has_pin"]) == (201, True)
        assert "2580" not in http.get("/api/v1/staff").text
        assert http.put("/api/v1/staff/anna/pin", json={"pin": "1"}).status_code in {400, 422}
        assert http.put("/api/v1/till-policies", json={"sign_in": "pin"}).json()["sign_in"] == "pin"
        assert http.get("/api/v1/till-policies", params={"store": store}).json()["sign_in"] == "pin"
        assert http.get(f"/api/v1/stores/{store}/shifts", params={"day": "2026-01-01"}).status_code == 403
        assert http.delete("/api/v1/staff/anna").status_code == 204
        assert http.get("/api/v1/staff").json() == []


def _now(services: Services) -> int:
    return services.clocks.machine.wall_ms()


def test_a_secret_costs_whoever_guesses_it_a_tenth_of_a_second() -> None:
    """Other tests have theirs for nothing, by `tests/cloud/conftest.py`."""
    assert hash_secret("2580", bytes(16)).startswith("scrypt$13$8$4$")
