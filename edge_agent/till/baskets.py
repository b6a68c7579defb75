"""Where baskets not yet paid are kept: one open per till, any number held."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from edge_agent.till.basket import Basket
from edge_agent.till.changes import AnyChange, decode_change, encode_change
from edge_agent.value import holds

_COLUMNS = "id, till, state, opened_ms, book_version, name"


@dataclass(frozen=True, slots=True)
class HeldBasket:
    """A basket put aside: enough to choose it from a list."""

    id: UUID
    name: str
    opened_ms: int
    lines: int


def create(db: sqlite3.Connection, basket: UUID, till: str, opened_ms: int) -> Basket:
    """Open an empty basket at a till. The caller has seen that none is open there, in the same transaction."""
    db.execute(
        "INSERT INTO basket (id, till, state, opened_ms) VALUES (?, ?, 'open', ?)", (basket.bytes, till, opened_ms)
    )
    return Basket(basket, till, opened_ms, None, priced_ms=opened_ms)


def load_open(db: sqlite3.Connection, till: str) -> Basket | None:
    """Return the till's open basket."""
    row = db.execute(f"SELECT {_COLUMNS} FROM basket WHERE till = ? AND state = 'open'", (till,)).fetchone()  # noqa: S608
    return None if row is None else _replay(db, row)


def load(db: sqlite3.Connection, basket: UUID) -> Basket | None:
    """Return a basket, open or held, of any till."""
    row = db.execute(f"SELECT {_COLUMNS} FROM basket WHERE id = ?", (basket.bytes,)).fetchone()  # noqa: S608
    return None if row is None else _replay(db, row)


def _replay(db: sqlite3.Connection, row: tuple[bytes, str, str, int, int | None, str]) -> Basket:
    key, till, state, opened_ms, version, name = row
    basket = Basket(UUID(bytes=key), till, opened_ms, version, state, name, priced_ms=opened_ms)
    for (content,) in db.execute("SELECT content FROM basket_change WHERE basket = ? ORDER BY n", (key,)):
        basket.apply(decode_change(content))
    basket.version = version
    return basket


def add(db: sqlite3.Connection, basket: Basket, change: AnyChange) -> None:
    """Store a change and apply it to the basket."""
    db.execute(
        "INSERT INTO basket_change (basket, n, content) VALUES (?, ?, ?)",
        (basket.id.bytes, basket.stored + 1, encode_change(change)),
    )
    basket.apply(change)


def pin(db: sqlite3.Connection, basket: Basket, version: int) -> None:
    """Price the basket by this book from now on."""
    db.execute("UPDATE basket SET book_version = ? WHERE id = ?", (version, basket.id.bytes))
    basket.version = version


def hold(db: sqlite3.Connection, basket: Basket, name: str) -> None:
    """Put the basket aside under a name."""
    db.execute("UPDATE basket SET state = 'held', name = ? WHERE id = ?", (name, basket.id.bytes))


def take_up(db: sqlite3.Connection, basket: Basket, till: str) -> None:
    """Make a held basket the open one of a till."""
    db.execute("UPDATE basket SET state = 'open', till = ? WHERE id = ?", (till, basket.id.bytes))
    basket.till, basket.state = till, "open"


def held(db: sqlite3.Connection) -> list[HeldBasket]:
    """Return the store's held baskets, oldest first."""
    rows = db.execute("SELECT id FROM basket WHERE state = 'held' ORDER BY opened_ms, id").fetchall()
    baskets = [load(db, UUID(bytes=key)) for (key,) in rows]
    return [HeldBasket(one.id, one.name, one.opened_ms, len(one.lines)) for one in baskets if one]


def delete(db: sqlite3.Connection, basket: UUID) -> None:
    """Take a basket away with its changes: it was paid or voided."""
    db.execute("DELETE FROM basket WHERE id = ?", (basket.bytes,))


def oldest_version(db: sqlite3.Connection, till: str | None = None) -> int | None:
    """Return the oldest price book that a basket not yet paid is pinned to, of one till or of all."""
    (version,) = db.execute("SELECT min(book_version) FROM basket WHERE ?1 IS NULL OR till = ?1", (till,)).fetchone()
    return None if version is None else int(version)


def renew_ids(db: sqlite3.Connection, mint: Callable[[], UUID]) -> int:
    """Give every basket a new id, and return how many there were.

    In a database put back to an earlier day a basket may be one that was paid since: under its old id it would
    claim to be that sale.
    """
    keys = [key for (key,) in db.execute("SELECT id FROM basket").fetchall()]
    db.execute("PRAGMA defer_foreign_keys = ON")
    for key in keys:
        fresh = mint().bytes
        db.execute("UPDATE basket SET id = ? WHERE id = ?", (fresh, key))
        db.execute("UPDATE basket_change SET basket = ? WHERE basket = ?", (fresh, key))
        db.execute("UPDATE payment_attempt SET basket = ? WHERE basket = ?", (fresh, key))
        holds.renew_basket(db, key, fresh)
    return len(keys)
