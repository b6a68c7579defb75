"""Everything beside basket and book on which a price may depend: what a sale records so that it can be priced again."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Per(StrEnum):
    """What a budget is counted over."""

    BASKET = "basket"
    CHAIN = "chain"
    STORE = "store"
    DAY = "day"
    """The store's business day."""
    MEMBER = "member"
    MEMBER_DAY = "member_day"


class MemberFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What pricing may know of the member. A card of the chain counts as a member even before HQ knows it.

    `purchases` counts the completed sales before this one; `birthday_month` is 1 to 12. None: this till does not know,
    which is never taken for a no: a promotion that asks for it is refused with a reason that says so.
    """

    tier: str = ""
    segments: list[str] = []
    birthday_month: int | None = None
    purchases: int | None = None


class Counter(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """How often and for how much a promotion was used before this basket, as far as the till knows."""

    promotion: str
    per: Per
    uses: int = 0
    minor: int = 0


class Coupon(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """A coupon entered at the till: its code, the promotion it stands for, and when the customer claimed it."""

    code: str
    promotion: str
    claimed_ms: int = 0


class Choice(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What the customer chose of a promotion that lets them: these items, in this order."""

    promotion: str
    items: list[str]


class PointsOffer(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """Points this basket may spend (a hold of HQ's or an allowance stands behind them), and how many as money."""

    may_spend: int
    as_money: int = 0


class PricingContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything beside basket and book on which a price may depend. The sale records it.

    `counters` say what of the promotions' budgets was used before; a counter that is missing means nothing was.
    Budgets over what `uncounted` names are beyond the till's knowledge now (it is offline): promotions that are
    strict about them are refused.
    """

    at_ms: int
    time_zone: str
    member: MemberFacts | None = None
    store: str = ""
    till_kind: str = ""
    counters: list[Counter] = []
    uncounted: list[Per] = []
    coupons: list[Coupon] = []
    choices: list[Choice] = []
    points: PointsOffer | None = None
