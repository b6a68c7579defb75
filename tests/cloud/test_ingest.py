"""Ingest: what agents send ends up in the books once, whatever the wire does on the way."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.database import Database
from cloud.database.commits import IngestCommit
from cloud.fleet.models import AgentEpoch, AgentGap
from cloud.ingest.handlers import HANDLERS
from cloud.ingest.models import InboxEvent, ParkedEvent
from cloud.ingest.outcomes import Acked, Delivery, Forked, Rejected
from cloud.sales.models import Sale, SaleLine, SaleTender, SaleVoid, Swipe
from shared.hashchain import GENESIS
from shared.wire.events import EVENTS
from tests.cloud.ingesting import Outbox, add_agent, count, of_kind, open_store, take_in
from tests.factories import (
    AGENT,
    make_epoch,
    make_gap,
    make_sale,
    make_series,
    make_swipe,
    make_void,
    new_id,
)


def full(number: int) -> Outbox:
    return Outbox().add(*(make_sale(number=n) for n in range(1, number + 1)))


def test_a_batch_is_applied_and_acked(database: Database) -> None:
    open_store(database)
    outbox = full(2)
    (outcome,) = take_in(database, outbox.batch())
    assert isinstance(outcome, Acked)
    assert (outcome.agent, outcome.epoch, outcome.seq) == (AGENT, outbox.epoch, 2)
    assert (count(database, Sale), count(database, SaleLine), count(database, SaleTender)) == (2, 4, 2)
    assert count(database, InboxEvent) == 2


def test_every_kind_of_event_has_a_handler() -> None:
    assert {kind.__struct_config__.tag for kind in EVENTS} == set(HANDLERS)


def test_p1_a_repeated_batch_changes_nothing_and_is_acked_again(database: Database) -> None:
    open_store(database)
    outbox = full(5)
    take_in(database, outbox.batch())
    (outcome,) = take_in(database, outbox.batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 5
    (outcome,) = take_in(database, outbox.batch(2, 3))
    assert isinstance(outcome, Acked)
    assert outcome.seq == 5
    assert (count(database, Sale), count(database, InboxEvent), count(database, IngestCommit)) == (5, 5, 1)


def test_p1_an_overlapping_batch_adds_only_what_is_new(database: Database) -> None:
    open_store(database)
    outbox = full(6)
    take_in(database, outbox.batch(1, 4))
    (outcome,) = take_in(database, outbox.batch(3, 6))
    assert isinstance(outcome, Acked)
    assert outcome.seq == 6
    assert count(database, Sale) == 6


def test_a_hole_is_acked_where_hq_stands(database: Database) -> None:
    open_store(database)
    outbox = full(6)
    take_in(database, outbox.batch(1, 2))
    (outcome,) = take_in(database, outbox.batch(5, 6))
    assert isinstance(outcome, Acked)
    assert outcome.seq == 2
    assert count(database, Sale) == 2


def test_batches_of_one_group_are_put_in_order(database: Database) -> None:
    open_store(database)
    outbox = full(6)
    (outcome,) = take_in(database, outbox.batch(4, 6), outbox.batch(1, 3), outbox.batch(2, 3))
    assert isinstance(outcome, Acked)
    assert outcome.seq == 6
    assert count(database, Sale) == 6


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 7)), max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_p1_any_order_of_any_batches_ends_in_the_same_books(books: Database, cuts: list[tuple[int, int]]) -> None:
    series = str(new_id())
    outbox = Outbox().add(*(make_sale(number=n, series=series) for n in range(1, 9)))
    for first, more in cuts:
        take_in(books, outbox.batch(first, min(first + more, 8)))
    (outcome,) = take_in(books, outbox.batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 8
    with books.session() as session:
        assert len(session.exec(of_kind(Sale, receipt_series=series)).all()) == 8


@pytest.fixture
def books(sqlite_database: Database) -> Database:
    open_store(sqlite_database)
    return sqlite_database


def test_p1_a_batch_that_does_not_meet_the_chain_is_a_fork(database: Database) -> None:
    open_store(database)
    outbox = full(4)
    take_in(database, outbox.batch(1, 2))
    other = Outbox(epoch=outbox.epoch, contents=outbox.contents[:1]).add(make_sale(number=7), make_sale(number=8))
    (outcome,) = take_in(database, other.batch(3, 3))
    assert outcome == Forked(AGENT, outbox.epoch, outcome.incarnation, 2, "chain")
    (outcome,) = take_in(database, other.batch(2, 3))
    assert isinstance(outcome, Forked)
    assert count(database, Sale) == 2


def test_p1_a_clone_that_reuses_numbers_behind_the_watermark_is_not_acked(database: Database) -> None:
    """Its numbers are all behind the watermark and its first ones even chain; only the events tell."""
    open_store(database)
    outbox = full(6)
    take_in(database, outbox.batch())
    clone = Outbox(epoch=outbox.epoch, contents=outbox.contents[:2]).add(make_sale(number=3))
    (outcome,) = take_in(database, clone.batch(3, 3))
    assert isinstance(outcome, Forked)


def test_p1_a_clone_resends_in_a_new_epoch_and_nothing_is_doubled(database: Database) -> None:
    open_store(database)
    outbox = full(3)
    take_in(database, outbox.batch())
    again = Outbox().add(make_epoch(reason="forked"), *outbox.contents, make_sale(number=4))
    (outcome,) = take_in(database, again.batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 5
    assert count(database, Sale) == 4
    with database.session() as session:
        assert session.exec(of_kind(AgentEpoch, epoch=again.epoch)).one().reason == "forked"


def test_p1_the_same_id_with_other_content_is_parked_not_dropped(database: Database) -> None:
    """A till whose disk was put back rings the same basket again: one sale, and the other is for a person to see."""
    open_store(database)
    sale = make_sale(number=1)
    take_in(database, Outbox().add(sale).batch())
    again = make_sale([("1001", 9)], id=sale.id, number=2)
    outbox = Outbox().add(again)
    (outcome,) = take_in(database, outbox.batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 1
    take_in(database, Outbox().add(*outbox.contents).batch())
    with database.session() as session:
        parked = session.exec(of_kind(ParkedEvent)).one()
        assert (parked.code, parked.content) == ("event_conflict", outbox.contents[0])
        assert session.exec(of_kind(Sale)).one().total_minor == sale.total_minor


def test_the_agent_of_the_topic_speaks_only_for_itself(database: Database) -> None:
    open_store(database, agents=(AGENT, "s001-b"))
    stolen = full(1).batch()
    assert take_in(database, Delivery("s001-b", stolen.batch)) == []
    assert take_in(database, Delivery("nobody", msgspec.structs.replace(stolen.batch, agent="nobody"))) == []
    assert count(database, Sale) == 0


@pytest.mark.parametrize(("status", "heard"), [("active", 1), ("draining", 1), ("revoked", 0)])
def test_p6_a_revoked_agent_is_not_heard(database: Database, status: str, heard: int) -> None:
    open_store(database, agents=())
    with database.session() as session:
        add_agent(session, AGENT, status=status)
    assert len(take_in(database, full(1).batch())) == heard
    assert count(database, Sale) == heard


def test_a_batch_beyond_the_limits_is_rejected(database: Database) -> None:
    open_store(database)
    batch = full(1).batch().batch
    for wrong in (
        msgspec.structs.replace(batch, first=0),
        msgspec.structs.replace(batch, previous=b"short"),
        msgspec.structs.replace(batch, epoch=None),
    ):
        (outcome,) = take_in(database, Delivery(AGENT, wrong))
        assert isinstance(outcome, Rejected)
        assert outcome.first == wrong.first
    assert count(database, Sale) == 0


def test_an_empty_batch_is_acked_and_opens_the_epoch(database: Database) -> None:
    open_store(database)
    outbox = Outbox()
    (outcome,) = take_in(database, outbox.batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 0
    with database.session() as session:
        assert session.exec(of_kind(AgentEpoch)).one().head == GENESIS


def test_two_agents_of_one_group_get_an_answer_each(database: Database) -> None:
    open_store(database)
    open_store(database, "s002", ["s002-a"])
    other = Outbox("s002-a").add(make_sale(store="s002", number=1))
    broken = Outbox(contents=[b"{}"])
    broken.head = lambda _: bytes([1]) * 32  # type: ignore[method-assign]
    outcomes = {one.agent: one for one in take_in(database, broken.batch(), other.batch())}
    assert isinstance(outcomes[AGENT], Forked)
    assert isinstance(outcomes["s002-a"], Acked)
    assert count(database, Sale) == 1


def test_swipes_voids_and_declared_gaps_are_kept(database: Database) -> None:
    open_store(database)
    lost = new_id()
    events = [make_series(), make_swipe(), make_void(number=1), make_gap(lost, 3, 9), make_epoch()]
    take_in(database, Outbox().add(*events).batch())
    assert (count(database, Swipe), count(database, SaleVoid), count(database, ParkedEvent)) == (1, 1, 0)
    with database.session() as session:
        gap = session.exec(of_kind(AgentGap)).one()
        assert (gap.epoch, gap.first, gap.last, gap.reason) == (lost, 3, 9, "pruned")
