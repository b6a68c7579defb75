"""A till whose caller gives up, and names that are too long: what was paid goes to HQ, what cannot be is said."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.hq.envelope import Envelope
from edge_agent.hq.send_window import Rest, SendAfter
from edge_agent.hq.sender import Sender
from edge_agent.record import outbox
from edge_agent.record.outbox import Doorbell
from edge_agent.till.results import Paid, Refused
from edge_agent.till.till import Till
from shared.wire.events import SaleCompleted, TenderKind, decode_event
from tests.edge.tills import APPLES, CARD, Store, opened_store
from tests.factories import AGENT, new_id


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path) as store:
        yield store


@pytest.fixture
def till(store: Store) -> Till:
    return store.till()


async def last_sale(store: Store) -> SaleCompleted:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
    events = [decode_event(content) for (content,) in rows]
    return [event for event in events if isinstance(event, SaleCompleted)][-1]


async def test_p1_a_sale_whose_caller_was_cancelled_is_sent_all_the_same(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    held, going = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(_db: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(going.set)
        held.wait(10)

    holding = asyncio.ensure_future(store.database.run(hold))
    await going.wait()
    paying = asyncio.ensure_future(till.tender(TenderKind.CASH))
    await asyncio.sleep(0)  # it runs up to the database, where it queues behind `hold`
    paying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await paying
    held.set()
    await holding
    await store.database.run(lambda _db: None)
    assert (await last_sale(store)).till == "t1"
    await asyncio.wait_for(store.doorbell.wait(), 1)


async def test_p1_a_heartbeat_sends_what_nobody_rang_for(store: Store, till: Till) -> None:
    at = await store.database.read(outbox.position)
    sender = Sender(store.database, Doorbell(), store.machine, random=lambda: 0.5, epochs=store.epochs)
    window = sender._window
    window.connected(0.0)
    window.hello_sent(0.0)
    window.heard_ack(0.0, at.last_seq)
    looked = window.step(0.0)
    assert isinstance(looked, SendAfter)
    window.drained(looked.turn)
    assert isinstance(window.step(0.0), Rest)
    envelope = Envelope(AGENT, new_id(), store.clocks, store.mint)
    await sender.state(envelope)
    assert isinstance(window.step(0.0), Rest)
    await till.scan(APPLES)
    await till.tender(TenderKind.CASH)
    await sender.state(envelope)
    assert window.step(0.0) == SendAfter(at.last_seq, looked.max_events, looked.max_bytes, looked.turn)


@pytest.mark.parametrize("cashier", ["c" * 65, "c\0"])
async def test_a_cashier_code_that_is_none_is_refused_in_words(store: Store, till: Till, cashier: str) -> None:
    await till.scan(APPLES)
    till.cashier = cashier
    for answer in (await till.tender(TenderKind.CASH), await till.attach_card(CARD), await till.swipe(CARD)):
        assert isinstance(answer, Refused)
        assert answer.code == "cashier_code"
    till.cashier = "c" * 64
    assert isinstance(await till.tender(TenderKind.CASH), Paid)
    assert (await last_sale(store)).cashier == "c" * 64


async def test_a_till_with_an_endless_id_says_so(store: Store) -> None:
    answer = await store.till("t" * 33).scan(APPLES)
    assert isinstance(answer, Refused)
    assert answer.code == "till_id"
