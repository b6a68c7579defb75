"""Sales as people see them: their lines with the reason for every price, who paid how, and whether HQ agrees.

Nothing of whoever bought is read but the tier the till priced with.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
from sqlalchemy import and_, exists, false, or_
from sqlmodel import Session, col, select

from cloud.console.decided import BY_HAND, Decided, decided
from cloud.database.commits import IngestCommit
from cloud.errors import NotFound
from cloud.ledger.reading import Moved, moved_by
from cloud.org.models import Store, Till
from cloud.prices.books import StoreBooks
from cloud.pricing_audit.models import PriceAudit
from cloud.promotions.naming import promotion_names
from cloud.sales.lateness import LateSale, Words, arrivals, came_late, late_by, late_words
from cloud.sales.models import (
    ReceiptNumber,
    ReceiptSeries,
    Sale,
    SaleDiscount,
    SaleLine,
    SalePricing,
    SaleReturn,
    SaleTender,
)
from shared.pricing.layers import REASONS
from shared.pricing.price_list import Item
from shared.pricing.record import PromotionUse
from shared.web.words import Language

NEWEST = 4
MOST_RETURNS = 20
"""Returns of one sale that its page shows."""
_uses = msgspec.json.Decoder(list[PromotionUse])
_NUMBER = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, kw_only=True)
class ShownDiscount:
    """Money off a line: why, by what, how much."""

    reason: dict[Language, str]
    source: str
    minor: int
    by_hand: bool
    """Somebody's decision, whose source is the code of a reason and no promotion."""


@dataclass(frozen=True, kw_only=True)
class ShownLine:
    """A line: what it is called, what it costs and why."""

    row: SaleLine
    names: dict[str, str]
    discounts: list[ShownDiscount]

    def name(self, language: str) -> str:
        """Return what the item is called, in a language where the price book has it."""
        return self.names.get(language) or next(iter(self.names.values()), self.row.item)


@dataclass(frozen=True, kw_only=True)
class ShownSale:
    """A sale with its lines and reasons."""

    sale: Sale
    store_name: str
    lines: list[ShownLine]
    tenders: list[SaleTender]
    promotions: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the promotions are called whose discounts it has, by language."""
    late_ms: int = 0
    """How long it took to arrive; 0 for at once."""

    @property
    def late(self) -> Words | None:
        """Return how late it came, in words."""
        return late_words(self.late_ms)


@dataclass(frozen=True, kw_only=True)
class Newest:
    """The sales made last, and those that arrived among the last though they were made long before."""

    sales: list[ShownSale]
    late: list[LateSale]
    late_count: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A figure that HQ's engine comes to and the till did not; line 0 is the receipt as a whole."""

    line: int
    field: str
    till: object
    hq: object


@dataclass(frozen=True, kw_only=True)
class ReceiptPage:
    """One receipt: the sale, what came back of it, and what the audit says."""

    shown: ShownSale
    returns: list[SaleReturn]
    audit: PriceAudit | None
    differences: list[Difference]
    audited: bool
    arrived_ms: int | None
    decided: list[Decided]
    coupons: list[PromotionUse]
    """What its promotions used a coupon for."""
    moved: list[Moved]
    """What it and its returns moved in the ledger."""

    @property
    def undone(self) -> SaleReturn | None:
        """Return what gave the whole sale back right after it was paid, None where it stands."""
        return next((one for one in self.returns if one.void), None)

    @property
    def verdict(self) -> str:
        """Return what the audit says: `waiting`, `same`, or why it cannot confirm the price."""
        if self.audit is not None:
            return self.audit.verdict
        return "same" if self.audited else "waiting"


def newest_sales(session: Session, limit: int = NEWEST) -> Newest:
    """Return the sales made last, newest first, and apart from them those that have just come late."""
    query = select(Sale).order_by(col(Sale.at_ms).desc(), col(Sale.id).desc()).limit(limit)
    shown = shown_sales(session, list(session.exec(query)))
    there = {one.sale.id for one in shown}
    late = [one for one in came_late(session) if one.sale.id not in there]
    return Newest(sales=shown, late=late[:limit], late_count=len(late))


def receipt(session: Session, sale_id: UUID) -> ReceiptPage:
    """Read one sale. Raise NotFound."""
    sale = session.get(Sale, sale_id)
    if sale is None:
        raise NotFound(f"there is no sale {sale_id}")
    (shown,) = shown_sales(session, [sale])
    commit = session.get(IngestCommit, sale.commit_no)
    audit = session.get(PriceAudit, sale_id)
    of_it = select(SaleReturn).where(col(SaleReturn.original_sale_id) == sale_id).order_by(col(SaleReturn.at_ms))
    returns = session.exec(of_it.limit(MOST_RETURNS)).all()
    found = json.loads(audit.difference) if audit else []
    return ReceiptPage(
        shown=shown,
        returns=list(returns),
        audit=audit,
        differences=[
            Difference(line=one.get("line", 0), field=one.get("field", ""), till=one.get("till"), hq=one.get("hq"))
            for one in found
        ],
        audited=commit is not None and commit.audited,
        arrived_ms=commit.at_ms if commit else None,
        decided=decided(session, sale),
        coupons=_coupons(session, sale_id),
        moved=moved_by(session, [sale_id, *(one.id for one in returns)]),
    )


