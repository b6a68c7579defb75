"""Sales as the engine needs them, read back from what was written down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.sales.models import Sale, SaleCoupon, SaleDiscount, SaleLine, SalePricing, SaleTender
from cloud.store_days.models import SaleAdjustment
from shared.money import UnitPrice
from shared.pricing import (
    BasketLine,
    PaperCoupon,
    PriceBook,
    PricingContext,
    PricingFacts,
    PromotionUse,
    Unit,
    context_of,
)

AT_ONCE = 500
"""Sales held in memory at once, with all their lines."""

_facts = msgspec.json.Decoder(PricingFacts)
_uses = msgspec.json.Decoder(list[PromotionUse])


@dataclass(frozen=True, slots=True)
class DiscountRecord:
    """Money the till took off a line."""

    source: str
    reason: str
    minor: int


@dataclass(frozen=True, slots=True)
class LineRecord:
    """A line as the till charged it."""

    n: int
    item: str
    code: str
    quantity: int
    unit: Unit
    price: UnitPrice
    gross_minor: int
    net_minor: int
    tax_code: str
    tax_rate_bp: int
    tax_minor: int
    discounts: tuple[DiscountRecord, ...]


@dataclass(frozen=True, slots=True)
class SaleRecord:
    """A sale: what went into the engine at the till, and what it charged."""

    sale: UUID
    commit_no: int
    store: str
    business_date: date
    book_version: int
    manifest: bytes
    """The first `shared.wire.events.MANIFEST_BYTES` bytes of the manifest's hash."""
    engine: int
    total_minor: int
    saved_minor: int
    tendered_minor: int
    context: PricingContext
    lines: Sequence[LineRecord]
    coupons: Sequence[PaperCoupon]
    decided: Mapping[str, int] = field(default_factory=dict)
    """What people or the store's rounding took off, by kind, as the sale names them."""
    uses: Sequence[PromotionUse] = ()
    """What its promotions did beside its lines: points, coupons."""

    def basket(self, book: PriceBook) -> list[BasketLine]:
        """Return the lines as they were rung up.

        A weighed line whose price is for exactly its quantity, which is not what the book's price is for, was sold by
        a scale's label: its amount is a fact, as it was at the till.
        """
        return [
            BasketLine(
                n=line.n, item=line.item, quantity=line.quantity, code=line.code, label_minor=_label_minor(line, book)
            )
            for line in self.lines
        ]


def _label_minor(line: LineRecord, book: PriceBook) -> int | None:
    price, item = book.price(line.item), book.item(line.item)
    if item is not None and item.open_price is not None:
        return line.price.amount(line.quantity)  # asked for at the till: a fact as well
    by_label = line.unit is not Unit.EACH and line.price.basis == line.quantity
    return line.price.minor if by_label and price is not None and price.basis != line.quantity else None


