"""Ingest: what agents send ends up in the books once, whatever the wire does on the way."""

from __future__ import annotations

from cloud.database import Database
from cloud.ingest.models import InboxEvent
from cloud.ingest.outcomes import Acked
from cloud.sales.models import Sale, SaleLine, SaleTender
from tests.cloud.ingesting import Outbox, count, open_store, take_in
from tests.factories import AGENT, make_sale


def test_a_batch_is_applied_and_acked(database: Database) -> None:
    open_store(database)
    outbox = Outbox().add(make_sale(number=1), make_sale(number=2))
    (outcome,) = take_in(database, outbox.batch())
    assert isinstance(outcome, Acked)
    assert (outcome.agent, outcome.epoch, outcome.seq) == (AGENT, outbox.epoch, 2)
    assert (count(database, Sale), count(database, SaleLine), count(database, SaleTender)) == (2, 4, 2)
    assert count(database, InboxEvent) == 2
