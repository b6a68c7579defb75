"""Source baskets as what a cashier does: scans, quantities, paper coupons, the card, coupons' codes, the money."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from deploy.demo import catalogue, draws, members
from deploy.demo.campaigns import CampaignCoupon
from deploy.demo.dataset import Dataset, Row, SourceBasket
from deploy.demo.oddities import Way, way_of
from deploy.demo.weekly_prices import units

_ID_BITS = 74
_TENDERS = ("cash", "bank_card")
Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Coupon:
    """A paper coupon for one line, of no campaign; `code` says where it came from in the source."""

    code: str
    supplier_minor: int
    chain_minor: int


@dataclass(slots=True)
class Line:
    """One line to ring: `left_minor` is what the source says remains to pay after its coupons."""

    row: Row
    quantity: int
    left_minor: int
    coupons: list[Coupon] = field(default_factory=list)
    campaign: CampaignCoupon | None = None
    """The campaign's coupon that came with it: its code is entered, and the engine says what it takes off."""


@dataclass(frozen=True, slots=True)
class TillBasket:
    """A basket ready for the bench."""

    id: UUID
    store: int
    week: int
    at_ms: int
    household: int
    lines: int
    steps: list[Step]
    hands_over: bool = False
    """Whether a campaign's coupon comes with it, so that its store has to know whom it was mailed to."""


def sale_id(at_ms: int, basket: int, seed: int) -> UUID:
    """Return the UUIDv7 of a source basket's sale: its time, and bits drawn from its number."""
    drawn = draws.bits(seed, "sale", basket) & ((1 << _ID_BITS) - 1)
    return UUID(int=at_ms << 80 | 0x7 << 76 | (drawn >> 62) << 64 | 0b10 << 62 | drawn & ((1 << 62) - 1))


def lines_of(basket: SourceBasket, dataset: Dataset) -> list[Line]:
    """Return the lines a basket has at the till, loose coupons handed over."""
    lines = [_line(basket.id, row, dataset) for row in basket.rows if way_of(row) in (Way.ORDINARY, Way.FREE)]
    for row in basket.rows:
        if way_of(row) is Way.LOOSE_COUPON and lines:
            dearest = max(lines, key=lambda line: (line.left_minor, -line.row.product))
            dearest.coupons.append(Coupon(f"B{row.product}", row.coupon_minor, 0))
            dearest.left_minor -= row.coupon_minor
    return lines


def till_basket(basket: SourceBasket, dataset: Dataset, seed: int) -> TillBasket | None:
    """Return a basket's steps, or None for a basket in which no row is a line."""
    lines = lines_of(basket, dataset)
    if not lines:
        return None
    steps = [step for line in lines for step in _line_steps(line, dataset)]
    card: Step = {"card": members.card_number(basket.household)}
    # Some show their card first, some when asked for the money: the whole basket is priced again then.
    steps.insert(0 if draws.chance(5000, seed, "card", basket.id) else len(steps), card)
    steps += [{"code": line.campaign.code} for line in lines if line.campaign]
    steps.append({"tender": {"method": _TENDERS[draws.below(len(_TENDERS), seed, "tender", basket.id)]}})
    return TillBasket(
        id=sale_id(basket.at_ms, basket.id, seed),
        store=basket.store,
        week=basket.week,
        at_ms=basket.at_ms,
        household=basket.household,
        lines=len(lines),
        steps=steps,
        hands_over=any(line.campaign for line in lines),
    )


def _line(basket: int, row: Row, dataset: Dataset) -> Line:
    line = Line(row, row.quantity, row.sales_minor - row.coupon_minor)
    if way_of(row) is Way.FREE:
        line.coupons.append(Coupon(f"F{row.product}", row.coupon_minor, row.regular_amount))
        return line
    line.quantity = units(row, dataset)
    line.campaign = dataset.campaigns.handed.get((basket, row.product))
    paper_minor = 0 if line.campaign else row.coupon_minor
    if paper_minor or row.match_minor:
        line.coupons.append(Coupon(f"P{row.product}", paper_minor, row.match_minor))
    return line


def _line_steps(line: Line, dataset: Dataset) -> list[Step]:
    steps: list[Step] = [{"scan": catalogue.barcode(line.row.product)}]
    if line.row.product in dataset.fuel:
        steps.append({"volume_ml": line.quantity})
    elif line.quantity != 1:
        steps.append({"quantity": line.quantity})
    steps.extend(
        {"coupon": {"code": one.code, "supplier_minor": one.supplier_minor, "chain_minor": one.chain_minor}}
        for one in line.coupons
    )
    return steps
