"""Member cards at a till: known by a keyed hash, or sealed to HQ; entitled to member prices either way."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from uuid import UUID

from edge_agent.till import baskets
from edge_agent.till.changes import CardShown, MemberNamed
from edge_agent.till.desk import Desk, changeable, require_resolved, total
from edge_agent.till.facts import record, stamped
from edge_agent.till.results import MemberAttached
from shared.sealing import seal
from shared.wire.events import MemberOnSale, MemberSwiped
from shared.wire.messages import MemberFound

_ONE_TIME_KEY_BYTES = 32


def attach(db: sqlite3.Connection, desk: Desk, card: str) -> MemberAttached:
    """Attach a card's member to the open basket.

    With none open the customer showed the card first: a basket opens with it, and the swipe is an event of its own.
    """
    require_resolved(db, desk)
    shown = _shown(db, desk, card)
    basket = baskets.load_open(db, desk.till)
    if basket is None:
        basket = baskets.create(db, desk.mint(), desk.till, shown.at_ms)
        _record_swipe(db, desk, shown.member, basket.id)
    baskets.add(db, changeable(basket), shown)
    return attached(shown, basket.id, total(db, desk, basket))


def swipe(db: sqlite3.Connection, desk: Desk, card: str) -> MemberAttached:
    """Record that a card was shown, without a basket."""
    shown = _shown(db, desk, card)
    _record_swipe(db, desk, shown.member, None)
    return attached(shown, None, 0)


def attached(
    shown: CardShown, basket: UUID | None, total_minor: int, *, named: MemberNamed | None = None
) -> MemberAttached:
    """Return what the till may show of a card's member: what the store knows, else what HQ said since."""
    return MemberAttached(
        known=shown.member.member is not None or named is not None,
        masked_name=named.masked_name if named else shown.masked_name,
        tier=named.tier if named else shown.member.tier or "",
        points=named.points if named else shown.points,
        basket=basket,
        total_minor=total_minor,
    )


@dataclass(frozen=True, slots=True)
class Nameless:
    """A sealed card of an open basket, whose member only HQ can name."""

    basket: UUID
    sealed_card: bytes


def nameless(db: sqlite3.Connection, till: str) -> Nameless | None:
    """Return the card of the till's open basket if nobody here knows whose it is."""
    basket = baskets.load_open(db, till)
    if basket is None or basket.card is None or basket.named or basket.card.member.sealed_card is None:
        return None
    return Nameless(basket.id, basket.card.member.sealed_card)


def name(db: sqlite3.Connection, desk: Desk, card: Nameless, found: MemberFound) -> bool:
    """Attach what HQ said to the basket; False when it is no longer open, or another card was shown since."""
    basket = baskets.load_open(db, desk.till)
    if basket is None or nameless(db, desk.till) != card:
        return False
    at_ms = desk.clocks.business.now_ms()
    baskets.add(
        db, basket, MemberNamed(at_ms=at_ms, masked_name=found.masked_name, tier=found.tier, points=found.points)
    )
    return True


def _shown(db: sqlite3.Connection, desk: Desk, card: str) -> CardShown:
    at_ms = desk.clocks.business.now_ms()
    known = desk.members.find(db, card)
    if known is not None:
        return CardShown(
            at_ms=at_ms,
            member=MemberOnSale(member=known.member, tier=known.tier),
            masked_name=known.masked_name,
            points=known.points,
            segments=known.segments,
            birthday_month=known.birthday_month,
            purchases=known.purchases,
        )
    one_time = desk.cards.random_bytes(_ONE_TIME_KEY_BYTES)
    return CardShown(at_ms=at_ms, member=MemberOnSale(sealed_card=seal(card.encode(), desk.cards.hq_public, one_time)))


def _record_swipe(db: sqlite3.Connection, desk: Desk, member: MemberOnSale, basket: UUID | None) -> None:
    record(db, desk, MemberSwiped(**stamped(db, desk), member=member, basket=basket))
