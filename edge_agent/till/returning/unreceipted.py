"""Goods that come back without a receipt: approved, limited, in cash, at the lowest price in force."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from edge_agent.till.asks import Approver
from edge_agent.till.desk import MAX_LINES, Desk, Refusal, book_for, require_resolved, require_shift
from edge_agent.till.facts import stamped
from edge_agent.till.numbering import receipt_for
from edge_agent.till.ports import TillBook
from edge_agent.till.returning.results import Returned
from edge_agent.till.shifts import ledger
from edge_agent.till.staff.approving import approved, chosen
from shared.money import UnitPrice, tax_included
from shared.wire.events import GoodsReturned, Receipt, Tender, TenderKind
from shared.wire.policies import Approval
from shared.wire.till_events import GoodsLine

MAX_QUANTITY = 9_999_999


def take(
    db: sqlite3.Connection, desk: Desk, goods: Sequence[tuple[str, int]], reason: str, approver: Approver | None
) -> Returned:
    """Take goods back: nobody can say what was paid, so it is the lowest price anybody pays now."""
    require_resolved(db, desk)
    policies = desk.policies
    if desk.stand.practice:
        raise Refusal("practice_only")
    if policies.no_receipt_max <= 0:
        raise Refusal("no_receipt_never")
    require_shift(desk)
    why = chosen(reason, policies.return_reasons)
    by = approved(desk, Approval.RETURN_WITHOUT_RECEIPT, approver)
    book = book_for(db, desk, None)
    lines = lines_of(desk, book, goods, why)
    total = sum(line.refund_minor for line in lines)
    settings = desk.settings()
    fields = stamped(db, desk)
    fields["business_date"] = ledger.business_date(db, desk, fields["at_ms"])

    def returned(receipt: Receipt) -> GoodsReturned:
        return GoodsReturned(
            **fields,
            receipt=receipt,
            lines=lines,
            tenders=[Tender(method=TenderKind.CASH, minor=total)],
            currency=settings.currency,
            exponent=settings.exponent,
            total_minor=total,
            book_version=book.version,
            approved_by=by,
        )

    event = receipt_for(db, desk, returned)
    number = f"{event.receipt.series}-{event.receipt.number:06d}"
    return Returned(event.id, number, total, tuple(event.tenders), original=None)


def lines_of(desk: Desk, book: TillBook, goods: Sequence[tuple[str, int]], reason: str) -> list[GoodsLine]:
    """Return what goods (item, quantity in its unit) would pay back, each at the lowest price in force.

    Refuse more than the store allows.
    """
    if not 0 < len(goods) <= MAX_LINES:
        raise Refusal("nothing_returned")
    lines = [_line(book, n, item, quantity, reason) for n, (item, quantity) in enumerate(goods, start=1)]
    if sum(line.refund_minor for line in lines) > desk.policies.no_receipt_max:
        raise Refusal("no_receipt_limit", str(desk.policies.no_receipt_max))
    return lines


def _line(book: TillBook, n: int, number: str, quantity: int, reason: str) -> GoodsLine:
    item, price = book.item(number), book.price(number)
    if item is None or price is None:
        raise Refusal("goods_unknown", number[:64])
    if not 1 <= quantity <= MAX_QUANTITY:
        raise Refusal("quantity_range", str(quantity))
    lowest: UnitPrice = price.regular()
    member = price.member()
    if member is not None and member.cheaper_than(lowest):
        lowest = member
    refund = lowest.amount(quantity)
    return GoodsLine(
        n=n,
        item=item.item,
        quantity=quantity,
        price=lowest,
        refund_minor=refund,
        tax_rate_bp=item.tax_rate_bp,
        tax_minor=tax_included(refund, item.tax_rate_bp),
        reason=reason,
    )
