"""What is set aside for baskets not yet paid, and until when it may be committed against; what has to be let go.

HQ sets value aside for a quarter of an hour or so. A sale commits against it only until a minute before that ends, in
trusted time (`agent_row.trusted_now`). What a basket will not spend after all is noted here in the same transaction,
and let go at HQ as soon as HQ answers (`releasing.py`); without HQ a hold frees itself in time.
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid5

from edge_agent.disk.agent_row import trusted_now
from edge_agent.value import allowances
from shared.clock import MachineClock
from shared.value import ALLOWANCE_MARGIN_MS

RELEASED_WITHIN_MS = 24 * 3600 * 1000
"""What could not be let go at HQ for so long has freed itself."""


class Kind(StrEnum):
    """What is set aside."""

    POINTS = "points"
    MONEY = "money"
    COUPON = "coupon"


class Hold(NamedTuple):
    """Something set aside for a basket until `until_ms` (HQ's wall time; 0: it has been let go since).

    `id` is the question's; whose it is: the member, or whoever carries the card that is sealed to HQ. `code` is the
    coupon's.
    """

    id: UUID
    basket: UUID
    till: str
    kind: Kind
    amount: int
    until_ms: int
    member: UUID | None = None
    sealed_card: bytes | None = None
    code: str = ""

    @property
    def of_member(self) -> bool:
        """Whether it was set aside in somebody's name: a coupon may be anybody's who holds its code."""
        return self.member is not None or self.sealed_card is not None

    def counts(self, now_ms: int | None) -> bool:
        """Tell whether a sale may still be committed against it; money and points never by a clock not to be trusted.

        A coupon stays its basket's at HQ until that has heard all this agent sold meanwhile.
        """
        if now_ms is None:
            return self.kind is Kind.COUPON
        return now_ms < self.until_ms - ALLOWANCE_MARGIN_MS


class Release(NamedTuple):
    """Something to let go at HQ: one hold, one coupon, or everything of a basket."""

    n: int
    basket: UUID
    hold: UUID | None
    coupon: str
    made_ms: int


_COLUMNS = "id, basket, till, kind, amount, until_ms, member, sealed_card, code"


def keep(db: sqlite3.Connection, hold: Hold) -> None:
    """Keep that something is set aside; under the same id once more, that it is so until another moment."""
    db.execute(
        f"INSERT INTO value_hold ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        " ON CONFLICT (id) DO UPDATE SET until_ms = excluded.until_ms",
        (
            hold.id.bytes, hold.basket.bytes, hold.till, hold.kind, hold.amount, hold.until_ms,
            hold.member.bytes if hold.member else None, hold.sealed_card, hold.code,
        ),
    )  # fmt: skip


def of_basket(db: sqlite3.Connection, basket: UUID) -> list[Hold]:
    """Return what is, or was, set aside for a basket, in the order it was asked for."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM value_hold WHERE basket = ? ORDER BY id", (basket.bytes,))  # noqa: S608
    return [_hold(row) for row in rows]


def rest_of(attempt: UUID) -> UUID:
    """Return the id under which HQ is asked for what an allowance does not cover of something."""
    return uuid5(attempt, "rest")


def of_attempt(db: sqlite3.Connection, basket: UUID, attempt: UUID) -> list[Hold]:
    """Return what stands behind one tender of a basket, or behind its points: one hold, or two."""
    return [hold for hold in of_basket(db, basket) if hold.id in {attempt, rest_of(attempt)}]


def ended(db: sqlite3.Connection, machine: MachineClock, basket: UUID) -> list[Hold]:
    """Return what of it a sale may not be committed against any more."""
    found = of_basket(db, basket)
    now_ms = trusted_now(db, machine) if found else None
    return [hold for hold in found if not hold.counts(now_ms)]


def forget(db: sqlite3.Connection, basket: UUID) -> None:
    """Forget what was set aside for a basket: its sale has spent it."""
    db.execute("DELETE FROM value_hold WHERE basket = ?", (basket.bytes,))


def forget_one(db: sqlite3.Connection, hold: UUID) -> None:
    """Forget one hold."""
    db.execute("DELETE FROM value_hold WHERE id = ?", (hold.bytes,))