def find_receipts(session: Session, till: str, series: str, number: int, limit: int) -> list[ReceiptNumber]:
    """Return who has a receipt number, in whichever stores. A till is told by its id or its number; empty is any.

    Series are few and lead to the numbers by their key, so that no search reads through every receipt.
    """
    of_series = (
        col(ReceiptNumber.store_id) == col(ReceiptSeries.store_id),
        col(ReceiptNumber.till_id) == col(ReceiptSeries.till_id),
        col(ReceiptNumber.series) == col(ReceiptSeries.series),
    )
    query = select(ReceiptNumber).select_from(ReceiptSeries).join(ReceiptNumber, and_(*of_series))
    query = query.where(col(ReceiptNumber.number) == number)
    if series:
        query = query.where(col(ReceiptSeries.series) == series)
    if till:
        same = (col(Till.store_id) == col(ReceiptSeries.store_id), col(Till.id) == col(ReceiptSeries.till_id))
        numbered = exists().where(*same, col(Till.number) == int(till)) if _NUMBER.fullmatch(till) else false()
        query = query.where(or_(col(ReceiptSeries.till_id) == till.lower(), numbered))
    order = (col(ReceiptNumber.store_id), col(ReceiptNumber.till_id), col(ReceiptNumber.series))
    return list(session.exec(query.order_by(*order).limit(limit)))


def shown_sales(session: Session, sales: Sequence[Sale]) -> list[ShownSale]:
    """Read the lines, reasons and tenders of a few sales, in a handful of queries."""
    ids = [sale.id for sale in sales]
    lines: dict[UUID, list[SaleLine]] = defaultdict(list)
    for line in session.exec(select(SaleLine).where(col(SaleLine.sale_id).in_(ids)).order_by(col(SaleLine.n))):
        lines[line.sale_id].append(line)
    discounts: dict[tuple[UUID, int], list[SaleDiscount]] = defaultdict(list)
    for off in session.exec(
        select(SaleDiscount).where(col(SaleDiscount.sale_id).in_(ids)).order_by(col(SaleDiscount.n))
    ):
        discounts[off.sale_id, off.line_n].append(off)
    tenders: dict[UUID, list[SaleTender]] = defaultdict(list)
    for tender in session.exec(select(SaleTender).where(col(SaleTender.sale_id).in_(ids)).order_by(col(SaleTender.n))):
        tenders[tender.sale_id].append(tender)
    stores = {sale.store_id for sale in sales}
    named = dict(session.execute(select(col(Store.id), col(Store.name)).where(col(Store.id).in_(stores))).all())
    items = _items(session, sales, lines)
    arrived = arrivals(session, {sale.commit_no for sale in sales})
    sources = {off.source for found in discounts.values() for off in found if off.source and off.reason not in BY_HAND}
    called = promotion_names(session, sources) if sources else {}
    return [
        ShownSale(
            sale=sale,
            store_name=named.get(sale.store_id, sale.store_id),
            lines=[
                ShownLine(
                    row=line,
                    names=item.names if (item := items.get((sale.store_id, sale.book_version, line.item))) else {},
                    discounts=[_discount(one) for one in discounts[sale.id, line.n]],
                )
                for line in lines[sale.id]
            ],
            tenders=tenders[sale.id],
            promotions=called,
            late_ms=late_by(sale, arrived.get(sale.commit_no, 0)),
        )
        for sale in sales
    ]


def _items(
    session: Session, sales: Sequence[Sale], lines: dict[UUID, list[SaleLine]]
) -> dict[tuple[str, int, str], Item]:
    """Return what the sales' price books call their items, as far as HQ has the books."""
    wanted: dict[tuple[str, int], set[str]] = defaultdict(set)
    for sale in sales:
        wanted[sale.store_id, sale.book_version].update(line.item for line in lines[sale.id])
    books, found = StoreBooks(), {}
    for (store, version), keys in wanted.items():
        book = books.book(session, store, version)
        if book is not None:
            found.update({(store, version, key): item for key, item in book.items(sorted(keys)).items()})
    return found


def _coupons(session: Session, sale_id: UUID) -> list[PromotionUse]:
    """Return the uses of coupons that are HQ's own; paper ones are discounts like any other."""
    row = session.get(SalePricing, sale_id)
    return [one for one in _uses.decode(row.uses) if one.coupon] if row else []


def _discount(row: SaleDiscount) -> ShownDiscount:
    words = REASONS.get(row.reason, {})
    reason: dict[Language, str] = {"en": words.get("en", row.reason), "zh": words.get("zh", row.reason)}
    return ShownDiscount(reason=reason, source=row.source, minor=row.minor, by_hand=row.reason in BY_HAND)
