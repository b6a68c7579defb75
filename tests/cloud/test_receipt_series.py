"""P9: HQ names a till's series in order across disks, and what another disk goes on from."""

from __future__ import annotations

from sqlmodel import Session, select

from cloud.database import Database
from cloud.fleet.models import Agent, AgentEpoch
from cloud.ingest.greet import greet
from cloud.receipt_series.series import TillSeries, by_till, last_receipts
from shared.hashchain import GENESIS, link
from shared.wire.desired import LastReceipt
from shared.wire.events import Event, SaleCompleted, encode_event
from tests.cloud.ingesting import RESTORES, NobodyShops, Outbox, add_agent, open_store, take_in
from tests.cloud.test_sales import receipts_chained
from tests.factories import AGENT, START_MS, STORE, make_epoch, make_sale, make_series


def sales(series: str, *numbers: int) -> list[Event]:
    """Return chained sales of till t1 with these receipt numbers."""
    return receipts_chained(*(make_sale([("1001", 1)], series=series, number=number) for number in numbers))


def head_of(events: list[Event]) -> bytes:
    head = GENESIS
    for event in events:
        head = link(head, encode_event(event))
    return head


def successor(database: Database, name: str = "a2", *, later_ms: int = 1) -> Outbox:
    """Enrol another PC of the store, and have it say hello with an empty disk."""
    with database.session() as session:
        add_agent(session, name)
        session.get_one(Agent, name).enrolled_ms = START_MS + later_ms
    outbox = Outbox(agent=name)
    greet(database, name, outbox.hello(), RESTORES)
    return outbox


def told(session: Session) -> dict[str, dict[str, LastReceipt]]:
    return last_receipts(session, session.exec(select(Agent)).all())


def listed(database: Database) -> list[TillSeries]:
    with database.snapshot() as session:
        return by_till(session, {STORE})[STORE, "t1"]


def test_p9_a_replacement_is_told_of_the_last_receipt_until_its_own_series_is_here(database: Database) -> None:
    open_store(database)
    sold = sales("one", 1, 2, 3)
    old = Outbox().add(make_series("one"), *sold)
    take_in(database, old.batch())
    new = successor(database)
    with database.snapshot() as session:
        last = LastReceipt(agent=AGENT, series="one", number=3, head=head_of(sold))
        assert told(session) == {"a2": {"t1": last}}
    follows = make_series("two", reason="moved_till", previous_series="one", previous_number=3)
    take_in(database, new.add(follows).batch())
    with database.snapshot() as session:
        assert told(session) == {}


def test_p9_receipts_that_drain_later_stay_before_the_successors(database: Database) -> None:
    open_store(database)
    sold = sales("one", 1, 2, 3)
    old = Outbox().add(make_series("one"), *sold)
    take_in(database, old.batch(last=2))
    new = successor(database)
    follows = make_series("two", reason="moved_till", previous_series="one", previous_number=1)
    take_in(database, new.add(follows).batch())
    take_in(database, old.batch(first=3))
    found = listed(database)
    assert [(one.series, one.agent, one.reason, one.complete_to) for one in found] == [
        ("one", AGENT, "first", 3),
        ("two", "a2", "moved_till", 0),
    ]
    assert (found[1].previous_series, found[1].previous_number) == ("one", 1)
    third = successor(database, "a3", later_ms=2)
    with database.snapshot() as session:
        assert told(session) == {third.agent: {"t1": LastReceipt(agent="a2", series="two", number=0, head=GENESIS)}}


def test_p9_a_series_opened_by_an_old_disk_after_its_successor_is_not_the_last(database: Database) -> None:
    open_store(database)
    take_in(database, Outbox().add(make_series("one")).batch())
    new = successor(database)
    take_in(database, new.add(make_series("two", reason="moved_till", previous_series="one")).batch())
    take_in(database, Outbox().add(make_series("late", reason="restored", previous_series="one")).batch())
    assert [one.series for one in listed(database)] == ["one", "late", "two"]


def test_p9_the_same_agent_on_an_empty_disk_is_told_too(database: Database) -> None:
    open_store(database)
    sold = sales("one", 1)
    take_in(database, Outbox().add(make_series("one"), *sold).batch())
    with database.session() as session:
        assert told(session) == {}
    fresh = Outbox()
    greet(database, AGENT, fresh.hello(), RESTORES)
    with database.snapshot() as session:
        assert told(session) == {AGENT: {"t1": LastReceipt(agent=AGENT, series="one", number=1, head=head_of(sold))}}


def test_p9_the_link_names_a_receipt_whose_head_is_known(database: Database) -> None:
    """Number 2 is missing: the heads of what stands behind it cannot be worked out."""
    open_store(database)
    sold = sales("one", 1, 2, 3)
    assert isinstance(sold[1], SaleCompleted)
    take_in(database, Outbox().add(sold[0], sold[2]).batch(), downstream=NobodyShops())
    successor(database)
    with database.snapshot() as session:
        (last,) = told(session)["a2"].values()
    assert (last.agent, last.number, last.head) == (AGENT, 1, head_of(sold[:1]))


def test_p9_an_agent_whose_series_go_on_after_hq_was_restored_is_told_nothing(database: Database) -> None:
    """It would be told something else after each sale, for ever, and open nothing."""
    open_store(database)
    take_in(database, Outbox().add(make_series("one"), *sales("one", 1)).batch())
    with database.session() as session:
        session.exec(select(AgentEpoch)).one().opened_ms -= 1
    again = Outbox().add(make_epoch(reason="hq_restored"))
    greet(database, AGENT, again.hello(), RESTORES)
    take_in(database, again.batch())
    with database.snapshot() as session:
        assert told(session) == {}