def drop(db: sqlite3.Connection, hold: Hold, made_ms: int) -> None:
    """Give one hold up: nothing will be spent of it."""
    forget_one(db, hold.id)
    allowances.release(db, hold.basket, hold.id)
    if hold.kind is Kind.COUPON:
        note_release(db, hold.basket, hold.till, made_ms, coupon=hold.code)
    else:
        note_release(db, hold.basket, hold.till, made_ms, hold=hold.id)


def drop_all(db: sqlite3.Connection, basket: UUID, till: str, made_ms: int) -> bool:
    """Give everything of a basket up, which is void; False when nothing was ever set aside for it."""
    if not of_basket(db, basket):
        return False
    forget(db, basket)
    allowances.release(db, basket)
    note_release(db, basket, till, made_ms)
    return True


def lapse(db: sqlite3.Connection, machine: MachineClock, till: str) -> int:
    """Let go what was set aside too long to be committed against, and keep that it was. Return how much.

    What it stood for stays on its basket and is asked for anew when that is paid. A coupon stays HQ's to free: it is
    its basket's until then.
    """
    now_ms = trusted_now(db, machine)
    if now_ms is None:
        return 0
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM value_hold WHERE till = ? AND kind <> ? AND until_ms BETWEEN 1 AND ?",  # noqa: S608
        (till, Kind.COUPON, now_ms + ALLOWANCE_MARGIN_MS),
    ).fetchall()
    for hold in map(_hold, rows):
        lapse_one(db, hold, machine.wall_ms())
    return len(rows)


def lapse_one(db: sqlite3.Connection, hold: Hold, made_ms: int) -> None:
    """Let one hold go, and keep that it was: no sale can count on it any more. A coupon stays HQ's to free."""
    db.execute("UPDATE value_hold SET until_ms = 0 WHERE id = ?", (hold.id.bytes,))
    if hold.kind is not Kind.COUPON and hold.until_ms:
        allowances.release(db, hold.basket, hold.id)
        note_release(db, hold.basket, hold.till, made_ms, hold=hold.id)


def has_any(db: sqlite3.Connection, till: str) -> bool:
    """Tell whether anything is set aside for a till's baskets."""
    return db.execute("SELECT 1 FROM value_hold WHERE till = ? LIMIT 1", (till,)).fetchone() is not None


def note_release(
    db: sqlite3.Connection, basket: UUID, till: str, made_ms: int, *, hold: UUID | None = None, coupon: str = ""
) -> None:
    """Note that HQ has to let something go: one hold, one coupon, or everything of a basket."""
    db.execute(
        "INSERT INTO value_release (basket, till, hold, coupon, made_ms) VALUES (?, ?, ?, ?, ?)",
        (basket.bytes, till, hold.bytes if hold else None, coupon, made_ms),
    )


def releases(db: sqlite3.Connection, till: str) -> list[Release]:
    """Return what a till has yet to let go at HQ, oldest first."""
    rows = db.execute("SELECT n, basket, hold, coupon, made_ms FROM value_release WHERE till = ? ORDER BY n", (till,))
    return [
        Release(n, UUID(bytes=basket), UUID(bytes=hold) if hold else None, coupon, made_ms)
        for n, basket, hold, coupon, made_ms in rows
    ]


def released(db: sqlite3.Connection, n: int) -> None:
    """Say that something was let go."""
    db.execute("DELETE FROM value_release WHERE n = ?", (n,))


def renew_basket(db: sqlite3.Connection, old: bytes, new: bytes) -> None:
    """Give a basket's holds its new id; HQ knows them under the old one, so all of them have to be asked for anew."""
    db.execute("UPDATE value_hold SET basket = ?, until_ms = 0 WHERE basket = ?", (new, old))


def _hold(row: tuple[bytes, bytes, str, str, int, int, bytes | None, bytes | None, str]) -> Hold:
    key, basket, till, kind, amount, until_ms, member, sealed_card, code = row
    return Hold(
        UUID(bytes=key), UUID(bytes=basket), till, Kind(kind), amount, until_ms,
        UUID(bytes=member) if member else None, sealed_card, code,
    )  # fmt: skip
