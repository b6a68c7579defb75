"""What this agent may use of chains' budgets: kept as HQ signed it, counted under it, reported."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.pricing import Per
from shared.wire.budgets import BudgetReport, BudgetShare

_SOLD = "SELECT sum(uses), sum(minor) FROM promotion_use WHERE promotion = ? AND per = ? AND day = ? AND member = ?"
_SET_ASIDE = (
    "SELECT sum(uses), sum(minor) FROM promotion_hold JOIN basket ON id = promotion_hold.basket"
    " WHERE promotion = ? AND per = ? AND day = ? AND member = ? AND promotion_hold.basket <> ?"
)
_COLUMNS = "share, promotion, epoch, serial, uses, minor"


def keep(db: sqlite3.Connection, shares: Sequence[BudgetShare]) -> None:
    """Follow what HQ says this agent may use; of what it does not name nothing may be used any more."""
    db.execute("DELETE FROM budget_share")
    db.executemany(
        f"INSERT INTO budget_share ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
        [(one.share.bytes, one.promotion, one.epoch.bytes, one.serial, one.uses, one.minor) for one in shares],
    )


def of(db: sqlite3.Connection, promotion: str) -> BudgetShare | None:
    """Return this agent's share of a promotion's budget, None where it has none in the epoch it is in now."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM budget_share WHERE promotion = ? AND epoch = (SELECT epoch FROM agent)",  # noqa: S608
        (promotion,),
    ).fetchone()
    return None if row is None else _share(row)


def report(db: sqlite3.Connection) -> list[BudgetReport]:
    """Return what HQ is to hear: what is held of each share, and what was used or is about to be."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM budget_share WHERE epoch = (SELECT epoch FROM agent) ORDER BY promotion"  # noqa: S608
    ).fetchall()
    found = []
    for share in map(_share, rows):
        uses, minor = used(db, share)
        found.append(
            BudgetReport(
                share=share.share, promotion=share.promotion, serial=share.serial, most_uses=share.uses,
                most_minor=share.minor, uses=uses, minor=minor,
            )
        )  # fmt: skip
    return found


def used(db: sqlite3.Connection, share: BudgetShare, *, but: UUID | None = None) -> tuple[int, int]:
    """Return what was used under a share, with what baskets in payment (but one) are going to use."""
    return used_under(db, share.promotion, Per.CHAIN, ("", share.share.bytes), but=but)


def used_under(
    db: sqlite3.Connection, promotion: str, per: Per, key: tuple[str, bytes], *, but: UUID | None = None
) -> tuple[int, int]:
    """Return what was used of a budget counted under a day and a member, with what is set aside for other baskets."""
    under = (promotion, per.value, *key)
    sold = db.execute(_SOLD, under).fetchone()
    aside = db.execute(_SET_ASIDE, (*under, but.bytes if but else b"")).fetchone()
    return (sold[0] or 0) + (aside[0] or 0), (sold[1] or 0) + (aside[1] or 0)


def _share(row: tuple[Any, ...]) -> BudgetShare:
    share, promotion, epoch, serial, uses, minor = row
    return BudgetShare(
        share=UUID(bytes=share), promotion=promotion, epoch=UUID(bytes=epoch), serial=serial, uses=uses, minor=minor
    )
