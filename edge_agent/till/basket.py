"""The basket: what the replay of its changes adds up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from msgspec.structs import replace

from edge_agent.till.changes import (
    AgeChecked,
    AnyChange,
    BudgetsAnswered,
    BudgetsSeen,
    CardPutBack,
    CardRefused,
    CardShown,
    CouponEntered,
    CouponGiven,
    CouponPutBack,
    ExchangePlanned,
    HoldLost,
    HoldRenewed,
    ItemsChosen,
    LineRung,
    LineVoided,
    MemberNamed,
    PointsOffered,
    PointsPutBack,
    PriceSet,
    QuantitySet,
    Recalled,
    RoundedOff,
    TenderGiven,
    TendersReturned,
    WeightAnswered,
)
from edge_agent.till.returning.plan import ReturnPlan
from shared.adjustments import Adjusted, PriceChange, RoundOff, adjust
from shared.money import UnitPrice
from shared.pricing import BasketLine, Choice, Counter, Coupon, PaperCoupon, Per, PointsOffer, PricedBasket
from shared.wire.events import Tender
from shared.wire.till_events import Adjustment, AdjustmentKind, AgeCheck

OPEN_PRICE = "open_price"
"""The reason of an approval that is about what was asked for an item with an open price."""
_BESIDE = MemberNamed | CardRefused | BudgetsSeen | BudgetsAnswered | HoldRenewed | HoldLost
"""Changes that nobody at the till made: no steps of the basket."""
_OF_POINTS = PointsOffered | PointsPutBack
_LEAVES_PRICES = TenderGiven | TendersReturned | RoundedOff | PriceSet | AgeChecked | ExchangePlanned | _OF_POINTS
"""Changes after which the engine is not asked again: its prices stay those of the moment before."""
_LEAVES_TOTAL = TenderGiven | TendersReturned | RoundedOff | AgeChecked | ExchangePlanned


@dataclass(slots=True)
class Line:
    """One line. `n` counts from 1 and is never reused; a quantity of 0 waits to be weighed.

    A line with `deposit_of` comes and goes with that line, one piece for each of its. `tare_g` was taken off its
    weight already; `answered` is who answers for that weight, where the scale alone does not.
    """

    n: int
    item: str
    quantity: int
    pieces: int
    code: str
    deposit_of: int | None = None
    label_minor: int | None = None
    asked_minor: int | None = None
    by: str = ""
    approved_by: str = ""
    tare_g: int = 0
    answered: WeightAnswered | None = None

    def as_rung(self) -> BasketLine:
        """Return the line as the pricing engine takes it."""
        stated = self.label_minor if self.asked_minor is None else self.asked_minor * self.quantity
        return BasketLine(n=self.n, item=self.item, quantity=self.quantity, code=self.code, label_minor=stated)

    def decided(self) -> Adjustment | None:
        """Return who let its open price be beyond bounds, or answers for its weight; nothing is taken off by it."""
        if self.answered is not None:
            one = self.answered
            return Adjustment(kind=one.kind, minor=0, line=self.n, by=one.by, approved_by=one.approved_by)
        if self.asked_minor is None or not self.approved_by:
            return None
        return Adjustment(
            kind=AdjustmentKind.PRICE_OVERRIDE, minor=0, line=self.n, price=UnitPrice(self.asked_minor),
            reason=OPEN_PRICE, by=self.by, approved_by=self.approved_by,
        )  # fmt: skip


@dataclass(slots=True)
class Basket:
    """A basket not yet paid. `version` is the price book its first line pinned; `stored` counts the changes.

    `steps` are those of them that somebody at the till made, so a driver of the till can count on their number.
    `priced_ms` is the business moment its prices are of: that of the last change to what is bought or by whom.
    """

    id: UUID
    till: str
    opened_ms: int
    version: int | None
    state: str = "open"
    name: str = ""
    stored: int = 0
    steps: int = 0
    priced_ms: int = 0
    last_line: int = 0
    lines: list[Line] = field(default_factory=list)
    coupons: list[PaperCoupon] = field(default_factory=list)
    card: CardShown | None = None
    named: MemberNamed | None = None
    card_refused: str = ""
    """Why HQ says that its card is in nobody's use, by HQ's code."""
    tenders: list[Tender] = field(default_factory=list)
    price_changes: dict[int, PriceChange] = field(default_factory=dict)
    round_off: RoundOff | None = None
    age_checks: list[AgeCheck] = field(default_factory=list)
    exchange: ReturnPlan | None = None
    codes: dict[str, Coupon] = field(default_factory=dict)
    chosen: dict[str, Choice] = field(default_factory=dict)
    budgets: BudgetsSeen | None = None
    elsewhere: dict[tuple[str, Per], Counter] = field(default_factory=dict)
    """What the card's member used of budgets in other stores, as HQ answered for this basket."""
    points: PointsOffer | None = None
    points_hold: UUID | None = None

    @property
    def blocks(self) -> frozenset[str]:
        """What its member may not do for now, as far as this till knows."""
        return frozenset(self.card.blocks if self.card else ()) | frozenset(self.named.blocks if self.named else ())

    @property
    def paid_minor(self) -> int:
        """What was given so far."""
        return sum(tender.minor for tender in self.tenders)

    def line(self, n: int | None) -> Line | None:
        """Return line `n`, or the last one rung up (its deposit is not); None when there is no such line."""
        if n is None:
            return next((line for line in reversed(self.lines) if line.deposit_of is None), None)
        return next((line for line in self.lines if line.n == n), None)

    @property
    def age_checked(self) -> int:
        """The age in years that somebody made sure of, 0 when nobody did."""
        return max((check.years for check in self.age_checks), default=0)

    def adjusted(self, by_book: PricedBasket) -> Adjusted:
        """Return what people made of the engine's prices."""
        decided = [one for one in (line.decided() for line in self.lines) if one is not None]
        if not self.price_changes and self.round_off is None:
            return Adjusted(priced=by_book, adjustments=decided)
        deposits = frozenset(line.n for line in self.lines if line.deposit_of is not None)
        changes = [self.price_changes[n] for n in sorted(self.price_changes)]
        made = adjust(by_book, changes, self.round_off, deposits)
        return Adjusted(priced=made.priced, adjustments=[*made.adjustments, *decided])

    def apply(self, change: AnyChange) -> None:
        """Take in the next change of the list."""
        self.stored += 1
        if isinstance(change, _BESIDE):
            self._apply_beside(change)
            return
        self.steps += 1
        match change:
            case LineRung() | QuantitySet() | LineVoided() | CouponGiven():
                self._apply_to_lines(change)
            case CardShown() | CardPutBack() | PointsOffered() | PointsPutBack():
                self._apply_to_member(change)
            case TenderGiven() | TendersReturned() | ExchangePlanned():
                self._apply_to_tenders(change)
            case CouponEntered() | CouponPutBack() | ItemsChosen():
                self._apply_to_offers(change)
            case PriceSet() | AgeChecked() | RoundedOff() | Recalled():
                self._apply_by_hand(change)
        if not isinstance(change, _LEAVES_TOTAL):
            self.round_off = None
        if not isinstance(change, _LEAVES_PRICES):
            self.priced_ms, self.budgets = change.at_ms, None

    def _apply_to_member(self, change: CardShown | CardPutBack | PointsOffered | PointsPutBack) -> None:
        match change:
            case CardShown():
                self.card, self.named, self.card_refused, self.elsewhere = change, None, "", {}
            case CardPutBack():
                self.card, self.named, self.card_refused, self.elsewhere = None, None, "", {}
            case PointsOffered():
                self.points, self.points_hold = change.offer, change.hold
            case PointsPutBack():
                self.points, self.points_hold = None, None

    def _apply_to_offers(self, change: CouponEntered | CouponPutBack | ItemsChosen) -> None:
        match change:
            case CouponEntered(coupon=coupon):
                self.codes[coupon.code] = coupon
            case CouponPutBack(code=code):
                self.codes.pop(code, None)
            case ItemsChosen(choice=choice):
                self.chosen[choice.promotion] = choice

    def _apply_beside(
        self, change: MemberNamed | CardRefused | BudgetsSeen | BudgetsAnswered | HoldRenewed | HoldLost
    ) -> None:
        """Take in what nobody at the till did: no step of the basket."""
        match change:
            case MemberNamed():
                self.named, self.card_refused = change, ""
            case CardRefused(code=code):
                self.card_refused = code
            case BudgetsSeen():
                self.budgets = change
            case BudgetsAnswered(member=member, elsewhere=elsewhere):
                if self.card and self.card.member.member == member:
                    self.elsewhere |= {(one.promotion, one.per): one for one in elsewhere}
                    self.round_off = None
            case HoldRenewed(old=old, new=new):
                self.points_hold = new if self.points_hold == old else self.points_hold
                self.tenders = [replace(one, attempt=new) if one.attempt == old else one for one in self.tenders]
            case HoldLost(hold=hold):
                self.round_off = None
                if self.points_hold == hold:
                    self.points, self.points_hold = None, None
                self.tenders = [one for one in self.tenders if one.attempt != hold]

    def _apply_by_hand(self, change: PriceSet | AgeChecked | RoundedOff | Recalled) -> None:
        match change:
            case Recalled():
                self.version = change.version
            case PriceSet(to=to):
                self.price_changes[to.line] = to
            case AgeChecked(check=check):
                self.age_checks.append(check)
            case RoundedOff(off=off):
                self.round_off = off

    def _apply_to_tenders(self, change: TenderGiven | TendersReturned | ExchangePlanned) -> None:
        match change:
            case TenderGiven():
                self.tenders.append(change.tender)
            case TendersReturned():
                self.tenders.clear()
                self.exchange, self.budgets = None, None
            case ExchangePlanned():
                self.tenders.append(change.tender)
                self.exchange = change.plan

    def _apply_to_lines(self, change: LineRung | QuantitySet | LineVoided | CouponGiven) -> None:
        match change:
            case LineRung():
                self.last_line += 1
                parent = self.last_line
                self.lines.append(_rung(parent, change))
                if change.deposit:
                    self.last_line += 1
                    self.lines.append(Line(self.last_line, change.deposit, change.quantity, 1, "", parent))
            case QuantitySet():
                for line in self.lines:
                    if change.line in (line.n, line.deposit_of):
                        line.quantity = change.quantity
                        line.label_minor = change.label_minor if line.n == change.line else None
                        line.tare_g, line.answered = change.tare_g, change.answered
            case LineVoided():
                gone = {line.n for line in self.lines if change.line in (line.n, line.deposit_of)}
                self.lines = [line for line in self.lines if line.n not in gone]
                self.coupons = [coupon for coupon in self.coupons if coupon.line not in gone]
                for n in gone & self.price_changes.keys():
                    del self.price_changes[n]
            case CouponGiven():
                self.coupons.append(_coupon(change))


def _rung(n: int, change: LineRung) -> Line:
    return Line(
        n, change.item, change.quantity, change.pieces, change.code,
        asked_minor=change.asked_minor, by=change.by, approved_by=change.approved_by,
    )  # fmt: skip


def _coupon(change: CouponGiven) -> PaperCoupon:
    return PaperCoupon(
        code=change.code, line=change.line, supplier_minor=change.supplier_minor, chain_minor=change.chain_minor
    )
