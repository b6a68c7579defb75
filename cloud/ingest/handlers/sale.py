"""Sales: checked against themselves and their store, then written down in bulk as the till charged them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session

from cloud.database.bulk import insert_tuples
from cloud.ingest.handlers.base import (
    ARITHMETIC,
    MALFORMED,
    MAX_MINOR,
    MAX_QUANTITY,
    TENDER_COLUMNS,
    Refusals,
    Unfit,
    business_day,
    check_moment,
    check_tenders,
    claim_receipts,
    expect,
    tender_rows,
)
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from cloud.loyalty.facts import LineFacts, SaleFacts, TenderFacts
from cloud.members.resolving import Resolution
from cloud.sales import days, hours
from cloud.sales.models import Sale, SaleCoupon, SaleDiscount, SaleLine, SalePricing, SaleTender
from cloud.sales.shops import Shop
from cloud.store_days.models import SaleAdjustment, SaleAgeCheck
from cloud.value.spending import Posted
from shared.calendar import is_zone
from shared.money import BASIS_POINTS, allocate
from shared.pricing import Item
from shared.pricing.model import Discount, Payer, PricedLine
from shared.wire.events import SaleCompleted

MAX_LINES = 1000

_SALE = (
    "id", "commit_no", "agent_id", "store_id", "legal_entity_id", "till_id", "till_kind", "cashier",
    "receipt_series", "receipt_number", "business_date", "at_ms", "opened_ms", "priced_ms", "currency", "exponent",
    "tax_mode", "total_minor", "saved_minor", "tax_minor", "line_count", "member_id", "card_id", "member_tier",
    "member_problem", "book_version", "book_manifest", "engine", "time_zone", "device_ms", "hq_offset_ms",
    "time_quality", "points_promised",
)  # fmt: skip
_LINE = (
    "sale_id", "n", "item", "code", "quantity", "unit", "price_minor", "price_basis", "gross_minor", "net_minor",
    "tax_code", "tax_rate_bp", "tax_minor", "category", "cost_minor",
)  # fmt: skip
_CATEGORY = _LINE.index("category")
_DISCOUNT = ("sale_id", "line_n", "n", "source", "reason", "minor", "chain_minor", "store_minor", "supplier_minor")
_COUPON = ("sale_id", "n", "line_n", "code", "supplier_minor", "chain_minor")

_ADJUSTMENT = ("sale_id", "n", "kind", "line_n", "minor", "reason", "decided_by", "approved_by")
_AGE = ("sale_id", "n", "years", "proof", "checked_by")

_NOBODY = Resolution()
_Rows = list[tuple[Any, ...]]
_Described = Mapping[tuple[str, int], Mapping[str, Item]]


def apply_sales(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take sales HQ has not seen before."""
    sales = [(one, expect(one.event, SaleCompleted)) for one in events]
    refused = claim_receipts(session, [(one, sale.receipt) for one, sale in sales])
    fit = []
    for one, sale in sales:
        if one.event_id not in refused:
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
    total = 0
    for line in sale.lines:
        _check_line(line)
        total += line.net_minor
    if total != sale.total_minor:
        raise Unfit(ARITHMETIC, f"lines add up to {total}, the total is {sale.total_minor}")
    check_tenders(sale.tenders, sale.total_minor)


def _check_priced(sale: SaleCompleted) -> None:
    """Raise Unfit when nobody could price the sale again: at no time of the calendar, or on no clock that exists."""
    check_moment(sale.priced_ms)
    check_moment(sale.opened_ms)
    if not is_zone(sale.book.zone):
        raise Unfit(MALFORMED, f"{sale.book.zone[:64]!r} is no time zone that head office knows")


