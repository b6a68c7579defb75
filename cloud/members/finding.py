"""Who is behind a card, for people at HQ."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from cloud.errors import NotFound
from cloud.members import cards
from cloud.members.sight import look_at
from cloud.privacy import Vault, normal


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A member as found by a card: as much as a till may show, and no more."""

    member: UUID
    masked_name: str
    tier: str
    points: int
    home_store: str | None
    closed: bool


def by_card(session: Session, vault: Vault, number: str, year: int) -> MemberCard:
    """Find the member a card leads to, with balance and tier in a year. Raise Invalid or NotFound."""
    found = cards.find(session, vault, normal.card(number))
    if found is None or found.member is None:
        raise NotFound("no member carries this card")
    sight = look_at(session, [found.member], year)[found.member]
    return MemberCard(found.member, sight.masked_name, sight.tier, sight.points, sight.home_store, sight.closed)
