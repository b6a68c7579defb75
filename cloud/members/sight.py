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
from cloud.ledger.reading import points_of
from cloud.loyalty.posting import tiers_of
from cloud.members import blocks
from cloud.members.cards import number_context
from cloud.members.models import ACTIVE, CLOSED, MERGED, PENDING, Card, Member
from cloud.privacy import Vault
from shared.sealing import card_hash
from shared.wire.desired import KnownMember

_DIGEST_BYTES = 16


class SeenCard(NamedTuple):
    """A card, its number still encrypted."""

    card: UUID
    number: bytes


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
        return sha256(msgspec.json.encode(seen)).digest()[:_DIGEST_BYTES]


def look_at(session: Session, members: Collection[UUID], year: int) -> dict[UUID, Sight]:
    """Return what stores may see of members, with their tiers in a year. Whoever is no member is absent."""
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
    points, tiers = points_of(session, members), tiers_of(session, members, year)
    blocked = blocks.standing(session, members)
    rows = session.execute(
        select(member.c.id, member.c.masked_name, member.c.status, member.c.home_store).join(
            wanted, wanted.c.id == member.c.id
        )
    )
    return {
        row.id: Sight(
            masked_name=row.masked_name,
            tier=tiers[row.id],
            points=points[row.id],
            home_store=row.home_store,
            cards=tuple(cards[row.id]),
            closed=row.status in (CLOSED, MERGED, PENDING),
            blocks=tuple(sorted(blocked.get(row.id, ()))),
        )
        for row in rows
    }


def known_member(vault: Vault, member: UUID, sight: Sight, card_key: bytes) -> KnownMember:
    """Return the member as one agent may know them: cards hashed with that agent's key."""
    return KnownMember(
        member=member,
        cards=[card_hash(vault.decrypt(card.number, number_context(card.card)), card_key) for card in sight.cards],
        masked_name=sight.masked_name,
        tier=sight.tier,
        points=sight.points,
        blocks=list(sight.blocks),
    )
