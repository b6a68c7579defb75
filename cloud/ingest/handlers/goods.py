"""Goods that came back without a receipt: their number, lines and money, counted into the store's day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from cloud.database.bulk import insert_tuples
from cloud.ingest.handlers.base import (
    ARITHMETIC,
    MALFORMED,
    MAX_QUANTITY,
    TENDER_COLUMNS,
    Refusals,
    Unfit,
    business_day,
    check_tenders,
    claim_receipts,
    expect,
    tender_rows,
)
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from cloud.sales import days
from cloud.sales.models import SaleTender
from cloud.store_days.models import GoodsReturn, GoodsReturnLine
from shared.wire.events import GoodsReturned

_RETURN = (
    "id", "commit_no", "agent_id", "store_id", "legal_entity_id", "till_id", "cashier", "receipt_series",
    "receipt_number", "business_date", "at_ms", "currency", "exponent", "total_minor", "book_version", "approved_by",
)  # fmt: skip
_LINE = (
    "return_id", "n", "item", "quantity", "price_minor", "price_basis", "refund_minor", "tax_rate_bp", "tax_minor",
    "reason",
)  # fmt: skip


def apply_goods(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take goods that came back without a receipt, and that HQ has not seen before."""
    returns = [(one, expect(one.event, GoodsReturned)) for one in events]
    refused = claim_receipts(session, [(one, event.receipt) for one, event in returns])
    fit = []
    for one, event in returns:
        if one.event_id in refused:
            continue
        try:
            check(event)
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
        else:
            fit.append((one, event))
    if fit:
        _write(session, fit, intake)
    return refused


def check(event: GoodsReturned) -> None:
    """Raise Unfit when the figures do not add up."""
    business_day(event)
    if not event.lines or len({line.n for line in event.lines}) != len(event.lines):
        raise Unfit(MALFORMED, "goods that came back have lines, each with a number of its own")
    for line in event.lines:
        if not 1 <= line.quantity <= MAX_QUANTITY or line.refund_minor < 0:
            raise Unfit(ARITHMETIC, f"line {line.n}: quantity {line.quantity} for {line.refund_minor}")
    total = sum(line.refund_minor for line in event.lines)
    if total != event.total_minor:
        raise Unfit(ARITHMETIC, f"lines add up to {total}, the total is {event.total_minor}")
    check_tenders(event.tenders, event.total_minor)


def _write(session: Session, returns: Sequence[tuple[Received, GoodsReturned]], intake: Intake) -> None:
    heads: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    tenders: list[tuple[Any, ...]] = []
    for one, event in returns:
        day = business_day(event)
        heads.append(
            (event.id, intake.commit_no, one.agent, one.store, intake.shops[one.store].owner_on(day), event.till,
             event.cashier, event.receipt.series, event.receipt.number, day, event.at_ms, event.currency,
             event.exponent, event.total_minor, event.book_version, event.approved_by)
        )  # fmt: skip
        lines.extend(
            (event.id, line.n, line.item, line.quantity, line.price.minor, line.price.basis, line.refund_minor,
             line.tax_rate_bp, line.tax_minor, line.reason)
            for line in event.lines
        )  # fmt: skip
        tenders.extend(tender_rows(event.id, event.tenders))
    insert_tuples(session, GoodsReturn, _RETURN, heads)
    insert_tuples(session, GoodsReturnLine, _LINE, lines)
    insert_tuples(session, SaleTender, TENDER_COLUMNS, tenders)
    days.add_returns(session, ((one.store, business_day(event), event.total_minor) for one, event in returns))
