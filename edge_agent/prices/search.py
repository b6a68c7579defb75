"""Finding items by number, name and initials: a small table beside the bodies, over all versions at once.

A hit is a hint: only the item's row says what a version sells and how it is called there. Numbers and initials are
found by their beginning through an index; a part of a name by one walk over the table's names, about 25 bytes an
item, which the benchmark `agent_size` measures for 100,000 items.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from unicodedata import normalize

from shared.pricing import Item

MAX_QUERY_CHARACTERS = 64
_LAST_SIGN = "\U0010ffff"


def index(db: sqlite3.Connection, items: Iterable[Item]) -> None:
    """Put items into the table, each under its newest names."""
    db.executemany(
        "INSERT OR REPLACE INTO item_search (item, initials, names) VALUES (?, ?, ?)",
        [
            (item.item, item.initials.lower(), "\n".join(dict.fromkeys(_plain(name) for name in item.names.values())))
            for item in items
        ],
    )


def _plain(text: str) -> str:
    """Return a text as names are compared: brackets and letters in full width are the same as others."""
    return normalize("NFKC", text).lower()


def drop(db: sqlite3.Connection, item: str) -> None:
    """Take an item out that no row says anything about any more."""
    db.execute("DELETE FROM item_search WHERE item = ?", (item,))


def some(db: sqlite3.Connection, limit: int) -> list[str]:
    """Return the first item numbers there are."""
    rows = db.execute("SELECT item FROM item_search ORDER BY item LIMIT ?", (limit,)).fetchall()
    return [item for (item,) in rows]


def candidates(db: sqlite3.Connection, text: str, limit: int) -> list[str]:
    """Return item numbers that fit a text, the likeliest first: by number, by initials, by name's start, by its middle.

    Several words all have to be in the name.
    """
    words = _plain(text[:MAX_QUERY_CHARACTERS]).split()
    if not words:
        return []
    first = words[0]
    found: dict[str, None] = {}
    if len(words) == 1 and first.isascii():
        for column in ("item", "initials"):
            rows = db.execute(
                f"SELECT item FROM item_search WHERE {column} >= ? AND {column} < ?"  # noqa: S608 - one of two names
                f" ORDER BY {column}, item LIMIT ?",
                (first, first + _LAST_SIGN, limit),
            )
            found.update((item, None) for (item,) in rows)
    if len(found) < limit and not (first.isascii() and len(text) < 2):
        found.update((item, None) for item in _by_name(db, words, limit))
    return list(found)[:limit]


def _by_name(db: sqlite3.Connection, words: list[str], limit: int) -> list[str]:
    where = " AND ".join("instr(names, ?) > 0" for _ in words)
    rows = db.execute(
        f"SELECT item FROM item_search WHERE {where}"  # noqa: S608 - only placeholders
        " ORDER BY instr(names, ?) > 1, length(names), item LIMIT ?",
        (*words, words[0], limit),
    )
    return [item for (item,) in rows]
