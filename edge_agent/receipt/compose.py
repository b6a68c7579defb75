"""A receipt from what the agent's disk knows: the event, the book it was sold by, the member set, the store's settings.

Everything is read beside the sale's transaction; nothing here needs a network, so that a receipt made without one is
the same to the byte.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

import msgspec

from edge_agent.record import receipts
from shared.loyalty import NextTier
from shared.pricing.index import PromotionIndex
from shared.pricing.price_list import Item
from shared.pricing.promotion_rows import PromotionUnreadable
from shared.receipt.document import Document
from shared.receipt.facts import Customer, ItemName, ReceiptFacts, Shop, promotion_words
from shared.receipt.frame import ReceiptEvent
from shared.receipt.sale import receipt_document
from shared.receipt.words import LANGUAGES, Words
from shared.wire.desired import StoreSettings
from shared.wire.events import (
    MemberOnSale,
    SaleCompleted,
    SaleReturned,
    SaleVoided,
    decode_event,
)
from shared.wire.till_events import GoodsReturned
from shared.wire.value_events import ValuePaidBack, ValueSold

_next_tier = msgspec.json.Decoder(NextTier)
_POINTS = "points"


class NamesItems(Protocol):
    """A version of the price book, as far as names go."""

    def item(self, item: str) -> Item | None:
        """Return the item, or None when the book does not know it."""
        ...

    def promotions(self) -> PromotionIndex:
        """Return the version's promotions. Raise PromotionUnreadable."""
        ...


class NamingBooks(Protocol):
    """The price books this agent holds."""

    def in_force(self, db: sqlite3.Connection) -> int | None:
        """Return the version in force."""
        ...

    def at(self, db: sqlite3.Connection, version: int) -> NamesItems:
        """Return one version. Raise LookupError when it is not held."""
        ...


class ReceiptGone(LookupError):
    """The event behind a receipt number is no longer on this disk; head office has it."""


def shop_of(settings: StoreSettings) -> Shop:
    """Return the shop as its receipts sign, from HQ's settings."""
    said = settings.receipt
    languages = tuple(one for one in said.languages if one in LANGUAGES)
    return Shop(
        name=settings.name,
        legal_name=said.legal_name,
        zone=settings.time_zone,
        currency=settings.currency,
        exponent=settings.exponent,
        languages=languages or ((settings.locale,) if settings.locale in LANGUAGES else ("en",)),
        receipt_url=said.url,
        notes=tuple(said.notes),
    )


def compose(db: sqlite3.Connection, settings: StoreSettings, books: NamingBooks, event: UUID, copy: int) -> Document:
    """Return the receipt of a sale, return or voided number. Raise ReceiptGone when its event was pruned."""
    content = receipts.content_of(db, event)
    decoded = None if content is None else decode_event(content)
    if not isinstance(decoded, ReceiptEvent):
        raise ReceiptGone(str(event))
    row = db.execute("SELECT head FROM receipt WHERE event = ?", (event.bytes,)).fetchone()
    return document_of(db, settings, books, decoded, head=row[0], copy=copy)


def document_of(
    db: sqlite3.Connection,
    settings: StoreSettings,
    books: NamingBooks,
    event: ReceiptEvent,
    *,
    head: bytes = b"",
    copy: int = 0,
    training: bool = False,
) -> Document:
    """Return the receipt of an event that is at hand: a practice sale, or one just made."""
    original = _original(db, event)
    items, version = _sold(event, original)
    book = _book(db, books, version)
    facts = ReceiptFacts(
        shop=shop_of(settings),
        till_number=next((till.number for till in settings.tills if till.till == event.till), None),
        cashier_name=_named(settings, event.cashier),
        approver_name=_named(settings, getattr(event, "approved_by", "")),
        names=_names(book, items),
        reasons={**_reasons(settings), **_promotions(book, event)},
        customer=_nobody_named(original) or _shown(db, settings, event, copy),
        head=head,
        copy=copy,
        training=training,
        original_receipt=_original_number(db, event),
        exchange_receipt=_exchange_number(db, event),
        original_lines={} if original is None else {line.n: line for line in original.lines},
    )
    return receipt_document(event, facts)


def _named(settings: StoreSettings, code: str) -> str:
    """Return what somebody of the staff is called; '' where the store does not know their code."""
    return next((one.name for one in settings.staff if one.code == code), "")


def _original(db: sqlite3.Connection, event: ReceiptEvent) -> SaleCompleted | None:
    if not isinstance(event, SaleReturned):
        return None
    content = receipts.content_of(db, event.original)
    sale = None if content is None else decode_event(content)
    return sale if isinstance(sale, SaleCompleted) else None


