"""Members at one till: by phone, off the basket again, and what they could pay with."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from msgspec.structs import replace

from edge_agent.till import baskets, cards
from edge_agent.till.basket import Basket
from edge_agent.till.changes import CardShown
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk, Refusal, book_for, require_resolved
from edge_agent.till.membership.results import CouponView, MemberGone, PeopleFound, WalletView
from edge_agent.till.membership.words import VALUE_CODES
from edge_agent.till.results import MemberAttached, Refused
from edge_agent.value import allowances
from edge_agent.value.releasing import Releasing
from shared.pricing.promotion import Money
from shared.value import POINTS
from shared.wire.asks import AskPhone
from shared.wire.events import MemberOnSale
from shared.wire.messages import MemberFound, MembersFound
from shared.wire.messages import Refused as RefusedByHq
from shared.wire.wallet_asks import AskWallet, Wallet, WalletCoupon

_SEPARATORS = str.maketrans("", "", " -()./")
_TAIL_DIGITS = 4
_LEAST_DIGITS, _MOST_DIGITS = 7, 15
"""Of a whole telephone number; the most are E.164's."""
PHONE_CODES = frozenset({"phone_unknown", "phone_looks", "phone_unreadable"})
"""HQ's refusals of a look by phone, under which the till has words of its own."""


class Members:
    """Who buys, where no card was scanned, and what is theirs to pay with."""

    def __init__(self, commands: Commands, releases: Releasing) -> None:
        self._commands = commands
        self._releases = releases

    async def by_phone(self, text: str) -> PeopleFound | Refused:
        """Find members by a whole telephone number or its last four digits. HQ alone keeps numbers, and is asked."""
        number = phone_number(text)
        if number is None:
            return refused("phone_number", text[:32])
        who = await self._commands.look(_who_asks)
        if isinstance(who, Refused):
            return who
        desk = self._commands.desk
        body = AskPhone(sealed_phone=cards.sealed(desk, number), till=desk.till, cashier=who)
        answer = await desk.hq.ask(desk.mint(), desk.till, body) if desk.hq else None
        match answer:
            case MembersFound():
                return PeopleFound(tuple(answer.members), answer.more)
            case RefusedByHq(code=code):
                return refused(code if code in PHONE_CODES else "phone_unknown", text[:32])
        return refused("phone_needs_hq")

    async def attach(self, found: MemberFound) -> MemberAttached | Refused:
        """Attach a member whom HQ has found, opening a basket if there is none."""
        answer = await self._commands.change(lambda db, desk: cards.show(db, desk, _shown(db, desk, found)), rings=True)
        self._releases.ring()
        return answer

    async def put_back(self) -> MemberGone | Refused:
        """Take the member off the basket again; points and coupons that were set aside for them go with them."""
        answer = await self._commands.change(cards.put_back)
        self._releases.ring()
        return answer if isinstance(answer, Refused) else MemberGone(answer)

    async def wallet(self, card: str = "", *, coupons: bool = False) -> WalletView | Refused:
        """Say what the basket's member, or whoever carries a card, can pay with: HQ's word, else what was given ahead.

        `coupons`: list theirs too; only HQ knows them.
        """
        asked = await self._commands.look(lambda db, desk: _asked(db, desk, card.strip(), coupons=coupons))
        if isinstance(asked, Refused):
            return asked
        desk = self._commands.desk
        answer = await desk.hq.ask(desk.mint(), desk.till, asked) if desk.hq else None
        if isinstance(answer, RefusedByHq):
            code = _why(answer.code)
            return refused(code, answer.code if code == "value_refused" else "")
        told = answer if isinstance(answer, Wallet) else None
        return await self._commands.read(lambda db, desk: _wallet(db, desk, asked.member, told))


def phone_number(text: str) -> str | None:
    """Return a telephone number, or its last four digits, without what stands between digits; None for neither.

    >>> phone_number("138 0013-8000"), phone_number("8000"), phone_number("123"), phone_number("+44 20 7946 0018")
    ('13800138000', '8000', None, '+442079460018')
    """
    number = text.strip().translate(_SEPARATORS)
    digits = number.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        return None
    if len(digits) == _TAIL_DIGITS and digits == number:
        return number
    return number if _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS else None


def _who_asks(db: sqlite3.Connection, desk: Desk) -> str:
    """Return who asks; refused while a payment waits for its result."""
    require_resolved(db, desk)
    return desk.cashier


def _shown(db: sqlite3.Connection, desk: Desk, found: MemberFound) -> CardShown:
    """Return what showing their card would come to: HQ's word on tier and points, the store's on what offers ask."""
    require_resolved(db, desk)
    at_ms = desk.clocks.business.now_ms()
    known = desk.members.by_id(db, found.member)
    shown = CardShown(at_ms=at_ms, member=MemberOnSale()) if known is None else cards.of_known(known, at_ms)
    return replace(
        shown,
        member=MemberOnSale(member=found.member, tier=found.tier),
        masked_name=found.masked_name,
        points=found.points,
        blocks=found.blocks,
        next_tier=found.next_tier,
        by_hq=True,
    )


def _asked(db: sqlite3.Connection, desk: Desk, card: str, *, coupons: bool) -> AskWallet:
    asked = AskWallet(till=desk.till, cashier=desk.cashier, coupons=coupons)
    if desk.stand.practice:
        raise Refusal("practice_only")
    if card:
        known = desk.members.find(db, card)
        return replace(asked, member=known.member) if known else replace(asked, sealed_card=cards.sealed(desk, card))
    basket = baskets.load_open(db, desk.till)
    if basket is None or basket.card is None:
        raise Refusal("no_member_here")
    shown = basket.card.member
    return replace(asked, member=shown.member, sealed_card=None if shown.member else shown.sealed_card)


def _wallet(db: sqlite3.Connection, desk: Desk, member: UUID | None, told: Wallet | None) -> WalletView:
    """Add what this store was given ahead to what HQ has said: it is out of the balance there."""
    machine, money = desk.clocks.machine, desk.settings().currency
    value_ahead = allowances.spendable(db, machine, member, money) if member else 0
    points_ahead = allowances.spendable(db, machine, member, POINTS) if member else 0
    if told is None:
        return WalletView(by_hq=False, value_minor=value_ahead, points=points_ahead)
    basket = baskets.load_open(db, desk.till)
    return WalletView(
        by_hq=True,
        value_minor=told.value_minor + value_ahead,
        points=told.points + points_ahead,
        has_value=told.has_value,
        named=told.named,
        coupons=tuple(_coupon(db, desk, basket, one) for one in told.coupons),
    )


def _why(code: str) -> str:
    """Return the till's words for why HQ said nothing about a wallet."""
    if code == "wallet_looks":
        return code
    return VALUE_CODES.get(code, "value_refused")


def _coupon(db: sqlite3.Connection, desk: Desk, basket: Basket | None, one: WalletCoupon) -> CouponView:
    listed = book_for(db, desk, basket).promotions().by_id.get(one.promotion)
    gives = listed.promotion.gives(Money(desk.settings().exponent)) if listed else {}
    on_basket = basket is not None and one.code in basket.codes
    return CouponView(one.code, listed.promotion.names if listed else {}, gives, one.ends.isoformat(), on_basket)
