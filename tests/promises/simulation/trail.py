"""What the model of a history knows, and what must hold at any moment of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from edge_agent.record import outbox
from shared.hashchain import GENESIS, link
from shared.wire.events import Event, decode_event
from shared.wire.messages import Batch
from tests.promises.simulation.box import Box
from tests.promises.simulation.office import HeadOffice, as_uuid, rows

E = TypeVar("E", bound=Event)
Link = tuple[int, bytes]
"""A number and the chain head after it."""


@dataclass
class Trail:
    """Everything that was ever issued and ever arrived, by the model's own account."""

    issued: dict[UUID, Event] = field(default_factory=dict)
    """Events that a till made, whether or not their commit came through."""
    paid: set[UUID] = field(default_factory=set)
    """Sales and returns for which the till said paid."""
    contents: dict[UUID, tuple[str, bytes]] = field(default_factory=dict)
    """Every event that arrived at head office: its agent and its exact bytes."""
    cards: dict[UUID, str] = field(default_factory=dict)
    """The number of the sealed card shown at a sale."""
    _before: dict[tuple[str, UUID, int, bytes], tuple[UUID, bytes]] = field(default_factory=dict)
    """Each link of a chain that arrived at head office: the event and the head before it."""

    agent_of: dict[UUID, str] = field(default_factory=dict)
    """Whose till made an event."""

    def issue(self, event: E, agent: str, card: str | None = None) -> E:
        self.issued[event.id] = event
        self.agent_of[event.id] = agent
        if card is not None:
            self.cards[event.id] = card
        return event

    def arrived(self, batch: Batch) -> None:
        """Note what a batch proves to have reached head office."""
        if batch.epoch is None:
            raise AssertionError("a batch without an epoch")
        head = batch.previous
        for seq, raw in enumerate(batch.events, start=batch.first):
            content = bytes(raw)
            following = link(head, content)
            event = decode_event(content).id
            self.contents[event] = (batch.agent, content)
            self._before[batch.agent, batch.epoch, seq, following] = (event, head)
            head = following

    def check_office(self, office: HeadOffice) -> None:
        """Watermarks stand only on what arrived and is kept; the ledger balances; nothing is there twice."""
        with office.database.snapshot() as session:
            inbox = {as_uuid(key) for (key,) in rows(session, "SELECT event_id FROM event")}
            marks = list(rows(session, "SELECT agent_id, epoch, watermark, head FROM agent_epoch"))
            sums = list(rows(session, "SELECT coalesce(sum(amount), 0) FROM posting"))
            wrong = list(rows(session, _WRONG_BALANCES))
            doubled = list(rows(session, _DOUBLED))
        assert sums == [(0,)], f"postings sum to {sums}"
        assert wrong == [], f"balances that are not their postings' sum, or below zero: {wrong}"
        assert doubled == [], f"receipts of one event under two numbers, or sales without an inbox row: {doubled}"
        for agent, epoch, seq, head in marks:
            self._check_watermark(agent, as_uuid(epoch), seq, bytes(head), inbox)

    def _check_watermark(self, agent: str, epoch: UUID, seq: int, head: bytes, inbox: set[UUID]) -> None:
        while seq:
            here = self._before.get((agent, epoch, seq, head))
            assert here is not None, f"watermark of {agent} {epoch} counts {seq}, which never arrived"
            event, head = here
            assert event in inbox, f"watermark of {agent} {epoch} counts event {event}, which is not kept"
            seq -= 1
        assert head == GENESIS

    def check_boxes(self, boxes: Iterable[Box], office: HeadOffice) -> None:
        """Receipts are gapless; a disk forgets nothing unbidden; what it holds as acked, that head office has."""
        with office.database.snapshot() as session:
            inbox = {as_uuid(key) for (key,) in rows(session, "SELECT event_id FROM event")}
        ours = office.incarnation()
        for box in boxes:
            if box.is_on:
                _check_receipts(box)
                _check_memory(box)
                if ours != office.unnoticed:  # until somebody notices, acks of before the restore say too much
                    _check_acked(box, ours, inbox)


def _check_receipts(box: Box) -> None:
    counted = box.disk.db.execute(
        "SELECT till, series, count(*), min(number), max(number) FROM receipt GROUP BY till, series"
    )
    for till, series, present, lowest, highest in counted:
        assert (lowest, highest) == (1, present), f"box {box.number}: {present} of {highest} in {till} {series}"


def _check_memory(box: Box) -> None:
    missing = box.past.ever - box.kept().keys() - box.past.pruned.keys()
    assert not missing, f"box {box.number} no longer has {missing}"


def _check_acked(box: Box, ours: UUID, inbox: set[UUID]) -> None:
    """The heart of P1: whoever believes an ack of the present head office is right to."""
    at = outbox.position(box.disk.db)
    if at.incarnation != ours:
        return
    acked = {key: seq for key, (epoch, seq) in box.kept().items() if epoch != at.epoch or seq <= at.acked_seq}
    wrong = {key: seq for key, seq in acked.items() if key not in inbox}
    assert not wrong, f"box {box.number} holds {at.acked_seq} of {at.epoch} as acked, head office lacks {wrong}"


_WRONG_BALANCES = """
SELECT balance.account_id, balance.amount, coalesce(sum(posting.amount), 0)
FROM balance LEFT JOIN posting ON posting.account_id = balance.account_id
GROUP BY balance.account_id, balance.amount
HAVING balance.amount <> coalesce(sum(posting.amount), 0) OR balance.amount < 0
"""
_DOUBLED = """
SELECT receipt_series, receipt_number, store_id, till_id FROM sale
GROUP BY receipt_series, receipt_number, store_id, till_id HAVING count(*) > 1
UNION ALL
SELECT sale.receipt_series, sale.receipt_number, sale.store_id, sale.till_id FROM sale
LEFT JOIN event ON event.event_id = sale.id WHERE event.event_id IS NULL
"""
