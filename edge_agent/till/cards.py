"""Member cards at a till: known by a keyed hash, or sealed to HQ; entitled to member prices either way."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from edge_agent.till import baskets
from edge_agent.till.basket import Basket
from edge_agent.till.changes import CardPutBack, CardRefused, CardShown, CouponPutBack, MemberNamed, PointsPutBack
from edge_agent.till.desk import Desk, Refusal, changeable, open_basket, require_resolved, total
from edge_agent.till.facts import record, stamped
from edge_agent.till.results import MemberAttached
from edge_agent.value import holds
from edge_agent.value.holds import Kind
from shared.sealing import seal
from shared.wire.desired import KnownMember
from shared.wire.events import MemberOnSale, MemberSwiped
from shared.wire.messages import MemberFound

_ONE_TIME_KEY_BYTES = 32
_UNKNOWN = "card_unknown"
BUY, POINTS, COUPONS = "buy", "points", "coupons"
"""What HQ may block a member from, each apart."""


def attach(db: sqlite3.Connection, desk: Desk, card: str) -> MemberAttached:
    """Attach a card's member to the open basket.

    With none open the customer showed the card first: a basket opens with it, and the swipe is an event of its own.
    """
    return show(db, desk, _shown(db, desk, card))


def show(db: sqlite3.Connection, desk: Desk, shown: CardShown) -> MemberAttached:
    """Attach a member, whoever said who it is. Refused for one who may not buy for now."""
    require_resolved(db, desk)
    if BUY in shown.blocks:
        raise Refusal("member_may_not_buy", shown.masked_name)
    basket, let_go = baskets.load_open(db, desk.till), False
    if basket is None:
        basket = baskets.create(db, desk.mint(), desk.till, shown.at_ms)
        _record_swipe(db, desk, shown.member, basket.id)
    elif basket.card is not None and basket.card.member != shown.member:
        let_go = _let_go(db, desk, changeable(basket))
    baskets.add(db, changeable(basket), shown)
    return attached(shown, basket.id, total(db, desk, basket), let_go=let_go)


def is_of(basket: Basket, member: UUID | None, sealed_card: bytes | None) -> bool:
    """Tell whether a basket is still of whom HQ was asked about: a card may have been shown while it answered."""
    if basket.card is None:
        return member is None and sealed_card is None
    shown = basket.card.member
    return shown.member == member if member is not None else shown.sealed_card == sealed_card


def put_back(db: sqlite3.Connection, desk: Desk) -> int:
    """Take the member off the basket again, with their points and coupons. Return what it comes to now."""
    basket = changeable(open_basket(db, desk))
    if basket.card is None:
        raise Refusal("no_member_here")
    _let_go(db, desk, basket)
    baskets.add(db, basket, CardPutBack(at_ms=desk.clocks.business.now_ms()))
    return total(db, desk, basket)


def _let_go(db: sqlite3.Connection, desk: Desk, basket: Basket) -> bool:
    """Give up what was set aside in the name of a member who is not this basket's any more. Return whether any was.

    A coupon that HQ gave while nobody was known on the basket is nobody's own, and stays.
    """
    at_ms, points = desk.clocks.business.now_ms(), basket.points is not None
    gone = [hold for hold in holds.of_basket(db, basket.id) if hold.kind is not Kind.COUPON or hold.of_member]
    for hold in gone:
        holds.drop(db, hold, desk.clocks.machine.wall_ms())
        if hold.kind is Kind.COUPON and hold.code in basket.codes:
            baskets.add(db, basket, CouponPutBack(at_ms=at_ms, code=hold.code))
    if points:
        baskets.add(db, basket, PointsPutBack(at_ms=at_ms))
    return points or bool(gone)


def swipe(db: sqlite3.Connection, desk: Desk, card: str) -> MemberAttached:
    """Record that a card was shown, without a basket."""
    shown = _shown(db, desk, card)
    _record_swipe(db, desk, shown.member, None)
    return attached(shown, None, 0)


def attached(
    shown: CardShown,
    basket: UUID | None,
    total_minor: int,
    *,
    named: MemberNamed | None = None,
    let_go: bool = False,
    refused: str = "",
) -> MemberAttached:
    """Return what the till may show of a card's member: what the store knows, else what HQ said since."""
    return MemberAttached(
        known=shown.member.member is not None or named is not None,
        masked_name=named.masked_name if named else shown.masked_name,
        tier=named.tier if named else shown.member.tier or "",
        points=named.points if named else shown.points,
        basket=basket,
        total_minor=total_minor,
        by_hq=named is not None or shown.by_hq,
        blocks=tuple(named.blocks if named else shown.blocks),
        next_tier=named.next_tier if named else shown.next_tier,
        let_go=let_go,
        refused=refused,
    )


