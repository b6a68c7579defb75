"""Taking money, and the one transaction that makes a sale."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from edge_agent import outbox, receipts
from edge_agent.agent_row import business_day, device_time
from edge_agent.failpoints import reached
from edge_agent.receipts import NoSeries, receipt_text
from edge_agent.till import attempts, baskets
from edge_agent.till.basket import Basket
from edge_agent.till.changes import TenderGiven, TendersReturned
from edge_agent.till.desk import Desk, Refusal, book_for, open_basket, priced, require_resolved
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome, TillBook
from edge_agent.till.results import Paid, PartlyPaid, TendersBack
from shared.pricing import ENGINE_LEVEL, PricedBasket
from shared.wire.events import BookReference, Receipt, SaleCompleted, Tender, TenderKind, decode_event

_MANIFEST_BYTES = 16


def paid_before(db: sqlite3.Connection, sale: UUID) -> Paid | None:
    """Return the same answer a sale gave when it was paid, None when it was not."""
    row = receipts.find_by_event(db, sale)
    if row is None:
        return None
    content = outbox.content_of(db, sale)
    event = None if content is None else decode_event(content)
    if not isinstance(event, SaleCompleted):
        return Paid(sale, row.text, row.total_minor, change_minor=0, lines=0)
    return _paid(event)


def _paid(sale: SaleCompleted) -> Paid:
    return Paid(
        sale=sale.id,
        receipt=receipt_text(sale.receipt.series, sale.receipt.number),
        total_minor=sale.total_minor,
        change_minor=sum(tender.change_minor for tender in sale.tenders),
        lines=len(sale.lines),
    )


def tender(
    db: sqlite3.Connection, desk: Desk, method: TenderKind, minor: int | None, reference: str, cashier: str
) -> Paid | PartlyPaid:
    """Take money that needs nobody's answer; None is exactly what is due. When nothing is due any more, it is a sale."""
    basket, book, now_priced = _payable(db, desk)
    due = now_priced.total_minor - basket.paid_minor
    given = due if minor is None else minor
    _check_amount(given, due, cash=method is TenderKind.CASH)
    taken = min(given, due)
    money = Tender(method=method, minor=taken, change_minor=given - taken, reference=reference)
    return _take(db, desk, basket, book, now_priced, money, cashier)


def ask(db: sqlite3.Connection, desk: Desk, method: TenderKind, minor: int | None) -> PaymentAttempt:
    """Put a payment attempt on the disk. Its gateway is asked after this commit, not before."""
    basket, _book, now_priced = _payable(db, desk)
    due = now_priced.total_minor - basket.paid_minor
    asked = due if minor is None else minor
    _check_amount(asked, due, cash=False)
    if asked == 0:
        raise Refusal("tender_amount", "0")
    attempt = PaymentAttempt(desk.mint(), basket.id, desk.till, method, asked, desk.clocks.business.now_ms())
    attempts.store(db, attempt)
    return attempt


def settle(
    db: sqlite3.Connection, desk: Desk, attempt: PaymentAttempt, outcome: PaymentOutcome, cashier: str
) -> Paid | PartlyPaid | None:
    """Keep a gateway's answer; money that moved becomes a tender, and when nothing is due any more a sale.

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
    book = book_for(db, desk, basket)
    money = Tender(method=attempt.method, minor=attempt.minor, reference=outcome.reference, attempt=attempt.id)
    return _take(db, desk, basket, book, priced(desk, basket, book), money, cashier)


def take_back(db: sqlite3.Connection, desk: Desk) -> TendersBack:
    """Hand back what was given so far, so that lines may change again. What a gateway moved stays."""
    basket = open_basket(db, desk)
    if any(tender.attempt for tender in basket.tenders):
        raise Refusal("payment_by_gateway")
    given = list(basket.tenders)
    baskets.add(db, basket, TendersReturned(at_ms=desk.clocks.business.now_ms()))
    total_minor = priced(desk, basket, book_for(db, desk, basket)).total_minor if basket.lines else 0
    return TendersBack(given, total_minor)


def _payable(db: sqlite3.Connection, desk: Desk) -> tuple[Basket, TillBook, PricedBasket]:
    require_resolved(db, desk)
    basket = open_basket(db, desk)
    if not basket.lines:
        raise Refusal("basket_empty")
    for line in basket.lines:
        if line.quantity == 0:
            raise Refusal("weight_missing", str(line.n))
    book = book_for(db, desk, basket)
    return basket, book, priced(desk, basket, book)


def _check_amount(given: int, due: int, *, cash: bool) -> None:
    # A basket that costs nothing (all coupons) is closed by giving nothing; otherwise nothing is no payment.
    if given < 0 or (given == 0 and due > 0):
        raise Refusal("tender_amount", str(given))
    if given > due and not cash:
        raise Refusal("tender_too_much", str(due))


def _take(
    db: sqlite3.Connection,
    desk: Desk,
    basket: Basket,
    book: TillBook,
    now_priced: PricedBasket,
    money: Tender,
    cashier: str,
) -> Paid | PartlyPaid:
    due = now_priced.total_minor - basket.paid_minor - money.minor
    if due > 0:
        baskets.add(db, basket, TenderGiven(at_ms=desk.clocks.business.now_ms(), tender=money))
        return PartlyPaid(basket.id, due)
    return _complete(db, desk, basket, book, now_priced, [*basket.tenders, money], cashier)


def _complete(
    db: sqlite3.Connection,
    desk: Desk,
    basket: Basket,
    book: TillBook,
    now_priced: PricedBasket,
    tenders: list[Tender],
    cashier: str,
) -> Paid:
    """Make the sale: its event, its receipt number, the basket gone. All of it or nothing, in the caller's transaction."""
    settings = desk.settings()
    at_ms = desk.clocks.business.now_ms()

    def sale(receipt: Receipt) -> SaleCompleted:
        return SaleCompleted(
            id=basket.id,
            store=settings.store,
            at_ms=at_ms,
            business_date=business_day(settings, at_ms),
            device=device_time(db, desk.clocks.machine),
            till=desk.till,
            till_kind=desk.kind,
            cashier=cashier,
            receipt=receipt,
            opened_ms=basket.opened_ms,
            priced_ms=basket.priced_ms,
            book=BookReference(
                version=book.version,
                manifest=bytes.fromhex(book.hash)[:_MANIFEST_BYTES],
                engine=ENGINE_LEVEL,
                zone=settings.time_zone,
            ),
            currency=settings.currency,
            exponent=settings.exponent,
            member=basket.card.member if basket.card else None,
            lines=now_priced.lines,
            coupons=basket.coupons,
            tenders=tenders,
            total_minor=now_priced.total_minor,
            saved_minor=now_priced.saved_minor,
        )

    try:
        event = receipts.issue(db, desk.till, sale, desk.clocks.machine.wall_ms())
    except NoSeries as error:
        raise Refusal("till_unknown", desk.till) from error
    baskets.delete(db, basket.id)
    reached("sale.in_transaction")
    return _paid(event)
