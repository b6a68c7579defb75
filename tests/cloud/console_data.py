"""A console over a database with nothing in it, with a normal day's, and with too much of everything."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import msgspec
from fastapi import FastAPI
from sqlmodel import Session, col, update

from cloud.api.services import Services
from cloud.database import Database, bulk
from cloud.fleet.models import Agent, AgentEpoch, AgentGap
from cloud.ingest.models import ParkedEvent
from cloud.ledger.proving import prove_now
from cloud.org.models import Store, Till
from cloud.prices.models import PriceVersion, StoreManifest, TimelineEntryRow
from cloud.sales import days, hours
from cloud.sales.models import ReceiptNumber, ReceiptSeries
from cloud.settings import CloudSettings
from shared.hashchain import GENESIS
from shared.wire.desired import Manifest
from shared.wire.events import encode_event
from shared.wire.messages import Reported, TillReport
from tests.cloud.apps import console_of
from tests.cloud.ingesting import Outbox, add_agent, open_store, take_in
from tests.cloud.test_ledger_proof import posted
from tests.factories import START_MS, DrivenMachineClock, make_return, make_sale, new_id
from tests.golden.devices import LABELS, TERMINALS

CLOCK = DrivenMachineClock(START_MS)
LONG_NAME = "北京市朝阳区建国门外大街第一百二十八号超级旗舰购物中心店 Grand Flagship Shopping Centre North Entrance"
PARKED_SALE = UUID("01890000-0000-7000-8000-000000000001")
PARKED_JUNK = UUID("01890000-0000-7000-8000-000000000002")


def console(database: Database) -> FastAPI:
    """The app with its pages over a database."""
    clocks = SimpleNamespace(machine=CLOCK, business=SimpleNamespace(now_ms=CLOCK.wall_ms))
    services = cast("Services", SimpleNamespace(database=database, clocks=clocks, settings=CloudSettings()))
    return console_of(services)


def a_normal_day(database: Database) -> None:
    """Two stores, one of them with trouble of each kind."""
    open_store(database)
    open_store(database, "s002", ["s002-a"])
    sale = make_sale(number=1)
    outbox = Outbox().add(sale, make_return(sale, number=2), make_sale(number=5))
    take_in(database, outbox.batch())
    posted(database, 5)
    prove_now(database, CLOCK)
    with database.session() as session:
        session.add(Till(store_id="s001", id="t1", number=1))
        session.add(Till(store_id="s002", id="t1", number=1))
        session.flush()
        _hear(
            session,
            "s001-a",
            Reported(
                software="0.1.0", engine=1, tills=[TillReport(till="t1", version=1)], terminals=TERMINALS, labels=LABELS
            ),
        )
        problems = ["disk_full: this agent cannot sell until there is room"]
        reported = Reported(software="0.1.0", engine=1, backlog=3, disk_free_bytes=12_345_678_901, problems=problems)
        _hear(session, "s002-a", reported)
        _publish(session, ["s001", "s002"], 1)
        _park(session, PARKED_SALE, encode_event(make_sale(id=PARKED_SALE, number=9)), "arithmetic")
        _park(session, PARKED_JUNK, b"\xff\x00junk", "undecodable")
        session.add(AgentGap(agent_id="s001-a", epoch=new_id(), first=3, last=9, reason="pruned", declared_ms=START_MS))


def too_much(database: Database, stores: int = 120) -> None:
    """More stores than a page shows, long names, thousands of parked events, years of days."""
    a_normal_day(database)
    names = [f"m{number:03}" for number in range(stores)]
    for name in names:
        open_store(database, name, [f"{name}-a"])
    with database.session() as session:
        store = session.get_one(Agent, "s001-a")
        for number in range(40):
            session.add(
                AgentEpoch(agent_id=store.id, epoch=new_id(), watermark=10**9 + number, head=GENESIS,
                           opened_ms=START_MS, reason="restored")
            )  # fmt: skip
            add_agent(session, f"s001-z{number}", "s001", "revoked")
            session.add(Till(store_id="s001", id=f"till-{number}", number=number + 10))
        session.flush()
        for version in range(2, 80):
            _publish(session, ["s001"], version)
        session.execute(update(Store).where(col(Store.id).like("m%")).values(name=LONG_NAME))
        template = make_sale(number=1)
        for number in range(1_000):
            event = msgspec.structs.replace(template, id=new_id())
            _park(session, event.id, encode_event(event), "receipt_conflict", reason=f"{LONG_NAME} {number}")
        first = date(2020, 1, 1)
        days.add_sales(
            session,
            [(name, first + timedelta(days=n), 10, 10**12) for name in ("s001", *names[:20]) for n in range(1500)],
        )
        hours.add_sales(
            session,
            [(name, first, START_MS + n * 3_600_000, "Asia/Shanghai", 10**9) for name in names for n in range(16)],
        )
        numbers = [("s001", "t1", "t1-1", 1_000 + 2 * n, new_id(), bytes(16), None) for n in range(500)]
        columns = ("store_id", "till_id", "series", "number", "event_id", "previous", "head")
        bulk.insert_tuples(session, ReceiptNumber, columns, numbers)
        series = session.get_one(ReceiptSeries, ("s001", "t1", "t1-1"))
        series.highest = 2_000
        session.add(series)


def _hear(session: Session, agent: str, reported: Reported) -> None:
    row = session.get_one(Agent, agent)
    row.seen_ms, row.reported = CLOCK.wall_ms() - 5_000, msgspec.json.encode(reported)
    session.add(row)


def _publish(session: Session, stores: list[str], version: int) -> None:
    session.add(PriceVersion(version=version, title=LONG_NAME, published_by="x", published_ms=1, changed_rows=12_345))
    session.flush()
    for store in stores:
        session.add(
            TimelineEntryRow(
                store_id=store, version=version, activates_ms=version, activates_local="2026-01-01T06:00:00"
            )
        )
        content = msgspec.json.encode(Manifest(version=version, store=store, engine=1, bodies=[]))
        session.add(StoreManifest(version=version, store_id=store, content=content, hash="0" * 64))


def _park(session: Session, event: UUID, content: bytes, code: str, reason: str = "why") -> None:
    session.add(
        ParkedEvent(
            event_id=event, agent_id="s001-a", store_id="s001", epoch=new_id(), seq=1, kind="sale", content=content,
            code=code, reason=reason, parked_ms=START_MS,
        )
    )  # fmt: skip