def _check_line(line: PricedLine) -> None:
    left = line.gross_minor
    if line.quantity > MAX_QUANTITY or max(left, abs(line.tax_minor)) > MAX_MINOR:
        raise Unfit(ARITHMETIC, f"line {line.n}: {line.quantity} for {left} is beyond what a till sells")
    for discount in line.discounts:
        left -= discount.minor
        if abs(discount.minor) > MAX_MINOR:
            raise Unfit(ARITHMETIC, f"line {line.n}: a discount of {discount.minor} is beyond what a till gives")
        if discount.payers and sum(discount.payers.values()) != BASIS_POINTS:
            raise Unfit(
                ARITHMETIC,
                f"line {line.n}: the payers of {discount.source or discount.reason} do not bear exactly all of it",
            )
    if left != line.net_minor:
        raise Unfit(ARITHMETIC, f"line {line.n}: gross less discounts is {left}, net is {line.net_minor}")
    if line.net_minor < 0 or line.quantity < 1:
        raise Unfit(ARITHMETIC, f"line {line.n}: quantity {line.quantity} for {line.net_minor}")


def _write(session: Session, sales: Sequence[tuple[Received, SaleCompleted]], intake: Intake) -> None:
    shown = _members(session, sales, intake)
    described = _describe(session, sales, intake)
    heads: _Rows = []
    lines: _Rows = []
    discounts: _Rows = []
    coupons: _Rows = []
    tenders: _Rows = []
    facts = []
    for one, sale in sales:
        who = shown.get(sale.id, _NOBODY)
        known = described.get((one.store, sale.book.version), {})
        heads.append(_sale_row(one, sale, intake, who))
        rows = [_line_row(sale.id, line, known.get(line.item)) for line in sale.lines]
        lines.extend(rows)
        if who.member_id is not None:
            facts.append(_facts(sale, who.member_id, rows))
        for line in sale.lines:
            for n, discount in enumerate(line.discounts, start=1):
                discounts.append((sale.id, line.n, n, *_borne(discount)))
        for n, coupon in enumerate(sale.coupons, start=1):
            coupons.append((sale.id, n, coupon.line, coupon.code, coupon.supplier_minor, coupon.chain_minor))
        tenders.extend(tender_rows(sale.id, sale.tenders))
    insert_tuples(session, Sale, _SALE, heads)
    insert_tuples(session, SaleLine, _LINE, lines)
    insert_tuples(session, SaleDiscount, _DISCOUNT, discounts)
    insert_tuples(session, SaleCoupon, _COUPON, coupons)
    insert_tuples(session, SaleTender, TENDER_COLUMNS, tenders)
    _write_decided(session, [sale for _, sale in sales])
    _write_pricing(session, [sale for _, sale in sales])
    days.add_sales(session, ((one.store, business_day(sale), len(sale.lines), sale.total_minor) for one, sale in sales))
    hours.add_sales(
        session, ((one.store, business_day(sale), sale.at_ms, sale.book.zone, sale.total_minor) for one, sale in sales)
    )
    if facts:
        intake.downstream.post(session, intake.commit_no, facts, ())
    intake.downstream.settle(session, Posted(intake.commit_no, intake.now_ms), [sale for _, sale in sales], ())


def _write_decided(session: Session, sales: Sequence[SaleCompleted]) -> None:
    """Write down what people decided about sales: prices, cents, ages."""
    adjustments = [
        (sale.id, n, one.kind.value, one.line, one.minor, one.reason, one.by, one.approved_by)
        for sale in sales
        for n, one in enumerate(sale.adjustments, start=1)
    ]
    ages = [
        (sale.id, n, one.years, one.proof.value, one.by)
        for sale in sales
        for n, one in enumerate(sale.age_checks, start=1)
    ]
    insert_tuples(session, SaleAdjustment, _ADJUSTMENT, adjustments)
    insert_tuples(session, SaleAgeCheck, _AGE, ages)


