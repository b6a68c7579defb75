"""Sales: checked against themselves and their store, then written down in bulk as the till charged them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from operator import itemgetter
from uuid import UUID

from sqlmodel import Session

from cloud.database.commits import Commit
from cloud.ingest.handlers.base import (
    ARITHMETIC,
    MALFORMED,
    MAX_MINOR,
    MAX_QUANTITY,
    Refusals,
    Unfit,
    business_day,
    check_moment,
    check_tenders,
    claim_receipts,
    expect,
)
from cloud.ingest.handlers.sale_rows import LINE_COLUMNS, Row, SaleRows
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from cloud.loyalty.facts import LineFacts, SaleFacts, TenderFacts
from cloud.members.resolving import Resolution
from cloud.sales import days, hours
from cloud.sales.shops import Shop
from shared.calendar import is_zone
from shared.money import BASIS_POINTS
from shared.pricing import Item
from shared.pricing.model import PricedLine
from shared.wire.events import SaleCompleted

MAX_LINES = 1000
MAX_POINTS = 10**9
MAX_TIMES_BP = 1000 * BASIS_POINTS

_LINE_FACTS = itemgetter(*map(LINE_COLUMNS.index, LineFacts._fields))
_line_facts = partial(tuple.__new__, LineFacts)  # a million a minute: the class itself takes twice as long

_NOBODY = Resolution()
_Described = Mapping[tuple[str, int], Mapping[str, Item]]


def apply_sales(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take sales HQ has not seen before."""
    sales = [(one, expect(one.event, SaleCompleted)) for one in events]
    refused = claim_receipts(session, [(one, sale.receipt) for one, sale in sales])
    fit = []
    for one, sale in sales:
        if refused and one.event_id in refused:
            continue
        try:
            check(sale, intake.shops[one.store])
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
        else:
            fit.append((one, sale))
    if fit:
        _write(session, fit, intake)
    return refused


def check(sale: SaleCompleted, shop: Shop) -> None:
    """Raise Unfit when a sale's figures do not add up, or are not in its store's money."""
    if (sale.currency, sale.exponent, sale.tax_mode) != (shop.currency, shop.exponent, shop.tax_mode):
        given = f"{sale.currency}/{sale.exponent}, tax {sale.tax_mode}"
        raise Unfit(MALFORMED, f"sale is in {given}, its store in {shop.currency}/{shop.exponent}, tax {shop.tax_mode}")
    if not 0 < len(sale.lines) <= MAX_LINES:
        raise Unfit(MALFORMED, f"a sale has 1 to {MAX_LINES} lines, got {len(sale.lines)}")
    if len({line.n for line in sale.lines}) != len(sale.lines):
        raise Unfit(MALFORMED, "two lines have the same number")
    business_day(sale)
    _check_priced(sale)
    total = _check_lines(sale.lines)
    _check_uses(sale)
    if total != sale.total_minor:
        raise Unfit(ARITHMETIC, f"lines add up to {total}, the total is {sale.total_minor}")
    check_tenders(sale.tenders, sale.total_minor)


def _check_uses(sale: SaleCompleted) -> None:
    """Raise Unfit for points that no promotion gives, takes or multiplies: never of more than all goods came to."""
    most = sum([line.price.amount(line.quantity) for line in sale.lines]) if sale.promotions else 0
    for use in sale.promotions:
        if not (0 <= use.points <= MAX_POINTS and 0 <= use.spent_points <= MAX_POINTS):
            raise Unfit(ARITHMETIC, f"promotion {use.promotion}: {use.points} points given, {use.spent_points} taken")
        if not (0 <= use.multiplier_bp <= MAX_TIMES_BP and 0 <= use.base_minor <= most):
            raise Unfit(ARITHMETIC, f"promotion {use.promotion}: {use.multiplier_bp} bp of {use.base_minor} in points")


def _check_priced(sale: SaleCompleted) -> None:
    """Raise Unfit when nobody could price the sale again: at no time of the calendar, or on no clock that exists."""
    check_moment(sale.priced_ms)
    check_moment(sale.opened_ms)
    if not is_zone(sale.book.zone):
        raise Unfit(MALFORMED, f"{sale.book.zone[:64]!r} is no time zone that head office knows")