def _original_number(db: sqlite3.Connection, event: ReceiptEvent) -> str:
    if isinstance(event, ValuePaidBack):
        row = receipts.find_by_event(db, event.of)
        return "" if row is None else row.text
    if not isinstance(event, SaleReturned | SaleVoided) or event.original is None:
        return ""
    row = receipts.find_by_event(db, event.original)
    return "" if row is None else row.text


def _exchange_number(db: sqlite3.Connection, event: ReceiptEvent) -> str:
    """Return the number on the other side of an exchange, '' where there is none: both are made in one transaction."""
    other = event.exchange if isinstance(event, SaleReturned | SaleCompleted) else None
    row = receipts.find_by_event(db, other) if other is not None else None
    return "" if row is None else row.text


def _sold(event: ReceiptEvent, original: SaleCompleted | None) -> tuple[list[str], int | None]:
    """Return the items a receipt names and the price-book version that has their names."""
    sale = event if isinstance(event, SaleCompleted) else original
    if sale is not None:
        return [line.item for line in sale.lines], sale.book.version
    if isinstance(event, GoodsReturned):
        return [line.item for line in event.lines], event.book_version
    return [], None


def _book(db: sqlite3.Connection, books: NamingBooks, version: int | None) -> NamesItems | None:
    """Return the sale's own book, or the one in force when the agent holds that one no more."""
    for one in (version, books.in_force(db) if version is not None else None):
        if one is None:
            continue
        try:
            return books.at(db, one)
        except LookupError:
            continue
    return None


def _names(book: NamesItems | None, items: Iterable[str]) -> dict[str, ItemName]:
    if book is None:
        return {}
    return {item: ItemName.of(found) for item in items if (found := book.item(item)) is not None}


def _promotions(book: NamesItems | None, event: ReceiptEvent) -> dict[str, Words]:
    """Return what the book calls the promotions that took something off this sale."""
    if book is None or not isinstance(event, SaleCompleted):
        return {}
    sources = {discount.source for line in event.lines for discount in line.discounts if discount.source}
    try:
        return promotion_words(book.promotions(), sources) if sources else {}
    except PromotionUnreadable:
        return {}  # a book that is not the sale's own; the reasons have words of their own


def _reasons(settings: StoreSettings) -> dict[str, Words]:
    policies = settings.policies
    lists = (policies.override_reasons, policies.void_reasons, policies.return_reasons)
    return {reason.code: reason.words for reasons in lists for reason in reasons}


def _shown(db: sqlite3.Connection, settings: StoreSettings, event: ReceiptEvent, copy: int) -> Customer | None:
    """Return whose receipt it is: of a sale with its points, of stored value by name alone; None for nobody's."""
    if isinstance(event, SaleCompleted) and event.member:
        return _customer(db, settings, event, copy)
    if not isinstance(event, ValueSold) or event.holder.member is None:
        return None
    row = db.execute("SELECT masked_name FROM member WHERE member = ?", (event.holder.member.bytes,)).fetchone()
    return Customer(masked_name=row[0] if row else "")


def _nobody_named(original: SaleCompleted | None) -> Customer | None:
    """Return that goods came back from a member, without saying who: the paper says what it means for points."""
    return None if original is None or original.member is None else Customer()


def _customer(db: sqlite3.Connection, settings: StoreSettings, sale: SaleCompleted, copy: int) -> Customer:
    """Return the member as this store may know them; one it does not know showed a card all the same.

    What is missing to the next tier is for the first paper: the store's figure is the one from before the sale, and
    on a copy nobody can tell any more.
    """
    row, shown, points = None, sale.member or MemberOnSale(), sale.points_promised
    if shown.member is not None:
        row = db.execute(
            "SELECT masked_name, tier, next_tier, blocks FROM member WHERE member = ?", (shown.member.bytes,)
        ).fetchone()
    if row is None:
        tier = shown.tier or ""
        return Customer(
            tier=tier,
            tier_names=settings.tier_names.get(tier, {}),
            points_before=sale.points_before,
            points_earned=points,
        )
    lacks = None if row[2] is None or copy else _next_tier.decode(row[2])
    ahead = None if lacks is None else lacks.after(sale.total_minor)
    return Customer(
        masked_name=row[0],
        tier=row[1],
        points_before=sale.points_before,
        points_earned=points,
        collects=_POINTS not in msgspec.json.decode(row[3], type=list[str]),
        tier_names=settings.tier_names.get(row[1], {}),
        next_tier=ahead,
        next_names={} if ahead is None else settings.tier_names.get(ahead.tier, {}),
    )
