"""What items are called: the name in the reader's language, else in another, with the item's number beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
from sqlmodel import Session

from cloud.prices.rows import rows_of
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN
from shared.body import BodyKind
from shared.pricing import Item

Names = Mapping[str, str]
"""An item's names by language."""

_item = msgspec.json.Decoder(Item)


def name_of(names: Names, item: str, language: str) -> str:
    """Return a name in a language, else in whichever there is, else the item's number."""
    return names.get(language) or next((name for name in names.values() if name), "") or item


def named(names: Names, item: str, language: str) -> str:
    """Return a name with the number that tells the item from others; the number alone where there is no name."""
    name = name_of(names, item, language)
    if name == item:
        return item
    return f"{name}（{item}）" if language == "zh" else f"{name} ({item})"


def all_named(items: Iterable[str], names: Mapping[str, Names], language: str) -> str:
    """Return items one after the other, each by its name and number."""
    return ("、" if language == "zh" else ", ").join(named(names.get(item, {}), item, language) for item in items)


def item_names(session: Session, items: Collection[str]) -> dict[str, dict[str, str]]:
    """Return the newest names of items; an unknown one is absent."""
    if not items:
        return {}
    rows = rows_of(session, newest_body(session, BodyKind.ITEMS, CHAIN), sorted(items))
    return {item: _item.decode(row).names for item, row in rows.items()}