def _check_lines(lines: Sequence[PricedLine]) -> int:
    """Return what lines add up to. Raise Unfit for one whose figures contradict each other or no till makes."""
    total = 0
    for line in lines:
        quantity, net = line.quantity, line.net_minor
        gross = line.price.amount(quantity)
        if quantity > MAX_QUANTITY or gross > MAX_MINOR or not -MAX_MINOR <= line.tax_minor <= MAX_MINOR:
            raise Unfit(ARITHMETIC, f"line {line.n}: {quantity} for {gross} is beyond what a till sells")
        left = gross - _taken_off(line) if line.discounts else gross
        if left != net:
            raise Unfit(ARITHMETIC, f"line {line.n}: gross less discounts is {left}, net is {net}")
        if net < 0 or quantity < 1:
            raise Unfit(ARITHMETIC, f"line {line.n}: quantity {quantity} for {net}")
        total += net
    return total


def _taken_off(line: PricedLine) -> int:
    """Return what a line's discounts come to. Raise Unfit for one that nobody gives, or that nobody bears."""
    taken_off = 0
    for discount in line.discounts:
        if not -MAX_MINOR <= discount.minor <= MAX_MINOR:
            raise Unfit(ARITHMETIC, f"line {line.n}: a discount of {discount.minor} is beyond what a till gives")
        if discount.payers and sum(discount.payers.values()) != BASIS_POINTS:
            raise Unfit(
                ARITHMETIC,
                f"line {line.n}: the payers of {discount.source or discount.reason} do not bear exactly all of it",
            )
        taken_off += discount.minor
    return taken_off


def _write(session: Session, sales: Sequence[tuple[Received, SaleCompleted]], intake: Intake) -> None:
    shown = _members(session, sales, intake)
    described = _describe(session, sales, intake)
    rows = SaleRows(intake)
    facts = []
    for (one, sale), who in zip(sales, shown, strict=True):
        lines = rows.add(one, sale, who, described.get((one.store, sale.book.version), {}))
        if who.member_id is not None:
            facts.append(_facts(sale, who.member_id, lines))
    rows.insert(session)
    days.add_sales(session, ((one.store, business_day(sale), len(sale.lines), sale.total_minor) for one, sale in sales))
    hours.add_sales(
        session, ((one.store, business_day(sale), sale.at_ms, sale.book.zone, sale.total_minor) for one, sale in sales)
    )
    if facts:
        intake.downstream.post(session, intake.commit_no, facts, ())
    intake.downstream.settle(session, Commit(intake.commit_no, intake.now_ms), [sale for _, sale in sales], ())


def _facts(sale: SaleCompleted, member: UUID, lines: Sequence[Row]) -> SaleFacts:
    """Return what loyalty needs, with the categories as just written."""
    return SaleFacts(
        sale=sale.id,
        member=member,
        store=sale.store,
        business_date=business_day(sale),
        at_ms=sale.at_ms,
        lines=list(map(_line_facts, map(_LINE_FACTS, lines))),
        till=sale.till,
        cashier=sale.cashier,
        receipt=f"{sale.receipt.series}-{sale.receipt.number}",
        tenders=[TenderFacts(tender.method, tender.minor) for tender in sale.tenders],
        uses=sale.promotions,
        tier=(sale.member.tier or "") if sale.member else "",
        promised=sale.points_promised,
        promised_by=sale.points_by,
    )


def _members(session: Session, sales: Sequence[tuple[Received, SaleCompleted]], intake: Intake) -> Sequence[Resolution]:
    """Return whose each sale is."""
    asked = [sale.member for _, sale in sales if sale.member is not None]
    answers = iter(intake.downstream.resolve(session, asked, intake.now_ms) if asked else ())
    return [_NOBODY if sale.member is None else next(answers) for _, sale in sales]


def _describe(session: Session, sales: Sequence[tuple[Received, SaleCompleted]], intake: Intake) -> _Described:
    """Ask once for the items whose lines leave the category to HQ, by store and version."""
    items: dict[tuple[str, int], set[str]] = defaultdict(set)
    for one, sale in sales:
        items[one.store, sale.book.version].update([line.item for line in sale.lines if not line.category])
    return intake.downstream.describe(session, {book: wanted for book, wanted in items.items() if wanted})
