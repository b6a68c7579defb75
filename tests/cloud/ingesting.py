"""An agent's stream for ingest tests: it numbers and chains events like a real outbox, and sends any part of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from uuid import UUID

import msgspec
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from cloud.database import Database, Table
from cloud.database.commits import Commit
from cloud.fleet.models import Agent
from cloud.ingest import incarnation
from cloud.ingest.apply import apply_batches
from cloud.ingest.intake import Downstream
from cloud.ingest.outcomes import Delivery, Outcome
from cloud.ingest.proofs import AckProofs
from cloud.ingest.restores import Restores
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from cloud.members.resolving import Resolution
from cloud.org.models import LegalEntity, Store, StoreOwnership
from shared.hashchain import GENESIS, link
from shared.pricing import Item
from shared.topics import shard_of
from shared.wire.events import Event, HeldAck, MemberOnSale, SaleCompleted, SaleReturned, encode_event
from shared.wire.messages import Batch, Hello, Reported
from tests.factories import AGENT, START_MS, STORE, DrivenMachineClock, new_id

T = TypeVar("T", bound=Table)


PROOFS = AckProofs([bytes(32)])
RESTORES = Restores(PROOFS, DrivenMachineClock())


@dataclass
class Outbox:
    """What an agent has on its disk for one epoch: exact bytes, in order."""

    agent: str = AGENT
    epoch: UUID = field(default_factory=new_id)
    contents: list[bytes] = field(default_factory=list)

    def add(self, *events: Event | bytes) -> Outbox:
        """Number events, in order."""
        self.contents.extend(one if isinstance(one, bytes) else encode_event(one) for one in events)
        return self

    def head(self, seq: int) -> bytes:
        """The chain head after event `seq`."""
        head = GENESIS
        for content in self.contents[:seq]:
            head = link(head, content)
        return head

    def batch(self, first: int = 1, last: int | None = None) -> Delivery:
        """A batch of the events from `first` to `last`, both included."""
        last = len(self.contents) if last is None else last
        return Delivery(
            self.agent,
            Batch(
                id=new_id(),
                agent=self.agent,
                connection=new_id(),
                at_ms=START_MS,
                sent_ms=START_MS,
                epoch=self.epoch,
                first=first,
                previous=self.head(first - 1),
                events=[msgspec.Raw(content) for content in self.contents[first - 1 : last]],
            ),
        )

    def held(self, seq: int, incarnation: UUID, agent: str | None = None) -> HeldAck:
        """What the agent keeps of HQ's ack up to `seq`."""
        head = self.head(seq)[:16]
        proof = PROOFS.make(agent or self.agent, self.epoch, incarnation, seq, head)
        return HeldAck(incarnation=incarnation, seq=seq, head=head, proof=proof)

    def hello(self, **fields: object) -> Hello:
        """A hello that says where this outbox stands."""
        given: dict[str, object] = {
            "id": new_id(),
            "agent": self.agent,
            "connection": new_id(),
            "at_ms": START_MS,
            "sent_ms": START_MS,
            "epoch": self.epoch,
            "last_seq": len(self.contents),
            "last_head": self.head(len(self.contents)),
            "reported": Reported(software="1", engine=1),
        }
        return Hello(**{**given, **fields})  # type: ignore[arg-type]


def said(held: HeldAck) -> dict[str, object]:
    """Return the fields of a hello or heartbeat that claim an ack."""
    return {
        "acked_seq": held.seq, "incarnation": held.incarnation, "acked_head": held.head, "acked_proof": held.proof
    }  # fmt: skip


class NobodyShops:
    """A downstream without members: cards lead to nobody, nothing is posted, items are known as given."""

    def __init__(self, items: Mapping[str, Item] | None = None) -> None:
        self.items = items or {}

    def describe(
        self, _session: Session, wanted: Mapping[tuple[str, int], Collection[str]]
    ) -> Mapping[tuple[str, int], Mapping[str, Item]]:
        return {
            book: {item: self.items[item] for item in items if item in self.items} for book, items in wanted.items()
        }

    def resolve(self, _session: Session, references: Sequence[MemberOnSale], _now_ms: int) -> Sequence[Resolution]:
        return [Resolution() for _ in references]

    def people(self, _session: Session, members: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        return {member: member for member in members}

    def owners(self, _session: Session, _cards: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        return {}

    def post(
        self, _session: Session, _commit_no: int, sales: Sequence[SaleFacts], returns: Sequence[ReturnFacts]
    ) -> None:
        assert not sales, "nobody here is a member"
        assert not returns

    def saw(self, _session: Session, _commit_no: int, visits: Collection[tuple[UUID, str, int]]) -> None:
        assert not visits, "nobody here is a member"

    def settle(
        self, _session: Session, _posted: Commit, _sales: Sequence[SaleCompleted], _returns: Sequence[SaleReturned]
    ) -> None:
        return


def open_store(database: Database, store: str = STORE, agents: Sequence[str] = (AGENT,)) -> None:
    """Set a chain up with one store and its agents."""
    with database.session() as session:
        if session.get(LegalEntity, "e1") is None:
            session.add(LegalEntity(id="e1", name="Chain Ltd"))
            incarnation.renew(session, "first", DrivenMachineClock())
        session.flush()
        session.add(Store(id=store, name=store, time_zone="Asia/Shanghai", currency="CNY", price_zone="z1"))
        session.flush()
        session.add(StoreOwnership(store_id=store, from_date=date(2020, 1, 1), legal_entity_id="e1"))
        for agent in agents:
            add_agent(session, agent, store)


def add_agent(session: Session, agent: str, store: str = STORE, status: str = "active") -> None:
    """Enrol an agent."""
    session.add(
        Agent(
            id=agent,
            store_id=store,
            shard=shard_of(agent),
            status=status,
            public_key=b"key",
            card_key=bytes(32),
            enrolled_ms=START_MS,
        )
    )
    session.flush()


def take_in(database: Database, *deliveries: Delivery, downstream: Downstream | None = None) -> list[Outcome]:
    """Apply deliveries as one group."""
    return apply_batches(database, deliveries, DrivenMachineClock(), downstream or NobodyShops(), RESTORES)


def count(database: Database, model: type[Table]) -> int:
    """Count the rows of a table."""
    with database.session() as session:
        return session.exec(select(func.count()).select_from(model)).one()


def of_kind(model: type[T], **where: object) -> SelectOfScalar[T]:
    """Select the rows of a table with these values."""
    query = select(model)
    for name, value in where.items():
        query = query.where(col(getattr(model, name)) == value)
    return query
