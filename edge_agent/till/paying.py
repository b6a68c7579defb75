"""Taking money, and the one transaction that makes a sale."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from uuid import UUID

from msgspec import structs

from edge_agent.disk.agent_row import device_time
from edge_agent.failpoints import reached
from edge_agent.record import receipts
from edge_agent.record.receipts import receipt_text
from edge_agent.till import attempts, baskets, cards
from edge_agent.till.basket import Basket
from edge_agent.till.changes import TenderGiven, TendersReturned
from edge_agent.till.desk import (
    MAX_REFERENCE_CHARACTERS,
    MAX_TENDERS,
    Desk,
    Refusal,
    adjusted,
    book_for,
    open_basket,
    pricing_context,
    require_shift,
    stand_still,
    total,
)
from edge_agent.till.membership import promise
from edge_agent.till.numbering import receipt_for
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome, TillBook
from edge_agent.till.results import Paid, PartlyPaid, TendersBack
from edge_agent.till.returning import making
from edge_agent.till.selling import amending, counting, limits, recalls
from edge_agent.till.shifts import ledger
from edge_agent.value import allowances, holds
from edge_agent.value.holds import Kind
from shared.adjustments import Adjusted
from shared.pricing import ENGINE_LEVEL, PricedBasket, facts_of, uses_of
from shared.wire.events import MANIFEST_BYTES, BookReference, Receipt, SaleCompleted, Tender, TenderKind, decode_event


def paid_before(db: sqlite3.Connection, sale: UUID) -> Paid | None:
    """Return the same answer a sale gave when it was paid, None when it was not."""
    row = receipts.find_by_event(db, sale)
    if row is None:
        return None
    content = receipts.content_of(db, sale)
    event = None if content is None else decode_event(content)
    if not isinstance(event, SaleCompleted):
        return Paid(sale, row.text, row.total_minor, change_minor=0, lines=0)
    return _paid(event)


def _paid(sale: SaleCompleted, *, collects: bool = True) -> Paid:
    return Paid(
        sale=sale.id,
        receipt=receipt_text(sale.receipt.series, sale.receipt.number),
        total_minor=sale.total_minor,
        change_minor=sum(tender.change_minor for tender in sale.tenders),
        lines=len(sale.lines),
        points=sale.points_promised,
        points_follow=collects and sale.member is not None and sale.points_promised is None,
    )


@dataclass(frozen=True, slots=True)
class _Bill:
    """A basket that can be paid: its lines priced, by which book."""

    basket: Basket
    book: TillBook
    adjusted: Adjusted

    @property
    def priced(self) -> PricedBasket:
        return self.adjusted.priced

    @property
    def due_minor(self) -> int:
        return self.priced.total_minor - self.basket.paid_minor


def paid_already(db: sqlite3.Connection, desk: Desk, basket: UUID | None, last: Paid | None) -> Paid | None:
    """Return the answer of a sale that a second tap means: the basket named, else the till's last if none is open."""
    if last is not None and last.sale == basket:
        return last
    if basket is not None:
        return paid_before(db, basket)
    return last if last and baskets.load_open(db, desk.till) is None else None


def tender(
    db: sqlite3.Connection, desk: Desk, method: TenderKind, minor: int | None, *, reference: str
) -> Paid | PartlyPaid:
    """Take money that needs nobody's answer; None is exactly what is due. With nothing due any more it is a sale."""
    bill = _payable(db, desk)
    if method is TenderKind.CASH:
        bill = _less_cents(db, desk, bill, minor)
    given = bill.due_minor if minor is None else minor
    _check_amount(given, bill, cash=method is TenderKind.CASH)
    if len(reference) > MAX_REFERENCE_CHARACTERS or not reference.isprintable():
        raise Refusal("tender_reference", reference[:MAX_REFERENCE_CHARACTERS])
    require_reference(desk, method, given, reference)
    taken = min(given, bill.due_minor)
    money = Tender(method=method, minor=taken, change_minor=given - taken, reference=reference)
    return _take(db, desk, bill, money)


def require_reference(desk: Desk, method: TenderKind, minor: int, reference: str) -> None:
    """Refuse a bank card without its slip's number where the store wants one."""
    if method is TenderKind.BANK_CARD and minor and not reference and desk.policies.card_reference == "required":
        raise Refusal("tender_reference_missing")


def _less_cents(db: sqlite3.Connection, desk: Desk, bill: _Bill, given: int | None) -> _Bill:
    """Return the bill as it is in cash alone: the store's rule may drop cents from it."""
    off = amending.cash_rounding(desk, bill.basket, bill.priced.total_minor)
    if not off or (given is not None and given < bill.due_minor - off):
        return bill
    amending.by_rule(db, desk, bill.basket, bill.book)
    return _bill(db, desk, bill.basket)


