"""What a broken or hostile agent may send: it is parked, refused or passed over, and everybody else's flows on."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from types import SimpleNamespace, TracebackType
from typing import Any, Self
from uuid import UUID

import msgspec
import pytest
from sqlmodel import select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.fleet.models import AgentEpoch
from cloud.ingest import watermarks
from cloud.ingest.exchange import Addressed
from cloud.ingest.greet import greet, heartbeat
from cloud.ingest.inbox import Heard, Inbox
from cloud.ingest.misconduct import DAY_MS
from cloud.ingest.models import ParkedEvent
from cloud.ingest.opening import Unopened, open_heard
from cloud.ingest.outcomes import Acked, Rejected
from cloud.ingest.received import read
from cloud.ingest.restores import Restores
from cloud.ingest.worker import Worker
from cloud.process.jobs import run_jobs
from cloud.sales.models import Sale
from shared import codec
from shared.pricing.model import Discount
from shared.topics import SHARDS, Up, up_topic
from shared.wire.events import encode_event
from shared.wire.messages import DownlinkMessage, State, encode_message
from tests.cloud.ingesting import PROOFS, RESTORES, Outbox, count, of_kind, open_store, take_in
from tests.factories import AGENT, START_MS, STORE, DrivenMachineClock, make_sale, make_swipe, new_id

NESTED = b"[" * 100_000 + b"]" * 100_000
HUGE = 2**70


def _with_nul_kind() -> bytes:
    return encode_event(make_swipe()).replace(b'"device":{', b'"till_kind":"\\u0000","device":{')


@pytest.mark.parametrize(
    "content",
    [_with_nul_kind(), encode_event(make_sale(number=2, currency="C\0Y")), encode_event(make_sale(store="s\0"))],
    ids=["undecodable", "currency", "store"],
)
def test_p6_what_postgresql_cannot_write_is_parked_and_the_rest_flows(database: Database, content: bytes) -> None:
    open_store(database, agents=(AGENT, "s001-b"))
    honest = Outbox(agent="s001-b").add(make_sale(number=1, till="t2"))
    outcomes = take_in(database, Outbox().add(content).batch(), honest.batch())
    assert [one.seq for one in outcomes if isinstance(one, Acked)] == [1, 1]
    assert count(database, Sale) == 1
    with database.session() as session:
        assert session.exec(select(ParkedEvent)).one().content == content


def test_a_batch_nested_too_deeply_is_not_opened() -> None:
    outline = b'{"type":"batch","agent":"%s","connection":"%s","first":1,"x":%s}'
    payload = codec.pack(outline % (AGENT.encode(), str(new_id()).encode(), NESTED))
    assert isinstance(open_heard(Heard(up_topic(AGENT, Up.BATCH), payload)), Unopened)


def test_an_event_nested_too_deeply_is_undecodable() -> None:
    content = b'{"kind":"sale","id":"%s","x":%s}' % (str(new_id()).encode(), NESTED)
    assert read(AGENT, STORE, new_id(), 1, content).event is None


@pytest.mark.parametrize("sent_ms", [HUGE, -HUGE])
def test_a_clock_beyond_all_reason_is_taken_for_what_it_is(database: Database, sent_ms: int) -> None:
    open_store(database)
    outbox = Outbox()
    hello = outbox.hello(sent_ms=sent_ms)
    assert isinstance(greet(database, AGENT, hello, RESTORES), Acked)
    state = State(
        id=new_id(), agent=AGENT, connection=hello.connection, at_ms=START_MS, sent_ms=sent_ms, epoch=outbox.epoch
    )
    assert isinstance(heartbeat(database, AGENT, state, RESTORES), Acked)


def test_an_amount_that_no_till_charges_is_parked(database: Database) -> None:
    """Two of them added up would not fit the 64 bits of a ledger's sum."""
    open_store(database)
    sale = make_sale(number=1)
    line = msgspec.structs.replace(
        sale.lines[0], quantity=1, price=type(sale.lines[0].price)(2**62), net_minor=2**62, discounts=[], tax_minor=0
    )
    tender = msgspec.structs.replace(sale.tenders[0], minor=2**62)
    vast = msgspec.structs.replace(sale, lines=[line], tenders=[tender], total_minor=2**62)
    take_in(database, Outbox().add(vast).batch())
    assert count(database, Sale) == 0
    with database.session() as session:
        assert session.exec(of_kind(ParkedEvent, code="arithmetic")).one()


@pytest.mark.parametrize("taken_off", [[2**62, 2**62, -(2**62), -(2**62)], [10**30, -(10**30)]])
def test_discounts_that_cancel_out_are_parked_when_no_till_gives_them(database: Database, taken_off: list[int]) -> None:
    """The line is right in the end, but whoever adds up what a promotion cost meets each of them."""
    open_store(database)
    sale = make_sale(number=1)
    first = sale.lines[0]
    discounts = [*first.discounts, *(Discount(reason="promotion", minor=minor, source="p1") for minor in taken_off)]
    lines = [msgspec.structs.replace(first, discounts=discounts), *sale.lines[1:]]
    take_in(database, Outbox().add(msgspec.structs.replace(sale, lines=lines)).batch())
    assert count(database, Sale) == 0
    with database.session() as session:
        assert session.exec(of_kind(ParkedEvent, code="arithmetic")).one()


def test_a_quantity_that_no_till_sells_is_parked(database: Database) -> None:
    """It costs nothing as sent; at HQ's price it would not fit what an audit writes down."""
    open_store(database)
    sale = make_sale(number=1)
    line = msgspec.structs.replace(
        sale.lines[0], quantity=2**62, price=type(sale.lines[0].price)(0), net_minor=0, discounts=[], tax_minor=0
    )
    tender = msgspec.structs.replace(sale.tenders[0], minor=0)
    take_in(
        database, Outbox().add(msgspec.structs.replace(sale, lines=[line], tenders=[tender], total_minor=0)).batch()
    )
    assert count(database, Sale) == 0


