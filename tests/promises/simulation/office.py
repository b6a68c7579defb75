"""Head office in a simulation: the product's exchange on a real database, which can be put back to an earlier day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg
from sqlmodel import Session

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Refused
from cloud.fleet import card_keys
from cloud.fleet.models import Agent, Deployment
from cloud.ingest import incarnation
from cloud.ingest.apply import apply_batches
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.ingest.envelopes import Envelopes
from cloud.ingest.exchange import Exchange
from cloud.ingest.inbox import Heard
from cloud.ingest.opening import Unopened, open_heard
from cloud.ingest.outcomes import Delivery
from cloud.ingest.proofs import AckProofs
from cloud.ingest.restores import Restores
from cloud.ledger import AccountKey
from cloud.ledger.kinds import MEMBER_DEBT, MEMBER_POINTS, POINTS
from cloud.loyalty import rules
from cloud.member_lifecycle import merging
from cloud.members.attaching import attach_card
from cloud.members.models import ACTIVE, Member
from cloud.org.models import LegalEntity, Store, StoreOwnership
from cloud.prices.books import StoreBooks
from shared.loyalty import EarningRule, Tier, TierRule
from shared.topics import shard_of
from shared.wire.messages import AnyAnswer, DownlinkMessage, Hello, Question
from tests.cloud.members_data import vault
from tests.factories import START_MS, DrivenMachineClock, make_mint
from tests.promises.simulation.wire import Packet
from tests.provision.postgresql import PostgresqlServer

STORES = ("s001", "s002")
AGENTS_A_STORE = 3
MEMBERS = tuple(UUID(int=number) for number in (1, 2, 3))
UNKNOWN_CARDS = tuple(f"88100000{number:02}" for number in range(4))
SILVER_MINOR, GOLD_MINOR = 20_000, 60_000


def agents_of(store: str) -> list[str]:
    """Return the agents a store may ever have, in the order in which they replace each other."""
    return [f"{store}-{letter}" for letter in "abcdefgh"[:AGENTS_A_STORE]]


class BooksPlace(Protocol):
    """Where head office's database is, and how it is copied and put back. Nobody is connected meanwhile."""

    url: str

    def copy(self) -> Any: ...

    def put_back(self, copy: Any) -> None: ...


class SqlitePlace:
    """A file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def copy(self) -> bytes:
        return self.path.read_bytes()

    def put_back(self, copy: bytes) -> None:
        for end in ("-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        self.path.write_bytes(copy)


class PostgresqlPlace:
    """A database on a server; a copy is another one there."""

    def __init__(self, server: PostgresqlServer, name: str = "office") -> None:
        self._server = server
        self._name = name
        self._copies = count(1)
        self.url = server.url(name)

    def copy(self) -> str:
        name = f"{self._name}_{next(self._copies)}"
        self._clone(self._name, name)
        return name

    def put_back(self, copy: str) -> None:
        self._clone(copy, self._name)

    def _clone(self, source: str, target: str) -> None:
        self._server.drop(target)
        with psycopg.connect(self._server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"'.encode())


class _SaysNothing:
    """Stands for `cloud.ingest.downlink.Downlink`: prices and members do not matter here."""

    def greetings(self, _hellos: Mapping[str, Hello]) -> list[DownlinkMessage]:
        return []


@dataclass
class Backup:
    """Head office's database as it was, and what the model knew of registrations then."""

    content: Any
    registered: dict[str, UUID]
    merged: dict[UUID, UUID]


class Standing(NamedTuple):
    """What a member has: points, and by year what was spent and the tier it reached."""

    points: int
    years: dict[int, tuple[int, str]]


