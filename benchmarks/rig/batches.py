"""Batches as agents send them, made in memory: for what ingest does when no wire is in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from benchmarks.rig.office import CLOCK, mint
from benchmarks.rig.real_sales import StoreSale
from cloud.ingest.outcomes import Acked, Delivery, Outcome
from shared.hashchain import GENESIS, link
from shared.wire.events import BookReference, SaleCompleted, encode_event
from shared.wire.messages import Batch

EVENTS = 100


@dataclass(slots=True)
class _Stream:
    """One agent's sequence."""

    agent: str
    epoch: UUID = field(default_factory=mint)
    connection: UUID = field(default_factory=mint)
    sent: int = 0
    previous: bytes = GENESIS
    head: bytes = GENESIS
    waiting: list[bytes] = field(default_factory=list)

    def add(self, content: bytes) -> None:
        self.waiting.append(content)
        self.head = link(self.head, content)

    def batch(self) -> Delivery:
        now_ms = CLOCK.wall_ms()
        made = Batch(
            id=mint(), agent=self.agent, connection=self.connection, epoch=self.epoch, at_ms=now_ms, sent_ms=now_ms,
            first=self.sent + 1, previous=self.previous, events=[msgspec.Raw(content) for content in self.waiting],
        )  # fmt: skip
        self.sent += len(self.waiting)
        self.previous, self.waiting = self.head, []
        return Delivery(self.agent, made)


class Streams:
    """The sequences of several agents, `<store>-a` for store `<store>`."""

    def __init__(self, book: BookReference | None = None) -> None:
        self._book = book
        self._streams: dict[str, _Stream] = {}

    def batches(self, sales: Sequence[StoreSale]) -> list[Delivery]:
        """Return the batches that bring these sales, full ones first."""
        return [*self._full(sales), *self._rest()]

    def _full(self, sales: Sequence[StoreSale]) -> Iterator[Delivery]:
        for one in sales:
            stream = self._streams.setdefault(one.store, _Stream(f"{one.store}-a"))
            stream.add(encode_event(self._booked(one.sale)))
            if len(stream.waiting) == EVENTS:
                yield stream.batch()

    def _rest(self) -> Iterator[Delivery]:
        for stream in self._streams.values():
            if stream.waiting:
                yield stream.batch()

    def _booked(self, sale: SaleCompleted) -> SaleCompleted:
        return sale if self._book is None else msgspec.structs.replace(sale, book=self._book)


def grouped(deliveries: Sequence[Delivery], size: int) -> Iterator[Sequence[Delivery]]:
    """Yield groups as a worker takes them from its inbox."""
    for start in range(0, len(deliveries), size):
        yield deliveries[start : start + size]


def all_acked(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether everything was taken."""
    return all(isinstance(outcome, Acked) for outcome in outcomes)
