"""Drawers opened by hand arrive at HQ once, with who stood there."""

from __future__ import annotations

from uuid import UUID

from cloud.database import Database
from cloud.ingest.models import ParkedEvent
from cloud.sales.models import DrawerOpening
from shared.wire.drawer_events import DrawerOpened, DrawerReason
from tests.cloud.ingesting import Outbox, count, of_kind, open_store, take_in
from tests.factories import START_MS, STORE, make_device_time, new_id


def opened(reason: DrawerReason, business_date: str = "2026-01-01", cause: UUID | None = None) -> DrawerOpened:
    return DrawerOpened(
        id=new_id(),
        store=STORE,
        till="t1",
        cashier="c1",
        at_ms=START_MS,
        business_date=business_date,
        device=make_device_time(),
        reason=reason,
        cause=cause,
        kicked=cause is None,
    )


def test_openings_are_kept_once(database: Database) -> None:
    open_store(database)
    sale = new_id()
    events = [opened(DrawerReason.BY_HAND), opened(DrawerReason.SALE, cause=sale)]
    outbox = Outbox().add(*events)
    take_in(database, outbox.batch())
    take_in(database, outbox.batch())
    with database.session() as session:
        rows = session.exec(of_kind(DrawerOpening).order_by("reason")).all()
        found = [(row.reason, row.cashier, row.cause_id, row.kicked) for row in rows]
    assert found == [("by_hand", "c1", None, True), ("sale", "c1", sale, False)]


def test_an_opening_on_no_day_is_parked(database: Database) -> None:
    open_store(database)
    take_in(database, Outbox().add(opened(DrawerReason.TEST, "yesterday")).batch())
    assert count(database, DrawerOpening) == 0
    assert count(database, ParkedEvent) == 1
