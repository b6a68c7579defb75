"""What cannot be applied is parked with its bytes, the rest flows, a person or a later event brings it back."""

from __future__ import annotations

import threading
from uuid import UUID

import msgspec
import pytest
from sqlmodel import select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.errors import Conflict, Invalid, NotFound
from cloud.ingest import applying, parked
from cloud.ingest.handlers import sale as sale_handler
from cloud.ingest.models import InboxEvent, ParkedEvent
from cloud.ingest.outcomes import Acked
from cloud.sales.models import Sale, SaleReturn
from shared.pricing.record import PromotionUse
from shared.wire.events import SaleCompleted, encode_event
from tests.cloud.ingesting import RESTORES, NobodyShops, Outbox, add_agent, count, of_kind, open_store, take_in
from tests.cloud.test_ingest_greet import ours, restore_empty
from tests.factories import AGENT, START_MS, make_epoch, make_return, make_sale, new_id


def parked_codes(database: Database) -> dict[UUID, str]:
    with database.session() as session:
        return {one.event_id: one.code for one in parked.open_events(session)}


def status_of(database: Database, event_id: UUID) -> str:
    with database.session() as session:
        return session.exec(of_kind(InboxEvent, event_id=event_id)).one().status


def replay(database: Database, event_id: UUID) -> object:
    with database.session() as session:
        return parked.replay(session, event_id, NobodyShops(), RESTORES, actor="me", now_ms=START_MS)


def repair(database: Database, event_id: UUID, content: bytes, reason: str = "till bug 12") -> None:
    with database.session() as session:
        parked.repair(session, event_id, content, actor="me", reason=reason, now_ms=START_MS)


def wrong_total(sale: SaleCompleted) -> SaleCompleted:
    return msgspec.structs.replace(sale, total_minor=sale.total_minor + 1)


def test_p1_poison_is_parked_with_its_bytes_and_the_rest_flows(database: Database) -> None:
    open_store(database)
    good, bad = make_sale(number=1), wrong_total(make_sale(number=2))
    outbox = Outbox().add(good, b"{not json", b'{"kind":"laser","id":"%s"}' % str(new_id()).encode(), bad)
    outbox.add(make_sale(number=3))
    (outcome,) = take_in(database, outbox.batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 5
    assert count(database, Sale) == 2
    assert sorted(parked_codes(database).values()) == ["arithmetic", "undecodable", "undecodable"]
    with database.session() as session:
        assert {one.content for one in parked.open_events(session)} == set(outbox.contents[1:4])
        assert parked.open_count(session) == 3
    assert status_of(database, bad.id) == "parked"
    take_in(database, Outbox().add(*outbox.contents).batch())
    assert (count(database, ParkedEvent), count(database, Sale)) == (3, 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"store": "s002"}, "store_mismatch"),
        ({"currency": "EUR"}, "malformed"),
        ({"exponent": 0}, "malformed"),
        ({"lines": []}, "malformed"),
        ({"business_date": "yesterday"}, "malformed"),
        ({"till": ""}, "malformed"),
        ({"tenders": []}, "arithmetic"),
        ({"total_minor": 1}, "arithmetic"),
        ({"promotions": [PromotionUse("p", points=-1)]}, "arithmetic"),
        ({"promotions": [PromotionUse("p", points=2**70)]}, "arithmetic"),
        ({"promotions": [PromotionUse("p", spent_points=-1)]}, "arithmetic"),
        ({"promotions": [PromotionUse("p", multiplier_bp=2**70, base_minor=1)]}, "arithmetic"),
        ({"promotions": [PromotionUse("p", multiplier_bp=20_000, base_minor=-1)]}, "arithmetic"),
        ({"promotions": [PromotionUse("p", multiplier_bp=20_000, base_minor=10**9)]}, "arithmetic"),
    ],
)
def test_a_sale_that_contradicts_itself_is_parked(database: Database, change: dict[str, object], code: str) -> None:
    open_store(database)
    sale = msgspec.structs.replace(make_sale(), **change)
    take_in(database, Outbox().add(sale).batch())
    assert parked_codes(database) == {sale.id: code}
    assert count(database, Sale) == 0