def ask(db: sqlite3.Connection, desk: Desk, method: TenderKind, minor: int | None, code: str = "") -> PaymentAttempt:
    """Put a payment attempt on the disk. Its gateway is asked after this commit, not before."""
    bill = _payable(db, desk)
    asked = bill.due_minor if minor is None else minor
    _check_amount(asked, bill, cash=False)
    if asked == 0:
        raise Refusal("tender_amount", "0")
    _require_set_aside(db, desk, bill.basket)
    attempt = PaymentAttempt(
        desk.mint(),
        bill.basket.id,
        desk.till,
        method,
        asked,
        desk.clocks.business.now_ms(),
        shift=desk.stand.shift,
        cashier=desk.cashier,
        code=code,
    )
    stand_still(db, desk, bill.basket, bill.book)
    attempts.store(db, attempt)
    return attempt


def ask_or_practise(
    db: sqlite3.Connection, desk: Desk, method: TenderKind, minor: int | None, code: str = ""
) -> PaymentAttempt | Paid | PartlyPaid:
    """Put a payment attempt on the disk; while practising nobody outside is asked, and it counts as given."""
    if desk.stand.practice:
        return tender(db, desk, method, minor, reference="")
    return ask(db, desk, method, minor, code)


def settle(
    db: sqlite3.Connection, desk: Desk, attempt: PaymentAttempt, outcome: PaymentOutcome
) -> Paid | PartlyPaid | None:
    """Keep a gateway's answer; money that moved becomes a tender, and with nothing due any more a sale.

    None when no money moved, or nobody knows yet. An answer that comes twice counts once.
    """
    if attempts.find_unresolved(db, attempt.id) is None:
        return paid_before(db, attempt.basket)
    attempts.note(db, attempt.id, outcome)
    if outcome.state is not AttemptState.PAID:
        return None
    basket = baskets.load(db, attempt.basket)
    if basket is None:
        raise Refusal("no_such_basket", str(attempt.basket))
    reference = outcome.reference[:MAX_REFERENCE_CHARACTERS]  # whole in the attempt; money that moved is never refused
    money = Tender(method=attempt.method, minor=attempt.minor, reference=reference, attempt=attempt.id)
    desk = _at_attempt(desk, attempt)
    if holds.ended(db, desk.clocks.machine, basket.id):
        # Money that moved is kept whatever else has ended meanwhile; that is asked for anew before the sale is made.
        return _give(db, desk, _bill(db, desk, basket), money)
    return _take(db, desk, _bill(db, desk, basket), money)


def _at_attempt(desk: Desk, attempt: PaymentAttempt) -> Desk:
    """Return the desk as it was when the money was asked: its shift and cashier have the sale, however late."""
    cashier = attempt.cashier or desk.cashier
    found = replace(desk.stand, shift=attempt.shift, cashier=cashier)
    return replace(desk, stand=found)


def take_back(db: sqlite3.Connection, desk: Desk) -> TendersBack:
    """Hand back what was given so far, so that lines may change again.

    What a gateway moved stays; what HQ only set aside is let go.
    """
    basket = open_basket(db, desk)
    aside = {hold.id: hold for hold in holds.of_basket(db, basket.id) if hold.kind is Kind.MONEY}
    if any(money.attempt and money.attempt not in aside for money in basket.tenders):
        raise Refusal("payment_by_gateway")
    given = list(basket.tenders)
    for hold in aside.values():
        holds.drop(db, hold, desk.clocks.machine.wall_ms())
    baskets.add(db, basket, TendersReturned(at_ms=desk.clocks.business.now_ms()))
    return TendersBack(given, total(db, desk, basket))


def _payable(db: sqlite3.Connection, desk: Desk) -> _Bill:
    return require_payable(db, desk, open_basket(db, desk))


def require_payable(db: sqlite3.Connection, desk: Desk, basket: Basket) -> _Bill:
    """Return what a basket comes to, or refuse one that cannot be paid now."""
    if not basket.lines:
        raise Refusal("basket_empty")
    for line in basket.lines:
        if line.quantity == 0:
            raise Refusal("weight_missing", str(line.n))
    if cards.BUY in basket.blocks:
        raise Refusal("member_may_not_buy")
    require_shift(desk)
    bill = _bill(db, desk, basket)
    limits.require_all(desk, basket, bill.book)
    recalls.require_none_recalled(desk, basket, bill.book)
    return bill


def _bill(db: sqlite3.Connection, desk: Desk, basket: Basket) -> _Bill:
    book = book_for(db, desk, basket)
    return _Bill(basket, book, adjusted(desk, basket, book))


