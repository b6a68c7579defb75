"""Member cards at a till: known by a keyed hash, or sealed to HQ; entitled to member prices either way."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from edge_agent import outbox
from edge_agent.agent_row import business_day, device_time
from edge_agent.till import baskets
from edge_agent.till.changes import CardShown
from edge_agent.till.desk import Desk, changeable, require_resolved, total
from edge_agent.till.results import MemberAttached
from shared.sealing import seal
from shared.wire.events import MemberOnSale, MemberSwiped

_ONE_TIME_KEY_BYTES = 32


def attach(db: sqlite3.Connection, desk: Desk, card: str, cashier: str) -> MemberAttached:
    """Attach a card's member to the open basket.

    With none open the customer showed the card first: a basket opens with it, and the swipe is an event of its own.
    """
    require_resolved(db, desk)
    shown = _shown(db, desk, card)
    basket = baskets.load_open(db, desk.till)
    if basket is None:
        basket = baskets.create(db, desk.mint(), desk.till, shown.at_ms)
        _record_swipe(db, desk, shown.member, basket.id, cashier)
    baskets.add(db, changeable(basket), shown)
    return attached(shown, basket.id, total(db, desk, basket))


def swipe(db: sqlite3.Connection, desk: Desk, card: str, cashier: str) -> MemberAttached:
    """Record that a card was shown, without a basket."""
    shown = _shown(db, desk, card)
    _record_swipe(db, desk, shown.member, None, cashier)
    return attached(shown, None, 0)


def attached(shown: CardShown, basket: UUID | None, total_minor: int) -> MemberAttached:
    """Return what the till may show of a card's member."""
    return MemberAttached(
        known=shown.member.member is not None,
        masked_name=shown.masked_name,
        tier=shown.member.tier or "",
        points=shown.points,
        basket=basket,
        total_minor=total_minor,
    )


def _shown(db: sqlite3.Connection, desk: Desk, card: str) -> CardShown:
    at_ms = desk.clocks.business.now_ms()
    known = desk.members.find(db, card)
    if known is not None:
        return CardShown(
            at_ms=at_ms,
            member=MemberOnSale(member=known.member, tier=known.tier),
            masked_name=known.masked_name,
            points=known.points,
        )
    one_time = desk.cards.random_bytes(_ONE_TIME_KEY_BYTES)
    return CardShown(at_ms=at_ms, member=MemberOnSale(sealed_card=seal(card.encode(), desk.cards.hq_public, one_time)))


def _record_swipe(db: sqlite3.Connection, desk: Desk, member: MemberOnSale, basket: UUID | None, cashier: str) -> None:
    settings = desk.settings()
    at_ms = desk.clocks.business.now_ms()
    event = MemberSwiped(
        id=desk.mint(),
        store=settings.store,
        at_ms=at_ms,
        business_date=business_day(settings, at_ms),
        device=device_time(db, desk.clocks.machine),
        till=desk.till,
        till_kind=desk.kind,
        cashier=cashier,
        member=member,
        basket=basket,
    )
    outbox.append(db, event, desk.clocks.machine.wall_ms())
