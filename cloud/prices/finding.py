"""Finding items as people look for them: by number, barcode, a part of the name, or the initials of its pinyin."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from cloud.prices.drafts import draft_changes
from cloud.prices.rows import effective_rows, rows_of
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN
from shared.body import BodyKind
from shared.pricing import Item

MOST_FOUND = 20
_LONGEST = 80
_FULL_WIDTH = b"\xef\xbc"
"""How every full-width letter or figure begins."""
_item = msgspec.json.Decoder(Item)


def find_items(session: Session, text: str, draft: str = "", limit: int = MOST_FOUND) -> list[Item]:
    """Return the items that fit, the best first: this number, this barcode, a name that begins so, one that has it.

    The newest rows are searched, those of a draft before those it replaces. Nothing typed finds nothing.
    """
    wanted = folded(text)
    if not wanted:
        return []
    drafted = draft_changes(session, draft).get((BodyKind.ITEMS, CHAIN), {}) if draft else {}
    found: dict[str, tuple[int, Item]] = {}
    for key, row in _rows(session):
        if key in drafted or not _may_fit(row, wanted):
            continue
        _weigh(found, _item.decode(row), wanted)
    for fresh in drafted.values():
        if fresh is not None:
            _weigh(found, _item.decode(fresh), wanted)
    ranked = sorted(found.values(), key=lambda one: (one[0], min(one[1].names.values(), default=""), one[1].item))
    return [item for _, item in ranked[:limit]]


@dataclass(frozen=True, slots=True)
class FoundValue:
    """What items say of themselves (a category, a brand, a supplier, a tag), and how many say it."""

    value: str
    items: int


def find_values(session: Session, of: str, text: str, limit: int = MOST_FOUND) -> list[FoundValue]:
    """Return the categories, brands, suppliers or tags (`of`) that have a text in them, the commonest first.

    A category counts whatever is below it, and each part of its path is one. Nothing typed finds the commonest.
    """
    wanted, counted = folded(text), Counter[str]()
    for _, row in _rows(session):
        counted.update(set(_VALUES[of](_item.decode(row))))
    fits = [(-count, value) for value, count in counted.items() if value and wanted in folded(value)]
    return [FoundValue(value, -count) for count, value in sorted(fits)[:limit]]


def _paths(category: str) -> list[str]:
    """Return a category and those it is in: food/dairy/milk, food/dairy, food."""
    parts = category.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


_VALUES: Mapping[str, Callable[[Item], Sequence[str]]] = {
    "categories": lambda item: _paths(item.category),
    "brands": lambda item: [item.brand],
    "suppliers": lambda item: [item.supplier],
    "tags": lambda item: item.tags,
}
VALUES = frozenset(_VALUES)


def item_of(session: Session, number: str, draft: str = "") -> Item | None:
    """Return one item by its number as a draft would have it; None for one there is not."""
    drafted = draft_changes(session, draft).get((BodyKind.ITEMS, CHAIN), {}) if draft else {}
    if number in drafted:
        row = drafted[number]
    else:
        row = rows_of(session, newest_body(session, BodyKind.ITEMS, CHAIN), [number]).get(number)
    return None if row is None else _item.decode(row)


def folded(text: str) -> str:
    """Return a text as it is compared: full-width signs as plain ones, small letters, one blank between words."""
    return " ".join(unicodedata.normalize("NFKC", text[:_LONGEST]).casefold().split())


def _rows(session: Session) -> Iterable[tuple[str, bytes]]:
    for _, key, row in effective_rows(session, newest_body(session, BodyKind.ITEMS, CHAIN)):
        yield key, row


def _may_fit(row: bytes, wanted: str) -> bool:
    """Tell cheaply whether a row can hold the text at all; most of a hundred thousand cannot."""
    written_otherwise = not wanted.isascii() or '"' in wanted or "\\" in wanted or _FULL_WIDTH in row
    return written_otherwise or wanted.encode() in row.lower()


def _weigh(found: dict[str, tuple[int, Item]], item: Item, wanted: str) -> None:
    rank = _rank(item, wanted)
    if rank is not None:
        found[item.item] = (rank, item)


def _rank(item: Item, wanted: str) -> int | None:
    names = [folded(name) for name in item.names.values()]
    ranks = (
        folded(item.item) == wanted,
        any(folded(one.code) == wanted for one in item.barcodes),
        any(name.startswith(wanted) for name in names) or folded(item.item).startswith(wanted),
        any(wanted in name for name in names) or item.initials.startswith(wanted),
    )
    return next((rank for rank, fits in enumerate(ranks) if fits), None)