@pytest.mark.parametrize(
    "said",
    [{"zone": ""}, {"zone": "Nowhere/City"}, {"zone": "../../etc/passwd"}, {"zone": "Europe"}, {"priced_ms": HUGE},
     {"priced_ms": -1}, {"priced_ms": 10**17}, {"opened_ms": 10**17}],
    ids=str,
)  # fmt: skip
def test_p4_a_sale_that_nobody_could_price_again_is_parked(sqlite_database: Database, said: dict[str, Any]) -> None:
    """The price audit would fail on it for ever."""
    open_store(sqlite_database)
    sale = make_sale(number=1)
    zone = said.pop("zone", sale.book.zone)
    sale = msgspec.structs.replace(sale, book=msgspec.structs.replace(sale.book, zone=zone), **said)
    take_in(sqlite_database, Outbox().add(sale).batch())
    assert count(sqlite_database, Sale) == 0
    with sqlite_database.session() as session:
        assert session.exec(of_kind(ParkedEvent, code="malformed")).one()


def test_a_job_that_fails_whatever_way_harms_no_other() -> None:
    stopping, done = threading.Event(), list[str]()

    def fails() -> bool:
        raise OverflowError("Python int too large to convert to SQLite INTEGER")

    def works() -> bool:
        done.append("work")
        stopping.set()
        return False

    run_jobs([("fails", fails), ("works", works)], stopping)
    assert done == ["work"]


def test_a_time_that_no_date_can_say_is_parked(database: Database) -> None:
    open_store(database)
    take_in(database, Outbox().add(msgspec.structs.replace(make_sale(number=1), at_ms=10**17)).batch())
    assert count(database, Sale) == 0
    with database.session() as session:
        assert session.exec(of_kind(ParkedEvent, code="malformed")).one()


class DeafBus:
    """A bus that takes everything and brings nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""

    def subscribe(self, filters: Iterable[str]) -> None:
        """Hear nothing."""

    unsubscribe = subscribe


class TouchyExchange:
    """Handles messages of everybody but one agent, whose messages it was never written for."""

    def __init__(self, bad: str) -> None:
        self.bad = bad
        self.handled: list[str] = []
        self.told: list[str] = []
        self.worker: Worker | None = None

    def answer(self, heard: Sequence[Addressed]) -> list[DownlinkMessage]:
        if any(agent == self.bad for agent, _ in heard):
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        self.handled += [agent for agent, _ in heard]
        self._stop_if_done()
        return []

    def unasked(self, agents: Sequence[str]) -> list[DownlinkMessage]:
        if self.bad in agents:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        self.told += agents
        self._stop_if_done()
        return []

    def _stop_if_done(self) -> None:
        if self.worker and len(self.handled) >= 4 and self.told:
            self.worker.stop()


def test_p6_a_message_that_breaks_ingest_does_not_keep_it_from_hearing_the_others() -> None:
    exchange, inbox = TouchyExchange("s001-b"), Inbox(max_bytes=1_000_000)
    roster = SimpleNamespace(agents_of=lambda _shards: [], due=lambda _shards: ["s001-b", "s001-c"])
    leases = SimpleNamespace(held=frozenset(SHARDS), turn=lambda: None, give_up=lambda: None)
    made: Any = Worker
    exchange.worker = made(
        make_bus=lambda _heard, _connected: DeafBus(),
        exchange=exchange, leases=leases, roster=roster, inbox=inbox, group=100,
    )  # fmt: skip
    for agent in ("s001-a", "s001-c", "s001-b", "s001-d", "s001-e"):
        inbox.put(up_topic(agent, Up.HELLO), encode_message(Outbox(agent=agent).hello()))
    assert exchange.worker is not None
    exchange.worker.run()
    assert sorted(exchange.handled) == ["s001-a", "s001-c", "s001-d", "s001-e"]
    assert set(exchange.told) == {"s001-c"}


def test_epochs_without_end_are_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a row for ever. What the agent opened before goes on, and tomorrow is another day."""
    monkeypatch.setattr(watermarks, "MAX_NEW_EPOCHS_A_DAY", 3)
    open_store(database, agents=(AGENT, "s001-b"))
    first = Outbox().add(make_sale(number=1))
    crowd = [Outbox().add(make_sale(number=n)) for n in range(2, 6)]
    take_in(database, first.batch())
    answers = take_in(database, *(one.batch() for one in crowd))
    assert sum(isinstance(one, Rejected) and one.reason == watermarks.TOO_MANY_EPOCHS for one in answers) == 2
    assert isinstance(greet(database, AGENT, Outbox().hello(), RESTORES), Rejected)
    assert isinstance(heartbeat(database, AGENT, _beat(new_id()), RESTORES), Rejected)
    first.add(make_sale(number=9))
    assert [type(one) for one in take_in(database, first.batch(2))] == [Acked]
    assert isinstance(greet(database, "s001-b", Outbox("s001-b").hello(), RESTORES), Acked)
    assert count(database, AgentEpoch) == 4
    with database.session() as session:
        assert session.exec(of_kind(AuditEntry, action="agent.too_many_epochs")).one().subject == AGENT
    tomorrow = Restores(PROOFS, DrivenMachineClock(START_MS + DAY_MS))
    assert isinstance(greet(database, AGENT, Outbox().hello(), tomorrow), Acked)


def _beat(epoch: UUID) -> State:
    return State(id=new_id(), agent=AGENT, connection=new_id(), at_ms=START_MS, sent_ms=START_MS, epoch=epoch)
