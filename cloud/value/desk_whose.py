"""Whose stored value a desk speaks of: a member's, or a card's that is nobody's."""

from __future__ import annotations

import os
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session

from cloud.errors import Invalid, Refused
from cloud.members import cards, changing, one_person
from cloud.members.models import ACTIVE
from cloud.privacy import CannotOpen, Vault, normal
from cloud.sales.shops import shops
from cloud.value import purses
from cloud.value.models import Purse
from shared.clock import MachineClock
from shared.ids import UuidMint


class Owner(NamedTuple):
    """Exactly one of them: the member, or the card that carries the value itself."""

    member: UUID | None
    card: UUID | None

    def find_purse(self, session: Session, currency: str) -> Purse:
        """Return their purse. Raise Refused (`no_purse`)."""
        found = purses.find(session, member=self.member, card=self.card, currency=currency)
        if found is None:
            raise Refused("no_purse", "there is no stored value behind this")
        return found


def purse_of(session: Session, owner: Owner, store: str, day: date, *, now_ms: int) -> Purse:
    """Return their purse, opened the first time. Whoever owns the store on the day issues it, and owes what is on it.

    A purse that was looked for before anything was on it has no issuer until then.
    """
    issuer = shops(session, {store})[store].owner_on(day)
    purse = purses.open_purse(session, store, member=owner.member, card=owner.card, legal_entity=issuer, now_ms=now_ms)
    if purse.legal_entity_id is None:
        purse.legal_entity_id = issuer
        session.add(purse)
        session.flush()
    return purse


def whose(
    session: Session,
    vault: Vault,
    machine: MachineClock,
    *,
    member: UUID | None,
    sealed_card: bytes | None,
    new_card: bool,
    now_ms: int,
) -> Owner:
    """Say whose it is. With `new_card` one that nobody has seen before is remembered, and a member's is refused.

    Raise NotFound for a member who is none, Refused: `card_unreadable`, `card_unknown`, `card_taken` (a gift card
    cannot be a member's), `card_lost` and its like, `member_<status>`.
    """
    if member is not None:
        return Owner(changing.active(session, one_person.now_of(session, member)).id, None)
    if sealed_card is None:
        raise Refused("card_unreadable", "neither member nor card: show the card")
    try:
        number = normal.card(vault.unseal(sealed_card))
    except (CannotOpen, Invalid) as error:
        raise Refused("card_unreadable", str(error)) from None
    if new_card:
        found = cards.remember(session, vault, UuidMint(machine.wall_ms, os.urandom), {number}, now_ms)[number]
    else:
        known = cards.find(session, vault, number)
        if known is None:
            raise Refused("card_unknown", "HQ does not know this card")
        found = known
    if found.status != ACTIVE:
        raise Refused(f"card_{found.status}", f"this card is {found.status}")
    if new_card and found.member is not None:
        raise Refused("card_taken", "this card is a member's: top it up instead")
    return Owner(found.member, None if found.member else found.card)
