"""A chain with two stores, members with cards, and events taken in the way ingest takes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import select

from cloud.database import Database, Table
from cloud.database.commits import IngestCommit, open_commit
from cloud.fleet import card_keys
from cloud.fleet.models import Agent, Deployment
from cloud.identity import keys
from cloud.ingest.applying import apply_events
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.ingest.handlers.base import Refusals
from cloud.ingest.intake import Intake
from cloud.ingest.received import read
from cloud.loyalty import rules
from cloud.members.enrolling import SignUp, enrol
from cloud.org.entities import UNNAMED
from cloud.org.models import LegalEntity, Store, StoreOwnership
from cloud.prices.books import StoreBooks
from cloud.privacy import Vault
from cloud.sales.shops import shops
from shared.loyalty import EarningRule, Tier, TierRule
from shared.sealing import seal
from shared.wire.events import Event, MemberOnSale, encode_event
from tests.factories import START_MS, make_mint, new_id

STORES = ("s001", "s002")
AGENTS = {"s001": "s001-a", "s002": "s002-a"}
CARD = "8810000000000001"
OTHER_CARD = "8810000000000002"
mint = make_mint(seed=7)


@cache
def make_keys() -> keys.Keys:
    """Return keys that every test of this process shares."""
    with TemporaryDirectory() as directory:
        return keys.create(Path(directory) / "keys")


@cache
def vault() -> Vault:
    """Return the vault that opens what these tests seal."""
    return Vault(make_keys())


def shown(card: str) -> MemberOnSale:
    """Return a card as a till shows one that it does not know."""
    return MemberOnSale(sealed_card=seal(card.encode(), vault().sealing_public, os.urandom(32)))


def open_chain(database: Database) -> None:
    """Make two stores with an agent each, earning rules and tiers."""
    with database.session() as session:
        session.add(Deployment(incarnation=new_id(), since_ms=START_MS, reason="test"))
        session.add(LegalEntity(id="main", name=UNNAMED))
        for store in STORES:
            session.add(
                Store(id=store, name=store, time_zone="Asia/Shanghai", currency="CNY", price_zone="main"),
            )
        session.flush()
        for store in STORES:
            from_date = date(2020, 1, 1)
            session.add(StoreOwnership(store_id=store, from_date=from_date, legal_entity_id="main"))
            session.add(
                Agent(
                    id=AGENTS[store],
                    store_id=store,
                    shard="00",
                    public_key=b"",
                    card_key=card_keys.close(vault(), AGENTS[store], store.encode() * 8),
                    enrolled_ms=START_MS,
                )
            )
        earning = EarningRule(version=1, valid_from=date(2025, 1, 1))
        rules.publish_earning(session, earning, author="test", at_ms=START_MS)
        tiers = [Tier(code="silver", names={"en": "Silver"}, from_minor=5_000)]
        rules.publish_tier(session, TierRule(version=1, tiers=tiers), author="test", at_ms=START_MS)


def take(database: Database, events: Iterable[Event]) -> Refusals:
    """Take events in, in one ingest transaction."""
    with database.session() as session:
        downstream = LoyaltyDownstream(vault(), mint, StoreBooks())
        commit = IngestCommit(at_ms=START_MS)
        session.add(commit)
        session.flush()
        assert commit.no is not None
        known = shops(session, set(STORES))
        intake = Intake(commit_no=commit.no, now_ms=START_MS, shops=known, downstream=downstream)
        received = [
            read(AGENTS[event.store], event.store, UUID(int=1), seq, encode_event(event))
            for seq, event in enumerate(events, start=1)
        ]
        return apply_events(session, received, intake)


def join(database: Database, cards: Sequence[str] = (), **fields: object) -> UUID:
    """Enrol a member."""
    with database.session() as session:
        sign_up = SignUp(source="service_desk", cards=tuple(cards), **fields)  # type: ignore[arg-type]
        commit_no = open_commit(session, START_MS)
        return enrol(session, vault(), mint, sign_up, today=date(2026, 1, 1), commit_no=commit_no, now_ms=START_MS)


def everything_stored(database: Database) -> bytes:
    """Return every byte a database holds: on SQLite its very files and log, on PostgreSQL all rows of all tables."""
    if not database.is_postgresql:
        path = Path(str(database.engine.url.database))
        return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))
    found = bytearray()
    with database.snapshot() as session:
        for table in Table.metadata.sorted_tables:
            for row in session.execute(select(table)):
                for value in row:
                    found += value if isinstance(value, bytes) else str(value).encode()
    return bytes(found)