def on_sale(basket: Basket) -> MemberOnSale | None:
    """Return the basket's member as its sale names them: of a card that HQ has named, with the tier that it said.

    Points are promised by that tier, and HQ gives them by the tier on the sale.
    """
    if basket.card is None:
        return None
    shown = basket.card.member
    return replace(shown, tier=basket.named.tier) if basket.named and basket.named.tier else shown


def points_before(basket: Basket) -> int | None:
    """Return how many points its member has before this purchase, as the till shows it; None where nobody knows."""
    if basket.named is not None:
        return basket.named.points
    return basket.card.points if basket.card and basket.card.member.member is not None else None


@dataclass(frozen=True, slots=True)
class Nameless:
    """A sealed card of an open basket, whose member only HQ can name."""

    basket: UUID
    sealed_card: bytes


def nameless(db: sqlite3.Connection, till: str) -> Nameless | None:
    """Return the card of the till's open basket if nobody here knows whose it is."""
    basket = baskets.load_open(db, till)
    if basket is None or basket.card is None or basket.named or basket.card_refused:
        return None
    if basket.card.member.sealed_card is None:
        return None
    return Nameless(basket.id, basket.card.member.sealed_card)


def name(db: sqlite3.Connection, desk: Desk, card: Nameless, found: MemberFound) -> bool:
    """Attach what HQ said to the basket; False when it is no longer open, or another card was shown since."""
    basket = baskets.load_open(db, desk.till)
    if basket is None or nameless(db, desk.till) != card:
        return False
    at_ms = desk.clocks.business.now_ms()
    named = MemberNamed(
        at_ms=at_ms,
        masked_name=found.masked_name,
        tier=found.tier,
        points=found.points,
        blocks=found.blocks,
        next_tier=found.next_tier,
    )
    baskets.add(db, basket, named)
    return True


def refuse(db: sqlite3.Connection, desk: Desk, card: Nameless, code: str) -> bool:
    """Note on the basket why HQ says that its card is in nobody's use; False when another was shown since.

    A card that nobody carries yet is none of these: what it buys is credited when it comes to belong to somebody.
    """
    basket = baskets.load_open(db, desk.till)
    if code == _UNKNOWN or basket is None or nameless(db, desk.till) != card:
        return False
    baskets.add(db, basket, CardRefused(at_ms=desk.clocks.business.now_ms(), code=code))
    return True


def _shown(db: sqlite3.Connection, desk: Desk, card: str) -> CardShown:
    at_ms = desk.clocks.business.now_ms()
    known = desk.members.find(db, card)
    if known is not None:
        return of_known(known, at_ms)
    return CardShown(at_ms=at_ms, member=MemberOnSale(sealed_card=sealed(desk, card)))


def of_known(known: KnownMember, at_ms: int) -> CardShown:
    """Return what showing their card comes to for a member whom this store knows."""
    return CardShown(
        at_ms=at_ms,
        member=MemberOnSale(member=known.member, tier=known.tier),
        masked_name=known.masked_name,
        points=known.points,
        segments=known.segments,
        birthday_month=known.birthday_month,
        purchases=known.purchases,
        blocks=known.blocks,
        next_tier=known.next_tier,
    )


def sealed(desk: Desk, text: str) -> bytes:
    """Return something that only HQ may read, sealed to it: a card's number, a telephone number."""
    return seal(text.encode(), desk.cards.hq_public, desk.cards.random_bytes(_ONE_TIME_KEY_BYTES))


def _record_swipe(db: sqlite3.Connection, desk: Desk, member: MemberOnSale, basket: UUID | None) -> None:
    record(db, desk, MemberSwiped(**stamped(db, desk), member=member, basket=basket))
