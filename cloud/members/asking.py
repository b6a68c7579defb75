"""Who is behind a card, for a till that asks now and for people at HQ."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from cloud.errors import Invalid, NotFound
from cloud.members import cards
from cloud.members.sight import look_at
from cloud.privacy import CannotOpen, Vault, normal
from shared.wire.messages import Ask, MemberFound, Refused

CARD_UNKNOWN = "card_unknown"
CARD_UNREADABLE = "card_unreadable"
MEMBER_CLOSED = "member_closed"


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A member as found by a card."""

    member: UUID
    masked_name: str
    tier: str
    points: int
    home_store: str | None
    closed: bool


def answer(session: Session, vault: Vault, ask: Ask, year: int) -> MemberFound | Refused:
    """Answer a till's question. It only reads: a card nobody knows is remembered when something is bought with it."""
    try:
        found = by_card(session, vault, vault.unseal(ask.sealed_card), year)
    except (CannotOpen, Invalid):
        return Refused(code=CARD_UNREADABLE)
    except NotFound:
        return Refused(code=CARD_UNKNOWN)
    if found.closed:
        return Refused(code=MEMBER_CLOSED)
    return MemberFound(member=found.member, masked_name=found.masked_name, tier=found.tier, points=found.points)


def by_card(session: Session, vault: Vault, number: str, year: int) -> MemberCard:
    """Find the member a card leads to, with balance and tier in a year. Raise Invalid or NotFound."""
    found = cards.find(session, vault, normal.card(number))
    if found is None or found.member is None:
        raise NotFound("no member carries this card")
    sight = look_at(session, [found.member], year)[found.member]
    return MemberCard(found.member, sight.masked_name, sight.tier, sight.points, sight.home_store, sight.closed)
