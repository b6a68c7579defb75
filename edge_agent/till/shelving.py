"""Beginning, putting aside, taking up again and giving up a basket."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from edge_agent.record import receipts
from edge_agent.till import baskets
from edge_agent.till.asks import Approver
from edge_agent.till.basket import Basket
from edge_agent.till.changes import Recalled
from edge_agent.till.desk import Desk, Refusal, changeable, open_basket, require_resolved, require_shift, total
from edge_agent.till.paying import paid_before
from edge_agent.till.results import Begun, Found, HeldNow, Paid, RecalledNow, Voided
from edge_agent.till.shifts import ledger
from edge_agent.till.staff.approving import approved, chosen
from edge_agent.till.stand import PRACTICE_MARK
from edge_agent.value import holds
from shared.wire.policies import Approval


def begin(db: sqlite3.Connection, desk: Desk, basket: UUID | None) -> Begun | Paid:
    """Open a basket, under a given id or a new one; the same id again goes on with it, or names its receipt."""
    require_resolved(db, desk)
    present = baskets.load_open(db, desk.till)
    if present is not None:
        if basket is not None and present.id != basket:
            raise Refusal("basket_open", str(present.id))
        return Begun(present.id, present.steps)
    if basket is not None:
        if paid := paid_before(db, basket):
            return paid
        if baskets.load(db, basket) is not None:
            raise Refusal("no_such_basket", str(basket))
    fresh = baskets.create(db, basket or desk.mint(), desk.till, desk.clocks.business.now_ms())
    return Begun(fresh.id, 0)


def hold(db: sqlite3.Connection, desk: Desk, name: str) -> HeldNow:
    """Put the open basket aside, so that the till can serve the next customer.

    A line that is not weighed yet goes along: the customer may be fetching just that. Whoever takes the basket up is
    asked for it first.
    """
    basket = changeable(open_basket(db, desk))
    if not basket.lines:
        raise Refusal("basket_empty")
    baskets.hold(db, basket, name)
    return HeldNow(basket.id, name)


def recall(db: sqlite3.Connection, desk: Desk, key: UUID) -> RecalledNow:
    """Take a held basket up again; when prices have switched it is priced by the new book, and the answer says so."""
    require_resolved(db, desk)
    require_shift(desk)
    if baskets.load_open(db, desk.till) is not None:
        raise Refusal("basket_open")
    basket = baskets.load(db, key)
    if basket is None or basket.state != "held" or not is_seen(desk, basket):
        raise Refusal("no_such_basket", str(key))
    before_minor = total(db, desk, basket)
    baskets.take_up(db, basket, desk.till)
    missing = _reprice(db, desk, basket)
    repriced = basket.version is not None and missing is not None and not missing
    return RecalledNow(
        basket=basket.id,
        repriced=repriced,
        version=basket.version,
        before_minor=before_minor,
        total_minor=total(db, desk, basket),
        without_price=tuple(missing or ()),
        to_measure=tuple(line.n for line in basket.lines if not line.quantity),
    )


def _reprice(db: sqlite3.Connection, desk: Desk, basket: Basket) -> list[str] | None:
    """Pin the book in force unless it lacks a price; return the items it lacks, None when no book switched."""
    version = desk.books.in_force(db)
    if version is None or basket.version is None or version == basket.version:
        return None
    book = desk.books.at(db, version)
    missing = sorted({line.item for line in basket.lines if not (book.item(line.item) and book.price(line.item))})
    if not missing:
        baskets.pin(db, basket, version)
        baskets.add(db, basket, Recalled(at_ms=desk.clocks.business.now_ms(), version=version))
    return missing


def void(db: sqlite3.Connection, desk: Desk, reason: str = "", approver: Approver | None = None) -> Voided:
    """Give up the open basket. Where the store wants a reason, or one was given, HQ hears of it; else nothing is
    recorded, because nothing was sold.
    """  # noqa: D205
    basket = changeable(open_basket(db, desk))
    why = chosen(reason, desk.policies.void_reasons) if basket.lines else ""
    by = approved(desk, Approval.VOID_BASKET, approver)
    if why:
        ledger.give_up(db, desk, basket, why, by)
    else:
        baskets.delete(db, basket.id)
        holds.drop_all(db, basket.id, desk.till, desk.clocks.machine.wall_ms())
    return Voided(basket.id)


def is_seen(desk: Desk, basket: Basket) -> bool:
    """Tell whether a held basket is one of this till's world: practice baskets are seen while practising only."""
    return basket.till.endswith(PRACTICE_MARK) == desk.stand.practice


def find(db: sqlite3.Connection, key: UUID) -> Found:
    """Say what a basket id stands for here: unknown, open, held or paid."""
    if receipt := receipts.find_by_event(db, key):
        return Found("paid", receipt=receipt.text, total_minor=receipt.total_minor)
    basket = baskets.load(db, key)
    if basket is None:
        return Found("none")
    return Found("held" if basket.state == "held" else "open", steps=basket.steps)
