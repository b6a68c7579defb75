"""Finding items as people look for them: by number, barcode, a part of the name, or the initials of its pinyin."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from cloud.prices import catalogue
from cloud.prices.catalogue import Catalogues, folded
from cloud.prices.drafts import draft_changes
from cloud.prices.rows import rows_of
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN
from shared.body import BodyKind
from shared.pricing import Item

MOST_FOUND = 20
VALUES = frozenset(catalogue.VALUES)
_CATALOGUES = Catalogues()
_FULL_WIDTH = b"\xef\xbc"
"""How every full-width letter or figure begins."""
_item = msgspec.json.Decoder(Item)


def find_items(session: Session, text: str, draft: str = "", limit: int = MOST_FOUND) -> list[Item]:
    """Return the items that fit, the best first: this number, this barcode, what begins so, a name that has it.

    The newest rows are searched, those of a draft before those it replaces. Nothing typed finds nothing, but what is
    typed next is found sooner.
    """
    wanted, line = folded(text), newest_body(session, BodyKind.ITEMS, CHAIN)
    shelf = _CATALOGUES.of(session, line)
    if not wanted:
        return []
    drafted = _drafted(session, draft) if draft else {}
    found = rows_of(session, line, shelf.find(wanted, limit, drafted))
    fresh = [row for row in drafted.values() if row is not None and _may_fit(row, wanted)]
    ranked = []
    for item in map(_item.decode, [*found.values(), *fresh]):
        rank = _rank(item, wanted)
        if rank is not None:
            ranked.append((rank, min(map(folded, item.names.values()), default=""), item.item, item))
    return [item for *_, item in sorted(ranked, key=lambda one: one[:3])[:limit]]


@dataclass(frozen=True, slots=True)
class FoundValue:
    """What items say of themselves (a category, a brand, a supplier, a tag), and how many say it."""

    value: str
    items: int


def find_values(session: Session, of: str, text: str, limit: int = MOST_FOUND) -> list[FoundValue]:
    """Return the categories, brands, suppliers or tags (`of`) that have a text in them, the commonest first.

    A category counts whatever is below it, and each part of its path is one. Nothing typed finds the commonest.
    """
    wanted = folded(text)
    counted = _CATALOGUES.of(session, newest_body(session, BodyKind.ITEMS, CHAIN)).values[of]
    fits = [(-count, value) for value, count in counted.items() if count and value and wanted in folded(value)]
    return [FoundValue(value, -count) for count, value in sorted(fits)[:limit]]


def item_of(session: Session, number: str, draft: str = "") -> Item | None:
    """Return one item by its number as a draft would have it; None for one there is not."""
    drafted = _drafted(session, draft, number) if draft else {}
    if number in drafted:
        row = drafted[number]
    else:
        row = rows_of(session, newest_body(session, BodyKind.ITEMS, CHAIN), [number]).get(number)
    return None if row is None else _item.decode(row)


def _drafted(session: Session, draft: str, number: str | None = None) -> dict[str, bytes | None]:
    """Return the items a draft changes, or one of them; None for one it takes away."""
    return draft_changes(session, draft, kinds=[BodyKind.ITEMS], key=number).get((BodyKind.ITEMS, CHAIN), {})


def _may_fit(row: bytes, wanted: str) -> bool:
    """Tell cheaply whether a row can hold the text at all; most of an imported file cannot."""
    written_otherwise = not wanted.isascii() or '"' in wanted or "\\" in wanted or _FULL_WIDTH in row
    return written_otherwise or wanted.encode() in row.lower()


def _rank(item: Item, wanted: str) -> int | None:
    names = [folded(name) for name in item.names.values()]
    ranks = (
        folded(item.item) == wanted,
        any(folded(one.code) == wanted for one in item.barcodes),
        any(name.startswith(wanted) for name in names) or folded(item.item).startswith(wanted),
        any(wanted in name for name in names) or folded(item.initials).startswith(wanted),
    )
    return next((rank for rank, fits in enumerate(ranks) if fits), None)
