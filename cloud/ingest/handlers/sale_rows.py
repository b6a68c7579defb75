"""New sales as rows of their tables: collected sale by sale in one pass over the lines, written table by table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlmodel import Session

from cloud.database.bulk import insert_tuples
from cloud.ingest.handlers.base import TENDER_COLUMNS, business_day, tender_rows
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from cloud.members.resolving import Resolution
from cloud.sales.models import Sale, SaleCoupon, SaleDiscount, SaleLine, SalePricing, SaleTender
from cloud.store_days.models import SaleAdjustment, SaleAgeCheck
from shared.money import allocate
from shared.pricing import Item
from shared.pricing.model import Discount, Payer, PricedLine
from shared.wire.events import SaleCompleted

_SALE = (
    "id", "commit_no", "agent_id", "store_id", "legal_entity_id", "till_id", "till_kind", "cashier",
    "receipt_series", "receipt_number", "business_date", "at_ms", "opened_ms", "priced_ms", "currency", "exponent",
    "tax_mode", "total_minor", "saved_minor", "tax_minor", "line_count", "member_id", "card_id", "member_tier",
    "member_problem", "book_version", "book_manifest", "engine", "time_zone", "device_ms", "hq_offset_ms",
    "time_quality", "points_promised",
)  # fmt: skip
LINE_COLUMNS = (
    "sale_id", "n", "item", "code", "quantity", "unit", "price_minor", "price_basis", "gross_minor", "net_minor",
    "tax_code", "tax_rate_bp", "tax_minor", "category", "cost_minor",
)  # fmt: skip
_DISCOUNT = ("sale_id", "line_n", "n", "source", "reason", "minor", "chain_minor", "store_minor", "supplier_minor")
_COUPON = ("sale_id", "n", "line_n", "code", "supplier_minor", "chain_minor")
_ADJUSTMENT = ("sale_id", "n", "kind", "line_n", "minor", "reason", "decided_by", "approved_by")
_AGE = ("sale_id", "n", "years", "proof", "checked_by")
_PRICING = ("sale_id", "facts", "uses")

Row = tuple[Any, ...]


class SaleRows:
    """The rows of sales whose figures have been checked."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._sales: list[Row] = []
        self._lines: list[Row] = []
        self._discounts: list[Row] = []
        self._coupons: list[Row] = []
        self._tenders: list[Row] = []
        self._adjustments: list[Row] = []
        self._ages: list[Row] = []
        self._pricing: list[Row] = []

    def add(self, one: Received, sale: SaleCompleted, who: Resolution, known: Mapping[str, Item]) -> Sequence[Row]:
        """Add a sale: whose it is, and what its book knows of its items. Return its lines, in LINE_COLUMNS."""
        sale_id, lines, saved_minor = sale.id, [], 0
        for line in sale.lines:
            taken_off = self._add_discounts(sale_id, line) if line.discounts else 0
            saved_minor += taken_off
            lines.append(_line_row(sale_id, line, taken_off, known.get(line.item)))
        self._lines += lines
        self._sales.append(_sale_row(one, sale, self._intake, who, saved_minor))
        self._tenders += tender_rows(sale.id, sale.tenders)
        for n, coupon in enumerate(sale.coupons, start=1):
            self._coupons.append((sale_id, n, coupon.line, coupon.code, coupon.supplier_minor, coupon.chain_minor))
        if sale.adjustments or sale.age_checks:
            self._add_decided(sale)
        if sale.pricing is not None or sale.promotions:
            self._add_pricing(sale)
        return lines

    def insert(self, session: Session) -> None:
        """Write everything down."""
        insert_tuples(session, Sale, _SALE, self._sales)
        insert_tuples(session, SaleLine, LINE_COLUMNS, self._lines)
        insert_tuples(session, SaleDiscount, _DISCOUNT, self._discounts)
        insert_tuples(session, SaleCoupon, _COUPON, self._coupons)
        insert_tuples(session, SaleTender, TENDER_COLUMNS, self._tenders)
        insert_tuples(session, SaleAdjustment, _ADJUSTMENT, self._adjustments)
        insert_tuples(session, SaleAgeCheck, _AGE, self._ages)
        insert_tuples(session, SalePricing, _PRICING, self._pricing)

    def _add_discounts(self, sale_id: UUID, line: PricedLine) -> int:
        """Add the discounts of a line; return what they took off."""
        taken_off = 0
        for n, discount in enumerate(line.discounts, start=1):
            taken_off += discount.minor
            borne = _borne(discount)
            self._discounts.append(
                (
                    sale_id, line.n, n, discount.source, discount.reason, discount.minor,
                    borne.chain_minor, borne.store_minor, borne.supplier_minor,
                )
            )  # fmt: skip
        return taken_off

    def _add_decided(self, sale: SaleCompleted) -> None:
        """Add what people decided about a sale: prices, cents, ages."""
        for n, one in enumerate(sale.adjustments, start=1):
            self._adjustments.append(
                (sale.id, n, one.kind.value, one.line, one.minor, one.reason, one.by, one.approved_by)
            )
        for n, age in enumerate(sale.age_checks, start=1):
            self._ages.append((sale.id, n, age.years, age.proof.value, age.by))

    def _add_pricing(self, sale: SaleCompleted) -> None:
        """Add what prices looked at and promotions did beside the lines."""
        facts = None if sale.pricing is None else msgspec.json.encode(sale.pricing).decode()
        self._pricing.append((sale.id, facts, msgspec.json.encode(sale.promotions).decode()))


def _sale_row(one: Received, sale: SaleCompleted, intake: Intake, who: Resolution, saved_minor: int) -> Row:
    day = business_day(sale)
    book, receipt, device = sale.book, sale.receipt, sale.device
    return (
        sale.id, intake.commit_no, one.agent, one.store, intake.shops[one.store].owner_on(day), sale.till,
        sale.till_kind, sale.cashier, receipt.series, receipt.number, day, sale.at_ms, sale.opened_ms,
        sale.priced_ms, sale.currency, sale.exponent, sale.tax_mode, sale.total_minor, saved_minor,
        sum([line.tax_minor for line in sale.lines]), len(sale.lines),
        who.member_id, who.card_id, (sale.member.tier or "") if sale.member else None, who.problem or None,
        book.version, book.manifest, book.engine, book.zone, device.wall_ms, device.hq_offset_ms, device.quality,
        sale.points_promised,
    )  # fmt: skip


def _line_row(sale_id: UUID, line: PricedLine, taken_off: int, known: Item | None) -> Row:
    category, cost_minor = line.category, line.cost_minor
    if known is not None:
        category = category or known.category
        cost_minor = known.cost_minor if cost_minor is None else cost_minor
    price = line.price
    return (
        sale_id, line.n, line.item, line.code, line.quantity, line.unit, price.minor, price.basis,
        line.net_minor + taken_off, line.net_minor, line.tax_code, line.tax_rate_bp, line.tax_minor, category,
        cost_minor,
    )  # fmt: skip


class _Borne(NamedTuple):
    """What each payer bears of a discount."""

    chain_minor: int
    store_minor: int
    supplier_minor: int


def _borne(discount: Discount) -> _Borne:
    """Return each payer's part of a discount; nobody named means the chain."""
    if not discount.payers:
        return _Borne(discount.minor, 0, 0)
    shares = [discount.payers.get(payer, 0) for payer in (Payer.CHAIN, Payer.STORE, Payer.SUPPLIER)]
    return _Borne(*allocate(discount.minor, shares))