def test_what_the_database_refuses_is_parked_alone(database: Database) -> None:
    """Also when the return of a good sale stands far from it in the group."""
    open_store(database)
    sales = [make_sale(number=n) for n in range(1, 8)]
    for index in (1, 5):
        line = msgspec.structs.replace(sales[index].lines[0], tax_rate_bp=2**80)
        sales[index] = msgspec.structs.replace(sales[index], lines=[line, *sales[index].lines[1:]])
    back = make_return(sales[6], number=8)
    (outcome,) = take_in(database, Outbox().add(back, *sales).batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 8
    assert parked_codes(database) == {sales[1].id: "database", sales[5].id: "database"}
    assert (count(database, Sale), count(database, SaleReturn)) == (5, 1)


def test_a_fault_of_ours_parks_only_its_event(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(database)
    odd = make_sale(number=2)
    check = sale_handler.check

    def fail(sale: SaleCompleted, shop: object) -> None:
        if sale.id == odd.id:
            raise ZeroDivisionError("a bug")
        check(sale, shop)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(sale_handler, "check", fail)
        take_in(database, Outbox().add(make_sale(number=1), odd, make_sale(number=3)).batch())
    assert parked_codes(database) == {odd.id: "failed"}
    assert replay(database, odd.id) is None
    assert count(database, Sale) == 3


def test_repair_and_replay_bring_a_sale_into_the_books(database: Database) -> None:
    open_store(database)
    right = make_sale()
    wrong = wrong_total(right)
    take_in(database, Outbox().add(wrong).batch())
    problem = replay(database, right.id)
    assert problem is not None
    assert problem.code == "arithmetic"  # type: ignore[attr-defined]
    repair(database, right.id, encode_event(right))
    assert replay(database, right.id) is None
    assert count(database, Sale) == 1
    assert parked_codes(database) == {}
    assert status_of(database, right.id) == "applied"
    with database.session() as session:
        row = parked.find(session, right.id)
        assert (row.original, row.resolution) == (encode_event(wrong), "replayed")
        entries = session.exec(select(AuditEntry.action, AuditEntry.actor, AuditEntry.reason)).all()
    assert ("parked.repair", "me", "till bug 12") in [tuple(entry) for entry in entries]
    with pytest.raises(Conflict, match="already"):
        replay(database, right.id)


def test_a_repair_keeps_the_event_and_says_why(database: Database) -> None:
    open_store(database)
    right = make_sale()
    take_in(database, Outbox().add(wrong_total(right)).batch())
    with pytest.raises(Invalid, match="no event"):
        repair(database, right.id, b"{}")
    with pytest.raises(Invalid, match="not"):
        repair(database, right.id, encode_event(make_sale()))
    with pytest.raises(Invalid, match="say why"):
        repair(database, right.id, encode_event(right), reason=" ")
    with pytest.raises(NotFound):
        repair(database, new_id(), encode_event(right))


def test_a_conflicting_sale_is_repaired_under_a_new_id(database: Database) -> None:
    open_store(database)
    sale = make_sale(number=1)
    twin = make_sale([("1002", 3)], id=sale.id, number=2)
    take_in(database, Outbox().add(sale).batch())
    take_in(database, Outbox().add(twin).batch())
    (event_id,) = parked_codes(database)
    assert replay(database, event_id) is not None
    renamed = msgspec.structs.replace(twin, id=new_id())
    repair(database, event_id, encode_event(wrong_total(renamed)))
    assert replay(database, event_id) is not None
    repair(database, event_id, encode_event(renamed))
    assert replay(database, event_id) is None
    assert count(database, Sale) == 2
    assert status_of(database, renamed.id) == "applied"


def test_what_is_dismissed_stays_where_it_is(database: Database) -> None:
    open_store(database)
    bad = wrong_total(make_sale())
    take_in(database, Outbox().add(bad).batch())
    with database.session() as session:
        parked.dismiss(session, bad.id, actor="me", reason="rung in training", now_ms=START_MS)
    assert parked_codes(database) == {}
    assert status_of(database, bad.id) == "dismissed"
    with database.session() as session:
        assert parked.find(session, bad.id).content == encode_event(bad)


def test_p5_a_return_before_its_sale_waits_for_it(database: Database) -> None:
    open_store(database, agents=(AGENT, "s001-b"))
    sale = make_sale(number=1)
    back = make_return(sale, number=2)
    take_in(database, Outbox("s001-b").add(back).batch())
    assert parked_codes(database) == {back.id: "original_missing"}
    take_in(database, Outbox().add(make_sale(number=7), sale).batch())
    assert parked_codes(database) == {}
    assert (count(database, Sale), count(database, SaleReturn)) == (2, 1)
    assert status_of(database, back.id) == "applied"


def test_p5_a_return_waits_for_a_sale_that_is_itself_parked(database: Database) -> None:
    open_store(database)
    right = make_sale(number=1)
    back = make_return(right, number=2)
    take_in(database, Outbox().add(wrong_total(right), back).batch())
    assert parked_codes(database) == {right.id: "arithmetic", back.id: "original_missing"}
    repair(database, right.id, encode_event(right))
    assert replay(database, right.id) is None
    assert count(database, SaleReturn) == 1
    assert parked_codes(database) == {}


def test_more_than_was_sold_does_not_come_back(database: Database) -> None:
    open_store(database)
    sale = make_sale([("1001", 3)], number=1)
    first, second, third = (make_return(sale, [(1, 2)], number=n) for n in (2, 3, 4))
    take_in(database, Outbox().add(sale, first, second).batch())
    take_in(database, Outbox().add(third, make_return(sale, [(1, 1)], number=5)).batch())
    assert parked_codes(database) == {second.id: "return_exceeds", third.id: "return_exceeds"}
    assert count(database, SaleReturn) == 2


def test_a_return_that_makes_no_sense_is_parked(database: Database) -> None:
    open_store(database)
    sale = make_sale([("1001", 3)], number=1)
    wrong = [
        msgspec.structs.replace(make_return(sale, number=2), currency="EUR"),
        msgspec.structs.replace(make_return(sale, number=3), lines=[]),
        msgspec.structs.replace(make_return(sale, number=4), total_minor=1),
        msgspec.structs.replace(make_return(sale, number=5), tenders=[]),
    ]
    take_in(database, Outbox().add(sale, *wrong).batch())
    assert sorted(parked_codes(database).values()) == ["arithmetic", "arithmetic", "malformed", "malformed"]


@pytest.mark.postgresql
def test_p5_a_return_and_its_sale_at_the_same_time_find_each_other(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither transaction sees the other's work, yet the return must not stay parked."""
    database = postgresql_database
    open_store(database)
    with database.session() as session:
        add_agent(session, "s001-b")
    sale = make_sale(number=1)
    back = make_return(sale, number=1, series="t9-1")
    sale_applied, return_looked = threading.Event(), threading.Event()
    apply_all = applying._apply

    def slowly(session: object, events: object, intake: object) -> object:
        refused = apply_all(session, events, intake)  # type: ignore[arg-type]
        if events[0].kind == "sale":  # type: ignore[index]
            sale_applied.set()
            assert return_looked.wait(10)
        else:
            return_looked.set()
        return refused

    monkeypatch.setattr(applying, "_apply", slowly)
    seller = threading.Thread(target=take_in, args=(database, Outbox().add(sale).batch()))
    seller.start()
    assert sale_applied.wait(10)
    take_in(database, Outbox("s001-b").add(back).batch())
    seller.join(10)
    assert parked_codes(database) == {}
    assert (count(database, Sale), count(database, SaleReturn)) == (1, 1)


def test_p1_a_new_epoch_that_was_parked_proves_a_restore_when_it_is_repaired(database: Database) -> None:
    """Its proof is the only word of what HQ lost: without it nobody would send that again."""
    open_store(database)
    before = ours(database)
    outbox = Outbox().add(make_sale(number=1), make_sale(number=2))
    take_in(database, outbox.batch())
    restore_empty(database)
    opened = make_epoch(
        reason="forked", previous_epoch=outbox.epoch, previous_seq=2, previous_ack=outbox.held(2, before)
    )
    take_in(database, Outbox().add(msgspec.structs.replace(opened, at_ms=-1)).batch())
    assert parked_codes(database) == {opened.id: "malformed"}
    assert ours(database) == before
    repair(database, opened.id, encode_event(opened))
    assert replay(database, opened.id) is None
    assert ours(database) != before
