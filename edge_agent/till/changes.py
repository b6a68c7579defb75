"""Changes to a basket, as they are stored: an append-only list whose replay is the basket.

A deletion is a change too, so that a deleted line stays deleted after a power cut. Tags and fields are kept as
they are once shipped: a till may resume a basket that an earlier version of this program began.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from edge_agent.till.returning.plan import ReturnPlan
from shared.adjustments import PriceChange, RoundOff
from shared.loyalty import NextTier
from shared.pricing import Choice, Counter, Coupon, Per, PointsOffer
from shared.wire.events import MemberOnSale, Tender
from shared.wire.till_events import AdjustmentKind, AgeCheck


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="change"):
    """What every change says: when it was made, in business time."""

    at_ms: int


class LineRung(Change, frozen=True, kw_only=True, omit_defaults=True, tag="line"):
    """An item was added as the next line. `pieces` is what one scan of its code means; a quantity of 0 waits to be
    weighed. `code` is what was scanned, empty when it was the item's first barcode. `deposit` is the item whose line
    comes with it, one for each piece. `asked_minor` is what a piece costs where the till has to ask, `by` who said so
    and `approved_by` who let it be beyond the item's bounds.
    """  # noqa: D205

    item: str
    quantity: int
    pieces: int = 1
    code: str = ""
    deposit: str = ""
    asked_minor: int | None = None
    by: str = ""
    approved_by: str = ""


class WeightAnswered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who answers for a weight that the scale alone did not give, and who approved it."""

    kind: AdjustmentKind
    by: str = ""
    approved_by: str = ""


class QuantitySet(Change, frozen=True, kw_only=True, omit_defaults=True, tag="quantity"):
    """A line's quantity is now this, in the item's unit. `label_minor` is what a scale's label says it costs.

    Of a weight `tare_g` was taken off already; `answered` is who answers for it, where the scale alone does not.
    """

    line: int
    quantity: int
    label_minor: int | None = None
    tare_g: int = 0
    answered: WeightAnswered | None = None


class LineVoided(Change, frozen=True, kw_only=True, omit_defaults=True, tag="void"):
    """A line was taken out, and its coupons with it. Its number is not used again."""

    line: int


class CouponGiven(Change, frozen=True, kw_only=True, omit_defaults=True, tag="coupon"):
    """A paper coupon was handed over for a line."""

    line: int
    code: str
    supplier_minor: int = 0
    chain_minor: int = 0


class PriceSet(Change, frozen=True, kw_only=True, omit_defaults=True, tag="price"):
    """Somebody set a line's price; it takes the place of one set before."""

    to: PriceChange


class RoundedOff(Change, frozen=True, kw_only=True, omit_defaults=True, tag="round_off"):
    """Cents were dropped from the total. Whatever changes the total afterwards takes this away."""

    off: RoundOff


class AgeChecked(Change, frozen=True, kw_only=True, omit_defaults=True, tag="age"):
    """Somebody made sure of the buyer's age, for every line of this basket."""

    check: AgeCheck


class ExchangePlanned(Change, frozen=True, kw_only=True, omit_defaults=True, tag="exchange"):
    """Goods of an earlier sale come back with this one: their worth is a tender of it, and both are made at once."""

    plan: ReturnPlan
    tender: Tender


class CardShown(Change, frozen=True, kw_only=True, omit_defaults=True, tag="card"):
    """A member card was shown; it takes the place of one shown before.

    `segments`, `birthday_month` and `purchases` are what this store knew then of what offers ask.
    """

    member: MemberOnSale
    masked_name: str = ""
    points: int = 0
    segments: list[str] = []
    birthday_month: int | None = None
    purchases: int | None = None
    blocks: list[str] = []
    next_tier: NextTier | None = None
    by_hq: bool = False
    """HQ has just said all this; else it is this store's own copy."""


class CardPutBack(Change, frozen=True, kw_only=True, omit_defaults=True, tag="card_back"):
    """The member was taken off again: nobody's basket from here on."""


