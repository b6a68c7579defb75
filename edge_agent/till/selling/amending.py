"""What people change about prices: a line's price with a reason, cents dropped from the total."""

from __future__ import annotations

import sqlite3

from edge_agent.till import baskets
from edge_agent.till.asks import Approver
from edge_agent.till.basket import Basket
from edge_agent.till.changes import PriceSet, RoundedOff
from edge_agent.till.desk import Desk, Refusal, adjusted, book_for, changeable, open_basket
from edge_agent.till.ports import TillBook
from edge_agent.till.results import LineChanged, RoundedDown
from edge_agent.till.staff.approving import approved, chosen
from shared.adjustments import PriceChange, RoundOff
from shared.money import UnitPrice
from shared.wire.policies import Approval


def set_price(
    db: sqlite3.Connection, desk: Desk, n: int | None, minor: int, *, reason: str, approver: Approver | None
) -> LineChanged:
    """Set what a line costs for its price's basis (a piece, a kilogram): lower than now, with a reason."""
    basket = changeable(open_basket(db, desk))
    line = basket.line(n)
    if line is None:
        raise Refusal("no_such_line", str(n or ""))
    if line.deposit_of is not None:
        raise Refusal("deposit_line", str(line.n))
    why = chosen(reason, desk.policies.override_reasons)
    by = approved(desk, Approval.PRICE_OVERRIDE, approver)
    book = book_for(db, desk, basket)
    price = book.price(line.item)
    if price is None:
        raise Refusal("price_missing", line.item)
    if not 0 <= minor < price.regular_minor:
        raise Refusal("price_not_lower", str(minor))
    to = PriceChange(line=line.n, price=UnitPrice(minor, price.basis), reason=why, by=desk.cashier, approved_by=by)
    baskets.add(db, basket, PriceSet(at_ms=desk.clocks.business.now_ms(), to=to))
    now = adjusted(desk, basket, book).priced
    return LineChanged(next(one for one in now.lines if one.n == line.n), now.total_minor)


def round_off(db: sqlite3.Connection, desk: Desk, minor: int | None, approver: Approver | None) -> RoundedDown:
    """Drop cents from the total by hand: without `minor` what is above the store's step."""
    basket = changeable(open_basket(db, desk))
    if not basket.lines:
        raise Refusal("basket_empty")
    book = book_for(db, desk, basket)
    basket.round_off = None
    total = adjusted(desk, basket, book).priced.total_minor
    step = desk.policies.round_off_step
    off = total % step if minor is None and step else (minor or 0)
    if step <= 0 or off <= 0 or off >= total or (total - off) % step:
        raise Refusal("round_off_not", str(off))
    beyond = off > desk.policies.round_off_max > 0
    by = approved(desk, Approval.ROUND_OFF, approver) if beyond else ""
    dropped = RoundOff(minor=off, by=desk.cashier, approved_by=by)
    return _drop(db, desk, basket, book, dropped)


def by_rule(db: sqlite3.Connection, desk: Desk, basket: Basket, book: TillBook) -> None:
    """Drop what the store's rule drops from a sale paid in cash alone, unless somebody has dropped more by hand."""
    off = cash_rounding(desk, basket, adjusted(desk, basket, book).priced.total_minor)
    if off:
        baskets.add(db, basket, RoundedOff(at_ms=desk.clocks.business.now_ms(), off=RoundOff(minor=off)))


def cash_rounding(desk: Desk, basket: Basket, total_minor: int) -> int:
    """Return what the store's rule drops when this basket is paid in cash alone."""
    step = desk.policies.cash_step
    return total_minor % step if step > 0 and not basket.tenders and basket.round_off is None else 0


def _drop(db: sqlite3.Connection, desk: Desk, basket: Basket, book: TillBook, off: RoundOff) -> RoundedDown:
    baskets.add(db, basket, RoundedOff(at_ms=desk.clocks.business.now_ms(), off=off))
    now = adjusted(desk, basket, book)
    return RoundedDown(off.minor, now.priced.total_minor)
