"""The members this store may know, found by card: applied step by step, each built on the version before."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from shared.sealing import card_hash
from shared.wire.desired import KnownMember, MemberStep


def version(db: sqlite3.Connection) -> int:
    """Return the version of the set on this disk, 0 before the first step."""
    found = db.execute("SELECT members_version FROM agent").fetchone()
    return 0 if found is None else int(found[0])


def apply_step(db: sqlite3.Connection, step: MemberStep) -> bool:
    """Apply a step and its version in the caller's transaction; False when it does not build on this disk's version.

    A step from 0 starts anew: its first piece empties the set.
    """
    if step.base not in {0, version(db)}:
        return False
    if step.base == 0:
        db.execute("DELETE FROM member")
    for member in step.put:
        _put(db, member)
    db.executemany("DELETE FROM member WHERE member = ?", [(gone.bytes,) for gone in step.gone])
    db.execute("UPDATE agent SET members_version = ?", (step.version,))
    return True


class MemberSet:
    """Looks members up by card. The card number itself is never stored: only its hash under this agent's key."""

    def __init__(self, card_key: bytes) -> None:
        self._card_key = card_key

    def find(self, db: sqlite3.Connection, card: str) -> KnownMember | None:
        """Return the member a card number belongs to, or None when this store does not know it."""
        row = db.execute(
            "SELECT member, masked_name, tier, points FROM member JOIN member_card USING (member) WHERE hash = ?",
            (card_hash(card, self._card_key),),
        ).fetchone()
        if row is None:
            return None
        return KnownMember(member=UUID(bytes=row[0]), cards=[], masked_name=row[1], tier=row[2], points=row[3])


def _put(db: sqlite3.Connection, member: KnownMember) -> None:
    key = member.member.bytes
    db.execute(
        "INSERT INTO member (member, masked_name, tier, points) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (member) DO UPDATE SET masked_name = excluded.masked_name, tier = excluded.tier,"
        " points = excluded.points",
        (key, member.masked_name, member.tier, member.points),
    )
    db.execute("DELETE FROM member_card WHERE member = ?", (key,))
    db.executemany(
        "INSERT INTO member_card (hash, member) VALUES (?, ?)"
        " ON CONFLICT (hash) DO UPDATE SET member = excluded.member",
        [(card, key) for card in member.cards],
    )