class MemberNamed(Change, frozen=True, kw_only=True, omit_defaults=True, tag="named"):
    """HQ said whose the sealed card is that was shown last. Prices are the same without it, so they cannot depend on
    whether HQ answered in time; points can be promised by it, and then the sale names the tier.
    """  # noqa: D205

    masked_name: str
    tier: str = ""
    points: int = 0
    blocks: list[str] = []
    next_tier: NextTier | None = None


class CardRefused(Change, frozen=True, kw_only=True, omit_defaults=True, tag="card_refused"):
    """HQ said why the sealed card that was shown last is in nobody's use: `card_lost`, `card_frozen` and the like."""

    code: str


class PointsOffered(Change, frozen=True, kw_only=True, omit_defaults=True, tag="points"):
    """The member spends points, at most what `hold` sets aside; it takes the place of what they spent before."""

    offer: PointsOffer
    hold: UUID


class PointsPutBack(Change, frozen=True, kw_only=True, omit_defaults=True, tag="points_back"):
    """The member spends no points after all."""


class HoldRenewed(Change, frozen=True, kw_only=True, omit_defaults=True, tag="hold_renewed"):
    """What was set aside for too long was set aside anew: the tender or the points it stood for have this id now."""

    old: UUID
    new: UUID


class HoldLost(Change, frozen=True, kw_only=True, omit_defaults=True, tag="hold_lost"):
    """What was set aside for too long could not be set aside anew: the tender, or the points, are not given."""

    hold: UUID


class CouponEntered(Change, frozen=True, kw_only=True, omit_defaults=True, tag="code"):
    """A coupon's code was entered: a public one, or one that HQ reserved for this basket."""

    coupon: Coupon


class CouponPutBack(Change, frozen=True, kw_only=True, omit_defaults=True, tag="code_back"):
    """A coupon's code was taken off the basket again."""

    code: str


class ItemsChosen(Change, frozen=True, kw_only=True, omit_defaults=True, tag="chosen"):
    """What the customer chose of a promotion that lets them, in the place of what they chose before; nothing: no."""

    choice: Choice


class BudgetsSeen(Change, frozen=True, kw_only=True, omit_defaults=True, tag="budgets"):
    """What was used of promotions' budgets when the first money was asked for: prices stand still from there."""

    counters: list[Counter] = []
    uncounted: list[Per] = []


class BudgetsAnswered(Change, frozen=True, kw_only=True, omit_defaults=True, tag="budgets_answered"):
    """HQ said what the basket's member used of promotions' budgets in other stores, and set the rest aside for it."""

    member: UUID
    elsewhere: list[Counter] = []


class TenderGiven(Change, frozen=True, kw_only=True, omit_defaults=True, tag="tender"):
    """Part of the money was given. From now on the lines stand still."""

    tender: Tender


class TendersReturned(Change, frozen=True, kw_only=True, omit_defaults=True, tag="tenders_returned"):
    """All money given so far was handed back; the lines may change again."""


class Recalled(Change, frozen=True, kw_only=True, omit_defaults=True, tag="recalled"):
    """A held basket came back. `version` is the price book it is priced by from now on."""

    version: int | None


AnyChange = (
    LineRung
    | QuantitySet
    | LineVoided
    | CouponGiven
    | PriceSet
    | RoundedOff
    | AgeChecked
    | ExchangePlanned
    | CardShown
    | CardPutBack
    | MemberNamed
    | CardRefused
    | PointsOffered
    | PointsPutBack
    | HoldRenewed
    | HoldLost
    | CouponEntered
    | CouponPutBack
    | ItemsChosen
    | BudgetsSeen
    | BudgetsAnswered
    | TenderGiven
    | TendersReturned
    | Recalled
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyChange] = msgspec.json.Decoder(AnyChange)


def encode_change(change: AnyChange) -> bytes:
    """Return the bytes to store."""
    return _encoder.encode(change)


def decode_change(content: bytes) -> AnyChange:
    """Read a stored change."""
    return _decoder.decode(content)
