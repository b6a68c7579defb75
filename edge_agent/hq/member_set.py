"""The members this store may know, found by card: applied step by step, each built on the version before."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import UUID

import msgspec

from edge_agent.receipt import jobs
from edge_agent.value import allowances
from shared.loyalty import NextTier
from shared.sealing import card_hash
from shared.wire.desired import KnownMember, MemberStep

_COLUMNS = "member, masked_name, tier, points, segments, birthday_month, purchases, blocks, next_tier"
_codes = msgspec.json.Decoder(list[str])
_next_tier = msgspec.json.Decoder(NextTier)


def version(db: sqlite3.Connection) -> int:
    """Return the version of the set on this disk, 0 before the first step."""
    found = db.execute("SELECT members_version FROM agent").fetchone()
    return 0 if found is None else int(found[0])


def apply_step(db: sqlite3.Connection, step: MemberStep) -> bool:
    """Apply a step and its version in the caller's transaction; False when it does not build on this disk's version.

    A step from 0 starts anew: its first piece empties the set. Whoever is gone leaves no paper here either.
    """
    if step.base not in {0, version(db)}:
        return False
    if step.base == 0:
        db.execute("DELETE FROM member")
    for member in step.put:
        _put(db, member)
    for gone in step.gone:
        db.execute("DELETE FROM member WHERE member = ?", (gone.bytes,))
        jobs.forget_slips(db, gone)
    db.execute("UPDATE agent SET members_version = ?", (step.version,))
    return True


class MemberSet:
    """Looks members up by card. The card number itself is never stored: only its hash under this agent's key."""

    def __init__(self, card_key: bytes) -> None:
        self._card_key = card_key

    def find(self, db: sqlite3.Connection, card: str) -> KnownMember | None:
        """Return the member a card number belongs to, or None when this store does not know it."""
        row = db.execute(
            f"SELECT {_COLUMNS} FROM member JOIN member_card USING (member) WHERE hash = ?",  # noqa: S608
            (card_hash(card, self._card_key),),
        ).fetchone()
        return None if row is None else _known(row)

    def by_id(self, db: sqlite3.Connection, member: UUID) -> KnownMember | None:
        """Return a member by their id, or None when this store does not know them."""
        row = db.execute(f"SELECT {_COLUMNS} FROM member WHERE member = ?", (member.bytes,)).fetchone()  # noqa: S608
        return None if row is None else _known(row)


def _known(row: tuple[Any, ...]) -> KnownMember:
    return KnownMember(
        member=UUID(bytes=row[0]),
        cards=[],
        masked_name=row[1],
        tier=row[2],
        points=row[3],
        segments=_codes.decode(row[4]),
        birthday_month=row[5],
        purchases=row[6],
        blocks=_codes.decode(row[7]),
        next_tier=None if row[8] is None else _next_tier.decode(row[8]),
    )


def note_purchase(db: sqlite3.Connection, member: UUID) -> None:
    """Count a sale just made here, before HQ's count can have it: the next basket is not the member's first."""
    db.execute("UPDATE member SET purchases = purchases + 1 WHERE member = ?", (member.bytes,))


def _put(db: sqlite3.Connection, member: KnownMember) -> None:
    key = member.member.bytes
    # HQ's count may be older than the sales made here since: a count never goes down while the member is known.
    db.execute(
        "INSERT INTO member (member, masked_name, tier, points, segments, birthday_month, purchases, blocks, next_tier)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (member) DO UPDATE SET masked_name = excluded.masked_name, tier = excluded.tier,"
        " points = excluded.points, segments = excluded.segments, birthday_month = excluded.birthday_month,"
        " purchases = max(excluded.purchases, coalesce(purchases, 0)),"
        " blocks = excluded.blocks, next_tier = excluded.next_tier",
        (
            key,
            member.masked_name,
            member.tier,
            member.points,
            msgspec.json.encode(member.segments).decode(),
            member.birthday_month,
            member.purchases,
            msgspec.json.encode(member.blocks).decode(),
            None if member.next_tier is None else msgspec.json.encode(member.next_tier),
        ),
    )
    db.execute("DELETE FROM member_card WHERE member = ?", (key,))
    db.executemany(
        "INSERT INTO member_card (hash, member) VALUES (?, ?)"
        " ON CONFLICT (hash) DO UPDATE SET member = excluded.member",
        [(card, key) for card in member.cards],
    )
    allowances.keep(db, member.member, member.allowances)
