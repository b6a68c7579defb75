"""A store in a temporary folder: its database, its tills, prices and members in memory."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_agent.clock import Clocks, DrivenBusinessClock
from edge_agent.disk.database import Database
from edge_agent.record import epoch
from edge_agent.record.epoch import Epochs
from edge_agent.record.outbox import Doorbell
from edge_agent.record.witness import Machine
from edge_agent.till.desk import CardKeys, Desk
from edge_agent.till.enquiry import Enquiry
from edge_agent.till.ports import CardOwners, HeadOffice, PaymentGateway
from edge_agent.till.till import Till
from shared.pricing import Item, Price
from shared.wire.desired import KnownMember, StoreSettings
from shared.wire.desired import Till as TillSettings
from shared.wire.events import TenderKind, TillKind
from tests.factories import (
    AGENT,
    START_MS,
    STORE,
    ZONE,
    DrivenMachineClock,
    MemoryPriceBook,
    make_mint,
    make_price_book,
)

HQ_SEALING_KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
HQ_PUBLIC = HQ_SEALING_KEY.public_key().public_bytes_raw()
CARD = "8800000001"
OTHER_CARD = "8800000002"
APPLES = "6901234567892"
MILK = "6920546800053"
PORK = "1003"


@dataclass(frozen=True)
class MemoryFound:
    item: Item
    pieces: int


class MemoryTillBook(MemoryPriceBook):
    """A price book that also finds items by code."""

    @property
    def hash(self) -> str:
        return sha256(str(self.version).encode()).hexdigest()

    def by_code(self, code: str) -> MemoryFound | None:
        for item in self.items.values():
            for barcode in item.barcodes:
                if barcode.code == code:
                    return MemoryFound(item, barcode.pieces)
        item = self.item(code)
        return None if item is None else MemoryFound(item, 1)


def till_book(version: int = 1, *, items: Mapping[str, Item] | None = None, **prices: Price) -> MemoryTillBook:
    """Return the standard book at a version, with some items or prices (by `i1001=Price(...)`) replaced."""
    standard = make_price_book(version)
    found = {**standard.items, **(items or {})}
    priced = {**standard.prices, **{key.removeprefix("i"): price for key, price in prices.items()}}
    return MemoryTillBook(version, found.values(), priced.values())


class MemoryBooks:
    """Price books in memory; `current` is in force."""

    def __init__(self, *books: MemoryTillBook) -> None:
        self.books = {book.version: book for book in books}
        self.current: int | None = min(self.books, default=None)

    def add(self, book: MemoryTillBook) -> None:
        self.books[book.version] = book
        self.current = book.version

    def in_force(self, _db: sqlite3.Connection) -> int | None:
        return self.current

    def at(self, _db: sqlite3.Connection, version: int) -> MemoryTillBook:
        return self.books[version]


@dataclass
class MemoryMembers:
    """Members by card number."""

    known: dict[str, KnownMember] = field(default_factory=dict)

    def find(self, _db: sqlite3.Connection, card: str) -> KnownMember | None:
        return self.known.get(card)

    def by_id(self, _db: sqlite3.Connection, member: UUID) -> KnownMember | None:
        return next((one for one in self.known.values() if one.member == member), None)


def store_settings(tills: int = 1) -> StoreSettings:
    return StoreSettings(
        store=STORE,
        name="Test store",
        legal_entity="le1",
        time_zone=ZONE,
        currency="CNY",
        day_cutoff_minutes=0,
        price_zone="z1",
        card_prefixes=["88"],
        card_digits=10,
        tills=[TillSettings(till=f"t{number}", number=number) for number in range(1, tills + 1)],
    )


@dataclass
class Store:
    """An open store."""

    database: Database
    clocks: Clocks
    business: DrivenBusinessClock
    machine: DrivenMachineClock
    mint: Callable[[], UUID]
    doorbell: Doorbell
    epochs: Epochs
    books: MemoryBooks
    members: MemoryMembers
    settings: StoreSettings
    enquiries: dict[str, Enquiry | None] = field(default_factory=dict)

    def till(
        self,
        till: str = "t1",
        gateways: Mapping[TenderKind, PaymentGateway] | None = None,
        gateway_seconds: float = 60.0,
        owners: CardOwners | None = None,
        hq: HeadOffice | None = None,
        *,
        kind: TillKind = TillKind.STAFFED,
        hq_public: bytes = HQ_PUBLIC,
    ) -> Till:
        """Return a till. With `owners` it asks them about cards when `enquiries[till]` runs."""
        desk = Desk(
            till=till,
            kind=kind,
            clocks=self.clocks,
            mint=self.mint,
            books=self.books,
            members=self.members,
            cards=CardKeys(hq_public, random.Random(7).randbytes),
            settings=lambda: self.settings,
            hq=hq,
        )
        enquiry = self.enquiries[till] = Enquiry(self.database, desk, owners) if owners else None
        made = Till(self.database, desk, self.doorbell, gateways, gateway_seconds, enquiry=enquiry)
        made.cashier = "c1"
        return made


def open_clocks(wall_ms: int = START_MS) -> tuple[Clocks, DrivenBusinessClock, DrivenMachineClock]:
    business, machine = DrivenBusinessClock(wall_ms), DrivenMachineClock(wall_ms)
    return Clocks(business, machine), business, machine


@asynccontextmanager
async def opened_store(
    folder: Path,
    *,
    tills: int = 1,
    books: MemoryBooks | None = None,
    machine: Machine = Machine(system="m1"),  # noqa: B008 - immutable
    ballast_bytes: int = 4096,
    seed: int = 1,
) -> AsyncIterator[Store]:
    """Open a store's folder, enrolled as AGENT on first use, and check the witness as the agent does."""
    clocks, business, machine_clock = open_clocks()
    mint = make_mint(machine_clock.wall_ms, seed)
    settings = store_settings(tills)
    async with Database.opened(folder / "agent.db", ballast_bytes=ballast_bytes) as database:
        enrolled = await database.read(lambda db: db.execute("SELECT 1 FROM agent").fetchone())
        if not enrolled:
            await database.run(lambda db: epoch.begin(db, AGENT, settings, clocks, mint))
        doorbell = Doorbell()
        epochs = Epochs(
            database, clocks, mint, doorbell=doorbell, witness_path=folder / "witness.json", machine=machine
        )
        if enrolled:
            await epochs.check_at_start()
        else:
            await epochs.write_witness()
        books = books or MemoryBooks(till_book())
        yield Store(database, clocks, business, machine_clock, mint, doorbell, epochs, books, MemoryMembers(), settings)
        await epochs.write_witness()
