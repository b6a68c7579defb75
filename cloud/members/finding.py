"""Who is behind a card: asked by people at HQ, and by tills that do not know it."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.errors import NotFound, Refused
from cloud.members import cards
from cloud.members.home_days import Days
from cloud.members.models import ACTIVE
from cloud.members.sight import Sight, look_at
from cloud.privacy import Vault, normal


def by_card(session: Session, vault: Vault, number: str, today: Days) -> tuple[UUID, Sight]:
    """Find the member a card leads to, and what stores may see of them on a day. Raise Invalid or NotFound."""
    found = cards.find(session, vault, normal.card(number))
    if found is None or found.member is None:
        raise NotFound("no member carries this card")
    return found.member, look_at(session, [found.member], today)[found.member]


def at_till(session: Session, vault: Vault, number: str, today: Days) -> tuple[UUID, Sight]:
    """Find the member a card leads to, as a till may use it.

    Raise Invalid or NotFound, and Refused for a card that is not in use (`card_lost`, `card_frozen`, `card_replaced`,
    `card_expired`) or a member who has left (`member_closed`).
    """
    found = cards.find(session, vault, normal.card(number))
    if found is None or found.member is None:
        raise NotFound("no member carries this card")
    if found.status != ACTIVE:
        raise Refused(f"card_{found.status}", f"this card is {found.status}: ask for the member's card in use")
    sight = look_at(session, [found.member], today)[found.member]
    if sight.closed:
        raise Refused("member_closed", "whoever carried this card has left")
    return found.member, sight
