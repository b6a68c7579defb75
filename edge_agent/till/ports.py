"""What a till needs from its surroundings: prices, members, payment gateways.

Look-ups take the connection of the running transaction, so that finding an item, pricing the basket and storing
the change are one hop to the database's thread and one snapshot of the prices.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from shared.pricing import Item, PriceBook
from shared.receipt.document import Document
from shared.wire.desired import KnownMember
from shared.wire.events import TenderKind
from shared.wire.messages import AnyAnswer, AnyAsk, MemberFound, Refused


class PaperOrders(Protocol):
    """Prints what somebody at the till asks for: a report once more, a key card."""

    async def order(self, make: Callable[[int], Document], event: UUID | None = None) -> bool:
        """Queue what `make` returns for so many papers of `event` before. False: the till has no printer."""
        ...

    async def again(self, event: UUID, mark: Callable[[Document, int], Document]) -> int | None:
        """Queue the first paper of `event` as a marked copy and return which; 0: no printer, None: no such paper."""
        ...


class FoundItem(Protocol):
    """An item found by a code."""

    @property
    def item(self) -> Item:
        """The item."""
        ...

    @property
    def pieces(self) -> int:
        """How many pieces one scan of the code means."""
        ...


class TillBook(PriceBook, Protocol):
    """One version of the store's prices, as a till uses it."""

    @property
    def hash(self) -> str:
        """SHA-256 of the version's manifest, in hex."""
        ...

    def by_code(self, code: str) -> FoundItem | None:
        """Return the item sold under a barcode or item number, or None."""
        ...


class PriceBooks(Protocol):
    """The price books this agent holds."""

    def in_force(self, db: sqlite3.Connection) -> int | None:
        """Return the version that prices new baskets now, None when the store has none yet."""
        ...

    def at(self, db: sqlite3.Connection, version: int) -> TillBook:
        """Return one version. Raise LookupError when it is not held."""
        ...


class MemberDirectory(Protocol):
    """The members this store may know."""

    def find(self, db: sqlite3.Connection, card: str) -> KnownMember | None:
        """Return the member a card number belongs to, or None when this store does not know it."""
        ...

    def by_id(self, db: sqlite3.Connection, member: UUID) -> KnownMember | None:
        """Return a member by their id, or None when this store does not know them."""
        ...


class CardOwners(Protocol):
    """Who may know a card that this store does not: HQ."""

    async def whose_card(self, question: UUID, till: str, sealed_card: bytes) -> MemberFound | Refused | None:
        """Ask under an id minted for it; None when there was no answer in time, which is not a no."""
        ...


class HeadOffice(CardOwners, Protocol):
    """HQ: it answers what only it knows now."""

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        """Ask under an id minted for it; None when there was no answer in time, which is not a no."""
        ...


VALUE_TENDERS = frozenset({TenderKind.STORED_VALUE, TenderKind.GIFT_CARD})
"""Ways to pay whose money HQ sets aside and the sale alone takes: until then it can be let go."""


class AttemptState(StrEnum):
    """What is known of a payment attempt. ASKED and UNKNOWN are unresolved: the till does nothing else first."""

    ASKED = "asked"
    UNKNOWN = "unknown"
    PAID = "paid"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PaymentAttempt:
    """Money asked of a gateway, on disk before it was asked.

    `shift` is whose drawer it belongs to, however late its answer comes. With `pays_back` it is a refund: `basket` is
    then the return's id, and `pays_back` the gateway's reference of the payment whose money goes back. `code` is the
    customer's payment code, which is kept nowhere.
    """

    id: UUID
    basket: UUID
    till: str
    method: TenderKind
    minor: int
    at_ms: int
    shift: UUID | None = None
    cashier: str = ""
    pays_back: str = ""
    code: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """A gateway's answer. `reference` is its own number for the payment."""

    state: AttemptState
    reference: str = ""


class PaymentGateway(Protocol):
    """Someone who moves money when asked, known by the attempt's id: asking twice moves it once."""

    async def pay(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Ask for the money."""
        ...

    async def refund(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Ask for money to go back to whoever paid under `attempt.pays_back`; PAID says that it did."""
        ...

    async def look_up(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Say what became of an attempt; one that never arrived is REFUSED, and stays so."""
        ...
