"""Ringing up: items, quantities, weights, coupons, voided lines."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from edge_agent.till import baskets
from edge_agent.till.asks import Approver, PriceAsked
from edge_agent.till.basket import Basket, Line
from edge_agent.till.changes import CouponGiven, LineRung, LineVoided, QuantitySet, WeightAnswered
from edge_agent.till.desk import (
    MAX_COUPON_CHARACTERS,
    MAX_COUPONS,
    MAX_LINES,
    Desk,
    Refusal,
    book_for,
    changeable,
    open_basket,
    priced,
    require_resolved,
    require_shift,
    total,
)
from edge_agent.till.ports import FoundItem, TillBook
from edge_agent.till.results import LineAdded, LineChanged, LineGone
from edge_agent.till.selling import limits, recalls
from edge_agent.till.staff.approving import approved
from shared.pricing import Unit
from shared.wire.policies import Approval

MAX_PIECES = 9_999
MAX_OPEN_MINOR = 99_999_999
"""Highest price of a piece that is asked for at the till, in minor units."""
MAX_MEASURE = 9_999_999
"""Largest weight in grams, or volume in millilitres, of one line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a piece of an item with an open price costs, and who approves if it is beyond the item's bounds."""

    minor: int
    approver: Approver | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """What is known of the very pack: its GTIN and batch as scanned; `chosen`: nobody scanned one."""

    gtin: str = ""
    batch: str = ""
    chosen: bool = False


def ring(
    db: sqlite3.Connection, desk: Desk, code: str, asked: Asked | None = None, pack: Pack | None = None
) -> LineAdded:
    """Add the item sold under a code as the next line, opening a basket if there is none.

    Nothing that HQ called back is ever added, however it was found.
    """
    require_resolved(db, desk)
    require_shift(desk)
    basket = baskets.load_open(db, desk.till)
    book = book_for(db, desk, basket)
    found = _sellable(book, code)
    of = pack or Pack()
    recalls.require_not_recalled(desk, found.item, "" if of.chosen else code, gtin=of.gtin, batch=of.batch)
    now_ms = desk.clocks.business.now_ms()
    if basket is None:
        basket = baskets.create(db, desk.mint(), desk.till, now_ms)
    if len(changeable(basket).lines) >= MAX_LINES:
        raise Refusal("basket_full")
    if basket.version is None:
        baskets.pin(db, basket, book.version)
    limits.require_may_sell(desk, basket, found.item)
    opened = _opened(desk, book, found, code, asked)
    weighed = found.item.unit is not Unit.EACH
    first_code = found.item.barcodes[0].code if found.item.barcodes else found.item.item
    rung = LineRung(
        at_ms=now_ms,
        item=found.item.item,
        quantity=0 if weighed else found.pieces,
        pieces=found.pieces,
        code="" if code == first_code else code,
        deposit=_deposit(book, found),
        **opened,
    )
    baskets.add(db, basket, rung)
    n = basket.lines[-2 if rung.deposit else -1].n
    now_priced = priced(desk, basket, book)
    return LineAdded(
        line=next(line for line in reversed(now_priced.lines) if line.n == n),
        names=found.item.names,
        total_minor=now_priced.total_minor,
        measure=found.item.unit if weighed else None,
    )


def _opened(desk: Desk, book: TillBook, found: FoundItem, code: str, asked: Asked | None) -> dict[str, Any]:
    """Return what a line of an item with an open price keeps beside: the price asked for. Without one, ask for it."""
    bounds, price = found.item.open_price, book.price(found.item.item)
    if bounds is None or price is None:
        return {}
    if asked is None:
        suggested = price.regular_minor if bounds.least_minor <= price.regular_minor <= bounds.most_minor else 0
        asks = PriceAsked(
            code=code, names=found.item.names, least_minor=bounds.least_minor, most_minor=bounds.most_minor,
            suggested_minor=suggested,
        )  # fmt: skip
        raise Refusal("open_price", found.item.item, asks)
    if not 0 < asked.minor <= MAX_OPEN_MINOR:
        raise Refusal("open_price_amount", str(asked.minor))
    beyond = not bounds.least_minor <= asked.minor <= bounds.most_minor
    by = approved(desk, Approval.PRICE_OVERRIDE, asked.approver) if beyond else ""
    return {"asked_minor": asked.minor, "by": desk.cashier, "approved_by": by}


def _sellable(book: TillBook, code: str) -> FoundItem:
    found = book.by_code(code)
    if found is None:
        raise Refusal("unknown_item", code)
    if not found.item.sellable:
        raise Refusal("not_sellable", found.item.item)
    if book.price(found.item.item) is None:
        raise Refusal("price_missing", found.item.item)
    return found


def _deposit(book: TillBook, found: FoundItem) -> str:
    """Return the deposit's item that comes with each piece, '' for none. Without its price nothing is sold."""
    deposit = found.item.deposit
    if not deposit or found.item.unit is not Unit.EACH:
        return ""
    if book.item(deposit) is None or book.price(deposit) is None:
        raise Refusal("deposit_missing", deposit)
    return deposit


def set_quantity(db: sqlite3.Connection, desk: Desk, count: int, n: int | None) -> LineChanged:
    """Set how many of what was scanned a line has: 3 of a six-pack are 18 pieces."""
    at = _line(db, desk, n)
    if _unit(at.book, at.line) is not Unit.EACH:
        raise Refusal("wrong_measure", at.line.item)
    if not 1 <= count * at.line.pieces <= MAX_PIECES:
        raise Refusal("quantity_range", str(count))
    return _set(db, desk, at, count * at.line.pieces)