class HeadOffice:
    """The cloud: real messages in, real messages out, everything between them the product's."""

    def __init__(self, place: BooksPlace, clock: DrivenMachineClock, seed: int) -> None:
        self._place = place
        self._clock = clock
        self._mint = make_mint(clock.wall_ms, seed)
        self._proofs = AckProofs([b"k" * 32])
        self.registered: dict[str, UUID] = {}
        self.merged: dict[UUID, UUID] = {}
        """Members who were made one with another, in that order, and with whom."""
        self.unnoticed: UUID | None = None
        """The incarnation in which a restore was not announced: while it lasts, its acks may say too much."""
        self._open()

    def _open(self) -> None:
        self.database = Database(self._place.url)
        self.downstream = LoyaltyDownstream(vault(), self._mint, StoreBooks())
        says_nothing: Any = _SaysNothing()
        self._exchange = Exchange(
            database=self.database,
            clock=self._clock,
            downstream=self.downstream,
            downlink=says_nothing,
            envelopes=Envelopes(self._clock, _Business(self._clock), self._mint, self._proofs),
            answering=self._answering(),
            restores=Restores(self._proofs, self._clock),
        )

    def _answering(self) -> Callable[[str, Question], AnyAnswer | None]:
        """Return who answers tills' questions; here nobody does."""
        return lambda _agent, _question: None

    def close(self) -> None:
        self.database.close()

    def hear(self, packets: Sequence[Packet]) -> list[DownlinkMessage]:
        """Handle packets as one group, as the ingest worker does. Return what to say after the commit."""
        opened = [open_heard(Heard(packet.topic, packet.content)) for packet in packets]
        unopened = [one for one in opened if isinstance(one, Unopened)]
        if unopened:
            raise AssertionError(f"head office cannot open what agents say: {unopened}")
        return self._exchange.answer([one for one in opened if not isinstance(one, Unopened)])

    def take_in(self, deliveries: Sequence[Delivery]) -> None:
        """Apply batches as one group, without a wire."""
        apply_batches(self.database, deliveries, self._clock, self.downstream)

    def register(self, card: str, member: UUID) -> None:
        """Give a card to a member; a card that belongs to somebody stays theirs."""
        with suppress(Refused), self.database.session() as session:
            now = self._clock.wall_ms()
            attach_card(
                session, vault(), self._mint, member=member, number=card,
                commit_no=open_commit(session, now), now_ms=now,
            )  # fmt: skip
            self.registered.setdefault(card, member)

    def merge(self, keep: UUID, gone: UUID) -> None:
        """Make two members one, unless one of them is somebody else already or has something set aside."""
        now = self._clock.wall_ms()
        with suppress(Refused), self.database.session() as session:
            merging.merge(
                session, vault(), self._mint, keep, gone, reason="the same person", actor="test",
                commit_no=open_commit(session, now), now_ms=now,
            )  # fmt: skip
            self.merged[gone] = keep

    def now(self, member: UUID) -> UUID:
        """Return who a member is by now."""
        while member in self.merged:
            member = self.merged[member]
        return member

    def back_up(self) -> Backup:
        self.close()
        backup = Backup(self._place.copy(), dict(self.registered), dict(self.merged))
        self._open()
        return backup

    def put_back(self, backup: Backup, *, told: bool = True) -> None:
        """Put the database back, and say so before any agent is answered, as the runbook demands; or not."""
        self.close()
        self._place.put_back(backup.content)
        self.registered, self.merged = dict(backup.registered), dict(backup.merged)
        self._open()
        if told:
            with self.database.session() as session:
                incarnation.renew(session, "restored", self._clock, actor="test")
        else:
            self.unnoticed = self.incarnation()

    def incarnation(self) -> UUID:
        with self.database.snapshot() as session:
            return incarnation.current(session)


class _Business:
    def __init__(self, clock: DrivenMachineClock) -> None:
        self._clock = clock

    def now_ms(self) -> int:
        return self._clock.wall_ms()


def found_chain(database: Database) -> None:
    """Write a chain into an empty database: stores with every agent they may ever have, members, rules."""
    with database.session() as session:
        session.add(Deployment(incarnation=make_mint(seed=99)(), since_ms=START_MS, reason="first"))
        session.add(LegalEntity(id="main", name="The chain"))
        for store in STORES:
            session.add(Store(id=store, name=store, time_zone="Asia/Shanghai", currency="CNY", price_zone="main"))
        session.flush()
        for store in STORES:
            session.add(StoreOwnership(store_id=store, from_date=date(2020, 1, 1), legal_entity_id="main"))
            for agent in agents_of(store):
                session.add(
                    Agent(
                        id=agent,
                        store_id=store,
                        shard=shard_of(agent),
                        public_key=b"key",
                        card_key=card_keys.close(vault(), agent, store.encode() * 8),
                        enrolled_ms=START_MS,
                    )
                )
        for member in MEMBERS:
            session.add(Member(id=member, status=ACTIVE, source="test", created_ms=START_MS))
        _write_rules(session)


def _write_rules(session: Session) -> None:
    for rule in (
        EarningRule(version=1, valid_from=date(2025, 1, 1)),
        EarningRule(version=2, valid_from=date(2026, 3, 1), points=3, per_minor=200),
    ):
        rules.publish_earning(session, rule, author="test", at_ms=START_MS)
    tiers = [
        Tier(code="silver", names={"en": "Silver"}, from_minor=SILVER_MINOR),
        Tier(code="gold", names={"en": "Gold"}, from_minor=GOLD_MINOR),
    ]
    rules.publish_tier(session, TierRule(version=1, tiers=tiers), author="test", at_ms=START_MS)


def standings(database: Database) -> dict[UUID, Standing]:
    """Return what every member has, less what they owe, years without spend left out."""
    accounts = {
        AccountKey(kind, str(member), POINTS).id: member for member in MEMBERS for kind in (MEMBER_POINTS, MEMBER_DEBT)
    }
    points = dict.fromkeys(MEMBERS, 0)
    years: dict[UUID, dict[int, tuple[int, str]]] = {member: {} for member in MEMBERS}
    with database.snapshot() as session:
        for account, amount in rows(session, "SELECT account_id, amount FROM balance"):
            points[accounts[as_uuid(account)]] += amount
        for member, year, spend, tier in rows(session, "SELECT member_id, year, spend_minor, tier FROM member_year"):
            if spend:
                years[as_uuid(member)][year] = (spend, tier)
    return {member: Standing(points[member], years[member]) for member in MEMBERS}


def rows(session: Session, statement: str) -> Collection[Any]:
    """Run a statement as written: what the books hold is read without the product's help."""
    return session.connection().exec_driver_sql(statement).fetchall()


def as_uuid(value: Any) -> UUID:
    """Read a UUID as either database gives it."""
    return value if isinstance(value, UUID) else UUID(value)
