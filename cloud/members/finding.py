"""Who is behind a card: asked by people at HQ, and by tills that do not know it."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.errors import NotFound
from cloud.members import cards
from cloud.members.sight import Sight, look_at
from cloud.privacy import Vault, normal


def by_card(session: Session, vault: Vault, number: str, year: int) -> tuple[UUID, Sight]:
    """Find the member a card leads to, and what stores may see of them in a year. Raise Invalid or NotFound."""
    found = cards.find(session, vault, normal.card(number))
    if found is None or found.member is None:
        raise NotFound("no member carries this card")
    return found.member, look_at(session, [found.member], year)[found.member]
