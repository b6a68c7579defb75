"""What a return would pay back, for which goods and by which ways, before anybody agrees to it. Nothing is changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from uuid import UUID

from edge_agent.till.desk import Desk, Refusal, book_for, open_basket
from edge_agent.till.membership import promise
from edge_agent.till.ports import TillBook
from edge_agent.till.returning import finding, planning, taking, unreceipted
from edge_agent.till.returning.plan import RefundPart
from edge_agent.till.returning.results import Foreseen, GoodsBack
from edge_agent.till.returning.taking import Wish
from edge_agent.till.staff.approving import approved
from shared.pricing import Unit
from shared.wire.events import ReturnedLine, SaleCompleted, TenderKind
from shared.wire.policies import Approval


def of_receipt(db: sqlite3.Connection, desk: Desk, wish: Wish) -> Foreseen:
    """Say what taking lines of a receipt back would pay back."""
    sale = finding.sale_of(db, finding.row_for(db, desk, wish.receipt))
    planning.require_in_time(desk, sale)
    lines = _lines_back(db, desk, sale, wish.lines)
    cash = wish.in_cash or desk.policies.refund == "cash"
    refunds = planning.refunds_for(db, sale, _total(lines), in_cash=cash)
    return _foreseen(db, desk, sale, lines, refunds, needs=Approval.RETURN)


def of_exchange(db: sqlite3.Connection, desk: Desk, wish: Wish) -> Foreseen:
    """Say what lines of a receipt would pay of the open basket, and what of their worth would go back in cash."""
    sale = finding.sale_of(db, finding.row_for(db, desk, wish.receipt))
    planning.require_in_time(desk, sale)
    lines = _lines_back(db, desk, sale, wish.lines)
    refunds = taking.exchanged(db, desk, open_basket(db, desk), _total(lines))
    return _foreseen(db, desk, sale, lines, refunds, needs=Approval.RETURN)


def of_last_sale(db: sqlite3.Connection, desk: Desk) -> Foreseen:
    """Say what undoing this till's last sale would pay back."""
    row = finding.last_sale_of(db, desk.till)
    if row is None:
        raise Refusal("no_sale_to_void")
    sale = finding.sale_of(db, row)
    if planning.back_so_far(db, sale.id):
        raise Refusal("no_sale_to_void", row.text)
    lines = _lines_back(db, desk, sale, {})
    refunds = planning.refunds_for(db, sale, _total(lines), in_cash=False)
    return _foreseen(db, desk, sale, lines, refunds, needs=Approval.VOID_SALE)


def of_goods(db: sqlite3.Connection, desk: Desk, goods: Sequence[tuple[str, int]]) -> Foreseen:
    """Say what goods without a receipt would pay back: in cash."""
    book = book_for(db, desk, None)
    lines = unreceipted.lines_of(desk, book, goods, "")
    found = tuple(
        _goods(book, line.n, line.item, line.quantity, minor=line.refund_minor, unit=_unit(book, line.item))
        for line in lines
    )
    total = sum(line.refund_minor for line in lines)
    cash = (RefundPart(method=TenderKind.CASH, minor=total),)
    return Foreseen(found, cash, total, by_approval=not _may(desk, Approval.RETURN_WITHOUT_RECEIPT))


def of_waiting(db: sqlite3.Connection, desk: Desk, key: UUID) -> Foreseen:
    """Say what a return that waits for its money would pay back, with what a service refused now in cash."""
    plan = taking.find_begun(db, key)
    if plan is None:
        raise Refusal("no_such_payment", str(key))
    sale = finding.sale_of(db, finding.row_of(db, plan.original))
    refunds = taking.refused_in_cash(db, plan)
    return _foreseen(db, desk, sale, plan.lines, refunds, needs=Approval.REFUND_IN_CASH)


def _foreseen(
    db: sqlite3.Connection,
    desk: Desk,
    sale: SaleCompleted,
    lines: Sequence[ReturnedLine],
    refunds: Sequence[RefundPart],
    *,
    needs: Approval,
) -> Foreseen:
    book = book_for(db, desk, None)
    sold = {line.n: line for line in sale.lines}
    goods = tuple(
        _goods(
            book,
            line.of_line,
            sold[line.of_line].item,
            line.quantity,
            minor=line.refund_minor,
            unit=sold[line.of_line].unit,
        )
        for line in lines
    )
    before = {line: back.quantity for line, back in planning.back_so_far(db, sale.id).items()}
    points = None if desk.stand.practice else promise.of_return(db, desk, sale.id, lines, before)
    return Foreseen(
        goods,
        tuple(refunds),
        _total(lines),
        finding.row_of(db, sale.id).text,
        by_approval=not _may(desk, needs),
        points=points,
        points_follow=points is None and sale.member is not None and not desk.stand.practice,
    )


def _goods(book: TillBook, n: int, item: str, quantity: int, *, minor: int, unit: Unit) -> GoodsBack:
    known = book.item(item)
    return GoodsBack(n=n, item=item, names=known.names if known else {}, quantity=quantity, unit=unit, minor=minor)


def _unit(book: TillBook, item: str) -> Unit:
    known = book.item(item)
    return known.unit if known else Unit.EACH


def _lines_back(
    db: sqlite3.Connection, desk: Desk, sale: SaleCompleted, wanted: Mapping[int, int]
) -> list[ReturnedLine]:
    meant = wanted or taking.left_of(db, sale)
    return planning.lines_back(db, sale, planning.with_deposits(db, book_for(db, desk, None), sale, meant), "")


def _total(lines: Sequence[ReturnedLine]) -> int:
    return sum(line.refund_minor for line in lines)


def _may(desk: Desk, what: Approval) -> bool:
    """Tell whether the cashier's own role is enough."""
    try:
        approved(desk, what, None)
    except Refusal:
        return False
    return True
