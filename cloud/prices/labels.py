"""Shelf labels that a store has to change for a price change, in the order of its shelves."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud.org.models import Store
from cloud.prices.bars import Bars, bars
from cloud.prices.books import StoreBooks
from cloud.prices.changes import items_of
from cloud.prices.drafts import draft_changes, get_draft
from cloud.prices.models import DraftStatus, EntryStatus, PriceDraft, PriceVersion, TimelineEntryRow
from cloud.prices.naming import name_of
from cloud.prices.rows import rows_of
from cloud.prices.standing import newest_body
from cloud.prices.targets import resolve_targets
from cloud.prices.timeline import in_force, live_entries
from shared.body import BodyKind
from shared.pricing import Item, Price

_price = msgspec.json.Decoder(Price)


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on one shelf label."""

    item: Item
    price: Price
    was_minor: int | None
    """What it cost before for as much; None where it did not cost more."""
    language: str
    """That of the store."""

    @property
    def name(self) -> str:
        """The item's name in the store's language, else in another."""
        return name_of(self.item.names, self.item.receipt_name, self.language)

    @property
    def other_name(self) -> str:
        """The name in another language; empty where there is none."""
        return next((name for name in self.item.names.values() if name and name != self.name), "")

    @property
    def code(self) -> str:
        """The first barcode of a single piece, else any, else the item's number."""
        codes = sorted(self.item.barcodes, key=lambda one: one.pieces != 1)
        return codes[0].code if codes else self.item.item

    @property
    def bars(self) -> Bars | None:
        """The code as bars to scan; None where no bars can say it."""
        return bars(self.code)


def labels(session: Session, draft_id: str, store: Store, now_ms: int) -> list[Label]:
    """Return the labels a store has to change for a draft: its own prices before its zone's, as its tills will sell.

    A price that the store overrides, or that stays as it is there, needs no label. Once published, it is compared with
    what the store sold by before.
    """
    draft = get_draft(session, draft_id)
    rows = draft_changes(session, draft_id, kinds=[BodyKind.PRICES, BodyKind.OVERRIDES])
    if store.id not in {one.id for one in resolve_targets(session, draft.targets.split())}:
        return []
    zone, own = rows.get((BodyKind.PRICES, store.price_zone), {}), rows.get((BodyKind.OVERRIDES, store.id), {})
    keys = sorted({*zone, *own})
    before = _before(session, draft, store, now_ms)
    book = StoreBooks().book(session, store.id, before) if before else None
    if book is not None:
        book.prefetch(keys)
    overridden = rows_of(session, newest_body(session, BodyKind.OVERRIDES, store.id, now_ms=now_ms), keys)
    items = items_of(session, draft_id, keys)
    found: list[Label] = []
    for key in keys:
        row = own[key] if key in own else overridden.get(key)
        row = row if row is not None else zone.get(key)
        if row is None or key not in items:
            continue
        old, new = book.price(key) if book else None, _price.decode(row)
        if old != new:
            dearer = old is not None and old.basis == new.basis and old.regular_minor > new.regular_minor
            found.append(Label(items[key], new, old.regular_minor if old and dearer else None, store.locale))
    return sorted(found, key=lambda one: (one.item.category, one.name, one.item.item))


def _before(session: Session, draft: PriceDraft, store: Store, now_ms: int) -> int | None:
    """Return the version the store sold by before a draft: the one in force, for one that is not published yet."""
    if draft.status not in {DraftStatus.PUBLISHED, DraftStatus.STOPPED}:
        entry = in_force(live_entries(session, [store.id], now_ms)[store.id], now_ms)
        return None if entry is None else entry.version
    standing = (col(TimelineEntryRow.store_id) == store.id, col(TimelineEntryRow.status) == EntryStatus.STAGED)
    published = select(col(PriceVersion.version)).where(PriceVersion.draft_id == draft.id)
    first = session.exec(
        select(func.min(col(TimelineEntryRow.version))).where(*standing, col(TimelineEntryRow.version).in_(published))
    ).one()
    if first is None:  # withdrawn there before it took over
        first = session.exec(select(func.min(col(PriceVersion.version))).where(PriceVersion.draft_id == draft.id)).one()
    return session.exec(
        select(func.max(col(TimelineEntryRow.version))).where(*standing, col(TimelineEntryRow.version) < first)
    ).one()