def _check_amount(given: int, bill: _Bill, *, cash: bool) -> None:
    due = bill.due_minor
    # A basket that costs nothing (all coupons) is closed by giving nothing; otherwise nothing is no payment.
    if given < 0 or (given == 0 and due > 0):
        raise Refusal("tender_amount", str(given))
    if given > due and not cash:
        raise Refusal("tender_too_much", str(due))
    if given < due and len(bill.basket.tenders) >= MAX_TENDERS - 1:
        raise Refusal("tenders_full", str(due))


def _take(db: sqlite3.Connection, desk: Desk, bill: _Bill, money: Tender) -> Paid | PartlyPaid:
    if bill.due_minor > money.minor:
        return _give(db, desk, bill, money)
    nothing = not money.minor and not money.change_minor and bill.basket.tenders
    tenders = [*bill.basket.tenders, *([] if nothing else [money])]
    return complete(db, desk, bill.basket, tenders, bill)


def _give(db: sqlite3.Connection, desk: Desk, bill: _Bill, money: Tender) -> PartlyPaid:
    """Note money that was given, with more to come or something else to be seen to first."""
    stand_still(db, desk, bill.basket, bill.book)
    baskets.add(db, bill.basket, TenderGiven(at_ms=desk.clocks.business.now_ms(), tender=money))
    return PartlyPaid(bill.basket.id, bill.due_minor)


def _require_set_aside(db: sqlite3.Connection, desk: Desk, basket: Basket) -> None:
    """Refuse while something of the basket was set aside for too long: no sale may count on it any more."""
    ended = holds.ended(db, desk.clocks.machine, basket.id)
    if ended:
        raise Refusal("hold_ended", ended[0].code)


def complete(
    db: sqlite3.Connection, desk: Desk, basket: Basket, tenders: list[Tender], bill: _Bill | None = None
) -> Paid:
    """Make the sale: its event, its receipt number, the basket gone. All or nothing, in the caller's transaction.

    Goods that were exchanged come back by a return of their own, made just before it.
    """
    bill = bill or _bill(db, desk, basket)
    _require_set_aside(db, desk, basket)
    if basket.exchange is not None:
        # Under the basket's id of today: one that was put back with its disk has another than when it was planned.
        making.make(db, desk, structs.replace(basket.exchange, exchange=basket.id))

    def sale(receipt: Receipt) -> SaleCompleted:
        return _sale(db, desk, bill, tenders=tenders, receipt=receipt)

    event = receipt_for(db, desk, sale)
    baskets.delete(db, basket.id)
    holds.forget(db, basket.id)
    if not desk.stand.practice:
        counting.note_sold(db, event, bill.priced, bill.book)
    ledger.note_late(db, desk, event)
    reached("sale.in_transaction")
    return _paid(event, collects=cards.POINTS not in basket.blocks and not desk.stand.practice)


def _sale(db: sqlite3.Connection, desk: Desk, bill: _Bill, *, tenders: list[Tender], receipt: Receipt) -> SaleCompleted:
    settings = desk.settings()
    at_ms = desk.clocks.business.now_ms()
    points = promise.of_basket(db, desk, bill.basket, bill.book, priced=bill.priced, tenders=tenders, at_ms=at_ms)
    return SaleCompleted(
        id=bill.basket.id,
        store=settings.store,
        at_ms=at_ms,
        business_date=ledger.business_date(db, desk, at_ms),
        device=device_time(db, desk.clocks.machine),
        till=desk.till,
        till_kind=desk.kind,
        cashier=desk.cashier,
        shift=desk.stand.shift,
        receipt=receipt,
        opened_ms=bill.basket.opened_ms,
        priced_ms=bill.basket.priced_ms,
        book=BookReference(
            version=bill.book.version,
            manifest=bytes.fromhex(bill.book.hash)[:MANIFEST_BYTES],
            engine=ENGINE_LEVEL,
            zone=settings.time_zone,
        ),
        currency=settings.currency,
        exponent=settings.exponent,
        member=cards.on_sale(bill.basket),
        lines=bill.priced.lines,
        coupons=bill.basket.coupons,
        tenders=tenders,
        total_minor=bill.priced.total_minor,
        adjustments=bill.adjusted.adjustments,
        age_checks=bill.basket.age_checks,
        exchange=bill.basket.exchange.id if bill.basket.exchange else None,
        pricing=facts_of(pricing_context(desk, bill.basket, bill.book)),
        promotions=uses_of(bill.priced),
        holds=allowances.used_for(db, bill.basket.id),
        points_promised=None if points is None else points.points,
        points_by=None if points is None else points.by,
        points_before=cards.points_before(bill.basket),
    )