def multiply(db: sqlite3.Connection, desk: Desk, count: int, n: int | None) -> LineChanged:
    """Have a line `count` times: as often as its code stands for pieces. What is weighed cannot be counted."""
    at = _line(db, desk, n)
    if _unit(at.book, at.line) is not Unit.EACH:
        raise Refusal("weighed_times", at.line.item)
    if not 1 <= count * at.line.quantity <= MAX_PIECES:
        raise Refusal("quantity_range", str(count))
    return _set(db, desk, at, count * at.line.quantity)


@dataclass(frozen=True, slots=True)
class Measured:
    """How a line's measure came about: what a label says it costs, the tare taken off, who answers for the weight."""

    label_minor: int | None = None
    tare_g: int = 0
    answered: WeightAnswered | None = None


def measure(
    db: sqlite3.Connection, desk: Desk, amount: int, unit: Unit, n: int | None, *, how: Measured = Measured()
) -> LineChanged:
    """Set a line's weight in grams or volume in millilitres, less the tare that `how` names."""
    at = _line(db, desk, n)
    if _unit(at.book, at.line) is not unit:
        raise Refusal("wrong_measure", at.line.item)
    if not 1 <= amount <= MAX_MEASURE:
        raise Refusal("quantity_range", str(amount))
    return _set(db, desk, at, amount, how)


def tare(db: sqlite3.Connection, desk: Desk, tare_g: int, n: int | None) -> LineChanged:
    """Take a tare in grams off the weight a line was weighed with, in place of one taken off before."""
    at = _line(db, desk, n)
    if _unit(at.book, at.line) is not Unit.GRAM or at.line.label_minor is not None:
        raise Refusal("tare_line", at.line.item)
    if at.line.quantity == 0:
        raise Refusal("weight_missing", str(at.line.n))
    gross_g = at.line.quantity + at.line.tare_g
    if not 0 <= tare_g < gross_g:
        raise Refusal("tare_range", str(tare_g))
    return _set(db, desk, at, gross_g - tare_g, Measured(tare_g=tare_g, answered=at.line.answered))


def coupon(
    db: sqlite3.Connection, desk: Desk, code: str, supplier_minor: int, chain_minor: int, *, n: int | None
) -> LineChanged:
    """Take a paper coupon for a line: the supplier's face value and what the chain adds, in minor units."""
    at = _line(db, desk, n)
    if not (0 < len(code) <= MAX_COUPON_CHARACTERS and code.isprintable()):
        raise Refusal("coupon_code", code[:MAX_COUPON_CHARACTERS])
    if len(at.basket.coupons) >= MAX_COUPONS:
        raise Refusal("coupons_full")
    if min(supplier_minor, chain_minor) < 0 or supplier_minor + chain_minor == 0:
        raise Refusal("coupon_value", code)
    change = CouponGiven(
        at_ms=desk.clocks.business.now_ms(),
        line=at.line.n,
        code=code,
        supplier_minor=supplier_minor,
        chain_minor=chain_minor,
    )
    return _change_line(db, desk, at, change)


def void_line(db: sqlite3.Connection, desk: Desk, n: int | None, approver: Approver | None = None) -> LineGone:
    """Take a line out, and its coupons and deposit with it."""
    approved(desk, Approval.VOID_LINE, approver)
    basket = changeable(open_basket(db, desk))
    line = basket.line(n)
    if line is None:
        raise Refusal("no_such_line", str(n or ""))
    _require_own(line)
    baskets.add(db, basket, LineVoided(at_ms=desk.clocks.business.now_ms(), line=line.n))
    return LineGone(line.n, total(db, desk, basket))


@dataclass(frozen=True, slots=True)
class _LineOf:
    """A line of the open basket, with the book that prices it."""

    basket: Basket
    line: Line
    book: TillBook


def _line(db: sqlite3.Connection, desk: Desk, n: int | None) -> _LineOf:
    basket = changeable(open_basket(db, desk))
    line = basket.line(n)
    if line is None:
        raise Refusal("no_such_line", str(n or ""))
    _require_own(line)
    return _LineOf(basket, line, book_for(db, desk, basket))


def _require_own(line: Line) -> None:
    if line.deposit_of is not None:
        raise Refusal("deposit_line", str(line.n))


def _unit(book: TillBook, line: Line) -> Unit:
    item = book.item(line.item)
    if item is None:
        raise Refusal("unknown_item", line.item)
    return item.unit


def _set(db: sqlite3.Connection, desk: Desk, at: _LineOf, quantity: int, how: Measured = Measured()) -> LineChanged:
    change = QuantitySet(
        at_ms=desk.clocks.business.now_ms(),
        line=at.line.n,
        quantity=quantity,
        label_minor=how.label_minor,
        tare_g=how.tare_g,
        answered=how.answered,
    )
    return _change_line(db, desk, at, change)


def _change_line(db: sqlite3.Connection, desk: Desk, at: _LineOf, change: QuantitySet | CouponGiven) -> LineChanged:
    baskets.add(db, at.basket, change)
    now_priced = priced(desk, at.basket, at.book)
    line = next(one for one in now_priced.lines if one.n == at.line.n)
    return LineChanged(line, now_priced.total_minor)