@dataclass(slots=True)
class _Parts:
    """Rows below a sale, by sale."""

    lines: defaultdict[UUID, list[LineRecord]] = field(default_factory=lambda: defaultdict(list))
    coupons: defaultdict[UUID, list[PaperCoupon]] = field(default_factory=lambda: defaultdict(list))
    tendered: defaultdict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    decided: defaultdict[UUID, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    facts: dict[UUID, PricingFacts] = field(default_factory=dict)
    uses: dict[UUID, Sequence[PromotionUse]] = field(default_factory=dict)


def sales_of(session: Session, commits: Sequence[int], at_once: int = AT_ONCE) -> Iterator[list[SaleRecord]]:
    """Yield the sales that came in with these commits, in parts: a commit holds as many as its agents had to send."""
    sale = table_of(Sale)
    of_commits = sale.c.commit_no.in_(commits)
    after: UUID | None = None
    while True:
        left = of_commits if after is None else of_commits & (sale.c.id > after)
        heads = session.execute(select(sale).where(left).order_by(sale.c.id).limit(at_once)).all()
        if not heads:
            return
        after = heads[-1].id
        yield _records(session, heads, of_commits & sale.c.id.between(heads[0].id, after))


def sale_of(session: Session, sale: Sale) -> SaleRecord:
    """Return one sale."""
    (record,) = _records(session, [sale], table_of(Sale).c.id == sale.id)
    return record


def _records(session: Session, heads: Sequence[Any], chosen: ColumnElement[bool]) -> list[SaleRecord]:
    """Return sales with what stands below them; `chosen` picks just these out of the table of sales."""
    parts = _Parts()
    _read_lines(session, chosen, parts)
    for row in session.execute(_below(SaleCoupon, chosen)):
        coupon = PaperCoupon(
            code=row.code, line=row.line_n, supplier_minor=row.supplier_minor, chain_minor=row.chain_minor
        )
        parts.coupons[row.sale_id].append(coupon)
    for row in session.execute(_below(SaleTender, chosen)):
        parts.tendered[row.sale_id] += row.minor
    for row in session.execute(_below(SaleAdjustment, chosen)):
        parts.decided[row.sale_id][row.kind] += row.minor
    for row in session.execute(_below(SalePricing, chosen)):
        if row.facts is not None:
            parts.facts[row.sale_id] = _facts.decode(row.facts)
        parts.uses[row.sale_id] = _uses.decode(row.uses)
    return [_record(head, parts) for head in heads]


def _read_lines(session: Session, chosen: ColumnElement[bool], parts: _Parts) -> None:
    discounts: defaultdict[tuple[UUID, int], list[DiscountRecord]] = defaultdict(list)
    for row in session.execute(_below(SaleDiscount, chosen)):
        discounts[row.sale_id, row.line_n].append(DiscountRecord(row.source, row.reason, row.minor))
    for row in session.execute(_below(SaleLine, chosen)):
        parts.lines[row.sale_id].append(
            LineRecord(
                n=row.n,
                item=row.item,
                code=row.code,
                quantity=row.quantity,
                unit=Unit(row.unit),
                price=UnitPrice(row.price_minor, row.price_basis),
                gross_minor=row.gross_minor,
                net_minor=row.net_minor,
                tax_code=row.tax_code,
                tax_rate_bp=row.tax_rate_bp,
                tax_minor=row.tax_minor,
                discounts=tuple(discounts[row.sale_id, row.n]),
            )
        )


def _below(
    model: type[SaleLine | SaleDiscount | SaleCoupon | SaleTender | SaleAdjustment | SalePricing],
    chosen: ColumnElement[bool],
) -> Select[Any]:
    """Select the rows below the chosen sales, in the order of their keys."""
    table, sale = table_of(model), table_of(Sale)
    join = table.join(sale, sale.c.id == table.c.sale_id)
    return select(table).select_from(join).where(chosen).order_by(*table.primary_key.columns)


def _priced_by(head: Any) -> str | None:
    """Return the tier a sale was priced by: none of what HQ said of a card that the store did not know."""
    return "" if head.card_id is not None and head.member_tier else cast("str | None", head.member_tier)


def _record(head: Any, parts: _Parts) -> SaleRecord:
    context = context_of(
        parts.facts.get(head.id),
        at_ms=head.priced_ms,
        time_zone=head.time_zone,
        store=head.store_id,
        till_kind=head.till_kind,
        tier=_priced_by(head),
    )
    return SaleRecord(
        sale=head.id,
        commit_no=head.commit_no,
        store=head.store_id,
        business_date=head.business_date,
        book_version=head.book_version,
        manifest=bytes(head.book_manifest),
        engine=head.engine,
        total_minor=head.total_minor,
        saved_minor=head.saved_minor,
        tendered_minor=parts.tendered[head.id],
        context=context,
        lines=parts.lines[head.id],
        coupons=parts.coupons[head.id],
        decided=parts.decided[head.id],
        uses=parts.uses.get(head.id, ()),
    )