def _facts(sale: SaleCompleted, member: UUID, rows: _Rows) -> SaleFacts:
    """Return what loyalty needs, with the categories as just written."""
    return SaleFacts(
        sale=sale.id,
        member=member,
        store=sale.store,
        business_date=business_day(sale),
        at_ms=sale.at_ms,
        lines=[
            LineFacts(line.n, line.quantity, line.net_minor, row[_CATEGORY])
            for line, row in zip(sale.lines, rows, strict=True)
        ],
        till=sale.till,
        cashier=sale.cashier,
        receipt=f"{sale.receipt.series}-{sale.receipt.number}",
        tenders=[TenderFacts(tender.method, tender.minor) for tender in sale.tenders],
        uses=sale.promotions,
        tier=(sale.member.tier or "") if sale.member else "",
        promised=sale.points_promised,
        promised_by=sale.points_by,
    )


def _members(
    session: Session, sales: Sequence[tuple[Received, SaleCompleted]], intake: Intake
) -> Mapping[UUID, Resolution]:
    asked = [(sale.id, sale.member) for _, sale in sales if sale.member is not None]
    if not asked:
        return {}
    answers = intake.downstream.resolve(session, [reference for _, reference in asked], intake.now_ms)
    return {sale_id: answer for (sale_id, _), answer in zip(asked, answers, strict=True)}


def _describe(session: Session, sales: Sequence[tuple[Received, SaleCompleted]], intake: Intake) -> _Described:
    """Ask once for the items whose lines leave the category to HQ, by store and version."""
    items: dict[tuple[str, int], set[str]] = defaultdict(set)
    for one, sale in sales:
        items[one.store, sale.book.version].update(line.item for line in sale.lines if not line.category)
    return intake.downstream.describe(session, {book: wanted for book, wanted in items.items() if wanted})


def _write_pricing(session: Session, sales: Sequence[SaleCompleted]) -> None:
    """Write down what prices looked at and promotions did beside the lines, where there is any of it."""
    rows = [
        (
            sale.id,
            None if sale.pricing is None else msgspec.json.encode(sale.pricing).decode(),
            msgspec.json.encode(sale.promotions).decode(),
        )
        for sale in sales
        if sale.pricing is not None or sale.promotions
    ]
    if rows:
        insert_tuples(session, SalePricing, ("sale_id", "facts", "uses"), rows)


def _sale_row(one: Received, sale: SaleCompleted, intake: Intake, who: Resolution) -> tuple[Any, ...]:
    day = business_day(sale)
    return (
        sale.id, intake.commit_no, one.agent, one.store, intake.shops[one.store].owner_on(day), sale.till,
        sale.till_kind, sale.cashier, sale.receipt.series, sale.receipt.number, day, sale.at_ms, sale.opened_ms,
        sale.priced_ms, sale.currency, sale.exponent, sale.tax_mode, sale.total_minor, sale.saved_minor,
        sum([line.tax_minor for line in sale.lines]), len(sale.lines),
        who.member_id, who.card_id, (sale.member.tier or "") if sale.member else None, who.problem or None,
        sale.book.version, sale.book.manifest, sale.book.engine, sale.book.zone,
        sale.device.wall_ms, sale.device.hq_offset_ms, sale.device.quality, sale.points_promised,
    )  # fmt: skip


def _line_row(sale_id: UUID, line: PricedLine, known: Item | None) -> tuple[Any, ...]:
    category, cost_minor = line.category, line.cost_minor
    if known is not None:
        category = category or known.category
        cost_minor = known.cost_minor if cost_minor is None else cost_minor
    price = line.price
    return (
        sale_id, line.n, line.item, line.code, line.quantity, line.unit, price.minor, price.basis, line.gross_minor,
        line.net_minor, line.tax_code, line.tax_rate_bp, line.tax_minor, category, cost_minor,
    )  # fmt: skip


def _borne(discount: Discount) -> tuple[str, str, int, int, int, int]:
    """Return the discount's columns with each payer's part of it; nobody named means the chain."""
    if not discount.payers:
        return discount.source, discount.reason, discount.minor, discount.minor, 0, 0
    shares = [discount.payers.get(payer, 0) for payer in (Payer.CHAIN, Payer.STORE, Payer.SUPPLIER)]
    chain, store, supplier = allocate(discount.minor, shares)
    return discount.source, discount.reason, discount.minor, chain, store, supplier
