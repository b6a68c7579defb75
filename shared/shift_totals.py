"""What a shift adds up to: a pure function of its events, so that closing can be repeated and gives the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.wire.events import Event, GoodsReturned, SaleCompleted, SaleReturned, SaleVoided, Tender, TenderKind
from shared.wire.till_events import (
    CashMove,
    CashMoved,
    ReasonTotal,
    ShiftOpened,
    ShiftTotals,
    TaxTotal,
    TenderTotal,
)
from shared.wire.value_events import ValuePaidBack, ValueSold


@dataclass(slots=True)
class _Sums:
    """Running sums of one shift."""

    sales: int = 0
    sales_minor: int = 0
    lines: int = 0
    returns: int = 0
    returns_minor: int = 0
    voids: int = 0
    float_minor: int = 0
    no_sales: int = 0
    drawer_minor: int = 0
    value_sold: int = 0
    value_sold_minor: int = 0
    value_back: int = 0
    value_back_minor: int = 0
    receipts: list[str] = field(default_factory=list)
    discounts: dict[str, list[int]] = field(default_factory=dict)
    taxes: dict[int, list[int]] = field(default_factory=dict)
    tenders: dict[TenderKind, list[int]] = field(default_factory=dict)
    moves: dict[str, list[int]] = field(default_factory=dict)


def add_up(events: Iterable[Event], missing: int = 0) -> ShiftTotals:
    """Return what a shift's events add up to; `missing` of its receipts are no longer there to be added."""
    sums = _Sums()
    for event in events:
        match event:
            case SaleCompleted():
                _add_sale(sums, event)
            case SaleReturned():
                _add_return(sums, event)
            case GoodsReturned():
                _add_goods(sums, event)
            case ValueSold() | ValuePaidBack():
                _add_value(sums, event)
            case SaleVoided():
                sums.voids += 1
                _note(sums, event.receipt.series, event.receipt.number)
            case ShiftOpened():
                sums.float_minor += event.float_minor
                sums.drawer_minor += event.float_minor
            case CashMoved():
                _add_move(sums, event)
    return _totals(sums, missing)


def _add_sale(sums: _Sums, sale: SaleCompleted) -> None:
    sums.sales += 1
    sums.sales_minor += sale.total_minor
    sums.lines += len(sale.lines)
    _note(sums, sale.receipt.series, sale.receipt.number)
    for line in sale.lines:
        _count(sums.taxes, line.tax_rate_bp, line.net_minor, line.tax_minor)
        for discount in line.discounts:
            _count(sums.discounts, discount.reason, 1, discount.minor)
    _add_tenders(sums, sale.tenders, place=1)


def _add_return(sums: _Sums, back: SaleReturned) -> None:
    sums.returns += 1
    sums.returns_minor += back.total_minor
    _note(sums, back.receipt.series, back.receipt.number)
    _add_tenders(sums, back.tenders, place=2)


def _add_goods(sums: _Sums, back: GoodsReturned) -> None:
    sums.returns += 1
    sums.returns_minor += back.total_minor
    _note(sums, back.receipt.series, back.receipt.number)
    for line in back.lines:
        _count(sums.taxes, line.tax_rate_bp, -line.refund_minor, -line.tax_minor)
    _add_tenders(sums, back.tenders, place=2)


def _add_value(sums: _Sums, moved: ValueSold | ValuePaidBack) -> None:
    """Count money for stored value apart: it lies in the drawer, and nothing was sold for it."""
    if isinstance(moved, ValueSold):
        sums.value_sold += 1
        sums.value_sold_minor += moved.total_minor
    else:
        sums.value_back += 1
        sums.value_back_minor += moved.total_minor
    _note(sums, moved.receipt.series, moved.receipt.number)
    _add_tenders(sums, moved.tenders, place=1 if isinstance(moved, ValueSold) else 2)


def _add_tenders(sums: _Sums, tenders: Iterable[Tender], *, place: int) -> None:
    for tender in tenders:
        kept = sums.tenders.setdefault(tender.method, [0, 0, 0, 0])
        kept[0] += 1
        kept[place] += tender.minor
        kept[3] += place == 1 and tender.method is TenderKind.BANK_CARD and not tender.reference
        if tender.method is TenderKind.CASH:
            sums.drawer_minor += tender.minor if place == 1 else -tender.minor


def _add_move(sums: _Sums, moved: CashMoved) -> None:
    if moved.move is CashMove.NO_SALE:
        sums.no_sales += 1
        return
    signed = moved.minor if moved.move is CashMove.IN else -moved.minor
    _count(sums.moves, f"{moved.move}/{moved.reason}", 1, signed)
    sums.drawer_minor += signed


def _count(kept: dict[object, list[int]] | dict[str, list[int]] | dict[int, list[int]], key: object, *add: int) -> None:
    row = kept.setdefault(key, [0] * len(add))  # type: ignore[arg-type]
    for place, amount in enumerate(add):
        row[place] += amount


def _note(sums: _Sums, series: str, number: int) -> None:
    sums.receipts.append(f"{series}-{number:06d}")


def _totals(sums: _Sums, missing: int) -> ShiftTotals:
    return ShiftTotals(
        sales=sums.sales,
        sales_minor=sums.sales_minor,
        lines=sums.lines,
        returns=sums.returns,
        returns_minor=sums.returns_minor,
        voids=sums.voids,
        discounts=_reasons(sums.discounts),
        taxes=[TaxTotal(rate_bp=rate, net_minor=net, tax_minor=tax) for rate, (net, tax) in sorted(sums.taxes.items())],
        tenders=[
            TenderTotal(
                method=method, count=count, taken_minor=taken, returned_minor=returned, unreferenced=unreferenced
            )
            for method, (count, taken, returned, unreferenced) in sorted(sums.tenders.items())
        ],
        float_minor=sums.float_minor,
        cash_moves=_reasons(sums.moves),
        no_sales=sums.no_sales,
        cash_expected_minor=sums.drawer_minor,
        first_receipt=sums.receipts[0] if sums.receipts else "",
        last_receipt=sums.receipts[-1] if sums.receipts else "",
        missing=missing,
        value_sold=sums.value_sold,
        value_sold_minor=sums.value_sold_minor,
        value_back=sums.value_back,
        value_back_minor=sums.value_back_minor,
    )


def _reasons(kept: dict[str, list[int]]) -> list[ReasonTotal]:
    return [ReasonTotal(reason=reason, count=count, minor=minor) for reason, (count, minor) in sorted(kept.items())]
