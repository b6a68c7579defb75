"""What a store may see of a member: masked name, tier, points, cards. The one place that puts it together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Uuid, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.ledger.reading import points_owned
from cloud.loyalty import tiers
from cloud.members import blocks, segments
from cloud.members.cards import number_context
from cloud.members.enrolling import field_context
from cloud.members.home_days import Days
from cloud.members.models import ACTIVE, CLOSED, MERGED, PENDING, Card, Member, MemberField
from cloud.members.profile import BIRTHDAY
from cloud.members.purchases import purchases_of
from cloud.privacy import Vault
from shared.loyalty import NextTier
from shared.sealing import card_hash
from shared.wire.asks import MemberFound
from shared.wire.desired import KnownMember

_DIGEST_BYTES = 16


class SeenCard(NamedTuple):
    """A card, its number still encrypted."""

    card: UUID
    number: bytes


class SeenBirthday(NamedTuple):
    """A birthday, still encrypted. Stores hear its month."""

    content: bytes
    set_ms: int


class Sight(NamedTuple):
    """A member as stores may see them, the same for every store."""

    masked_name: str
    tier: str
    points: int
    home_store: str | None
    cards: tuple[SeenCard, ...]
    closed: bool
    blocks: tuple[str, ...] = ()
    """What they may not do, in order: `buy`, `coupons`, `points`."""
    segments: tuple[str, ...] = ()
    birthday: SeenBirthday | None = None
    purchases: int = 0
    next_tier: NextTier | None = None

    @property
    def shown(self) -> bool:
        """Whether stores know this member at all: they are one, and carry a card in use to be known by."""
        return bool(self.cards) and not self.closed

    @property
    def digest(self) -> bytes:
        """Changes when anything a store sees changes."""
        seen = [self.masked_name, self.tier, self.points, [str(card.card) for card in self.cards], self.shown]
        if self.blocks:
            seen.append(self.blocks)
        seen += [self.segments, self.purchases, self.birthday.set_ms if self.birthday else None]
        if self.next_tier is not None:
            seen.append(self.next_tier)
        return sha256(msgspec.json.encode(seen)).digest()[:_DIGEST_BYTES]


def look_at(session: Session, members: Collection[UUID], today: Days) -> dict[UUID, Sight]:
    """Return what stores may see of members, tiers on a day or on their own. Whoever is no member is absent."""
    if not members:
        return {}
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(member,) for member in sorted(members)])
    member, card = table_of(Member), table_of(Card)
    cards: defaultdict[UUID, list[SeenCard]] = defaultdict(list)
    for row in session.execute(
        select(card.c.id, card.c.member_id, card.c.number)
        .join(wanted, wanted.c.id == card.c.member_id)
        .where(card.c.status == ACTIVE)
        .order_by(card.c.id)
    ):
        cards[row.member_id].append(SeenCard(row.id, row.number))
    points, stands = points_owned(session, members), tiers.outlooks(session, members, today)
    blocked, grouped = blocks.standing(session, members), segments.of(session, members)
    birthdays, bought = _birthdays(session, members), purchases_of(session, members)
    rows = session.execute(
        select(member.c.id, member.c.masked_name, member.c.status, member.c.home_store).join(
            wanted, wanted.c.id == member.c.id
        )
    )
    return {
        row.id: Sight(
            masked_name=row.masked_name,
            tier=stands[row.id].standing.tier,
            points=points[row.id],
            home_store=row.home_store,
            cards=tuple(cards[row.id]),
            closed=row.status in (CLOSED, MERGED, PENDING),
            blocks=tuple(sorted(blocked.get(row.id, ()))),
            segments=tuple(grouped.get(row.id, ())[: segments.MOST_SENT]),
            birthday=birthdays.get(row.id),
            purchases=bought[row.id],
            next_tier=stands[row.id].next_tier,
        )
        for row in rows
    }


def _birthdays(session: Session, members: Collection[UUID]) -> dict[UUID, SeenBirthday]:
    field = table_of(MemberField)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(member,) for member in sorted(members)])
    rows = session.execute(
        select(field.c.member_id, field.c.content, field.c.set_ms)
        .join(wanted, wanted.c.id == field.c.member_id)
        .where(field.c.name == BIRTHDAY)
    )
    return {row.member_id: SeenBirthday(row.content, row.set_ms) for row in rows}


def known_member(vault: Vault, member: UUID, sight: Sight, card_key: bytes) -> KnownMember:
    """Return the member as one agent may know them: cards hashed with that agent's key."""
    return KnownMember(
        member=member,
        cards=[card_hash(vault.decrypt(card.number, number_context(card.card)), card_key) for card in sight.cards],
        masked_name=sight.masked_name,
        tier=sight.tier,
        points=sight.points,
        blocks=list(sight.blocks),
        segments=list(sight.segments),
        birthday_month=birthday_month(vault, member, sight.birthday),
        purchases=sight.purchases,
        next_tier=sight.next_tier,
    )


def member_found(member: UUID, sight: Sight) -> MemberFound:
    """Return the member as a till hears of them that asked just now."""
    return MemberFound(
        member=member,
        masked_name=sight.masked_name,
        tier=sight.tier,
        points=sight.points,
        blocks=list(sight.blocks),
        next_tier=sight.next_tier,
    )


def birthday_month(vault: Vault, member: UUID, birthday: SeenBirthday | None) -> int | None:
    """Return the month of a birthday written as 1990-05-17 or 05-17, None for none."""
    if birthday is None:
        return None
    month = vault.decrypt(birthday.content, field_context(member, BIRTHDAY))[-5:-3]
    return int(month) if month.isdigit() and 1 <= int(month) <= 12 else None
