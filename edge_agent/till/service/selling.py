"""Selling stored value: an offer of HQ's becomes an event with the money that was taken for it, in one transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from uuid import UUID

from edge_agent.failpoints import reached
from edge_agent.record import receipts
from edge_agent.record.receipts import receipt_text
from edge_agent.till import attempts, baskets
from edge_agent.till.desk import MAX_REFERENCE_CHARACTERS, Desk, Refusal, require_resolved, require_shift
from edge_agent.till.facts import stamped
from edge_agent.till.numbering import receipt_for
from edge_agent.till.paying import require_reference
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from edge_agent.till.service import plans
from edge_agent.till.service.asking import at_desk
from edge_agent.till.service.plans import SellPlan
from edge_agent.till.service.results import Offer, ValueSoldNow
from edge_agent.till.shifts import ledger
from shared.receipt.figures import money_with_sign
from shared.wire.events import Receipt, Tender, TenderKind, ValueSold, decode_event

BOUGHT_WITH = frozenset({TenderKind.CASH, TenderKind.BANK_CARD, TenderKind.WECHAT, TenderKind.ALIPAY, TenderKind.OTHER})
"""What stored value can be bought with: never with stored value."""
MAX_CASH_MINOR = 10**9


def require_free(db: sqlite3.Connection, desk: Desk) -> None:
    """Refuse while this till is in the middle of something else, or has no drawer to put money in."""
    at_desk(desk)
    require_resolved(db, desk)
    if baskets.load_open(db, desk.till) is not None:
        raise Refusal("basket_open")
    require_shift(desk)


def take(
    db: sqlite3.Connection, desk: Desk, offer: Offer, method: TenderKind, given: int | None, *, reference: str
) -> ValueSoldNow:
    """Take money that needs nobody's answer: all of it at once, cash with change. It is sold with this transaction."""
    known = find_sold(db, offer.id)
    if known is not None:
        return known
    require_free(db, desk)
    require_way(method)
    handed = offer.minor if given is None else given
    if not offer.minor <= handed <= MAX_CASH_MINOR or (handed > offer.minor and method is not TenderKind.CASH):
        settings = desk.settings()
        raise Refusal("value_amount", money_with_sign(handed, settings.exponent, settings.currency))
    if len(reference) > MAX_REFERENCE_CHARACTERS or not reference.isprintable():
        raise Refusal("tender_reference", reference[:MAX_REFERENCE_CHARACTERS])
    require_reference(desk, method, offer.minor, reference)
    tender = Tender(method=method, minor=offer.minor, change_minor=handed - offer.minor, reference=reference)
    return make(db, desk, planned(desk, offer), tender)


def ask(db: sqlite3.Connection, desk: Desk, offer: Offer, method: TenderKind, code: str) -> PaymentAttempt:
    """Put the plan and the attempt on the disk. The payment service is asked after this commit, not before."""
    require_free(db, desk)
    require_way(method)
    plan = planned(desk, offer)
    plans.store(db, desk.till, plan)
    attempt = PaymentAttempt(
        desk.mint(), plan.id, desk.till, method, plan.minor, desk.clocks.business.now_ms(),
        shift=desk.stand.shift, cashier=desk.cashier, code=code,
    )  # fmt: skip
    attempts.store(db, attempt)
    return attempt


def settle(db: sqlite3.Connection, desk: Desk, attempt: PaymentAttempt, outcome: PaymentOutcome) -> ValueSoldNow | None:
    """Keep a payment service's answer: with the money it is sold, without it the plan is dropped. None: no money moved.

    An answer that comes twice counts once.
    """
    if attempts.find_unresolved(db, attempt.id) is None:
        return sold_before(db, attempt.basket)
    attempts.note(db, attempt.id, outcome)
    plan = plans.find(db, attempt.basket)
    if not isinstance(plan, SellPlan):
        raise Refusal("no_such_payment", str(attempt.id))
    if outcome.state in (AttemptState.REFUSED, AttemptState.CANCELLED):
        plans.forget(db, plan.id)
    if outcome.state is not AttemptState.PAID:
        return None
    stand = replace(desk.stand, shift=plan.shift, cashier=plan.cashier or desk.cashier)
    reference = outcome.reference[:MAX_REFERENCE_CHARACTERS]
    tender = Tender(method=attempt.method, minor=attempt.minor, reference=reference, attempt=attempt.id)
    return make(db, replace(desk, stand=stand), plan, tender)


def concerns(db: sqlite3.Connection, basket: UUID) -> bool:
    """Tell whether an attempt's `basket` is stored value that is being sold, or was."""
    if isinstance(plans.find(db, basket), SellPlan):
        return True
    row = receipts.find_by_event(db, basket)
    return row is not None and row.kind == ValueSold.__struct_config__.tag


def planned(desk: Desk, offer: Offer) -> SellPlan:
    """Return what is sold by an offer, at whose hands."""
    return SellPlan(
        id=desk.mint(), offer=offer.id, holder=offer.holder, minor=offer.minor, gift_minor=offer.gift_minor,
        balance_minor=offer.balance_minor, gift_card=offer.gift_card,
        identified=offer.identified, shift=desk.stand.shift, cashier=desk.cashier,
    )  # fmt: skip


def make(db: sqlite3.Connection, desk: Desk, plan: SellPlan, tender: Tender) -> ValueSoldNow:
    """Make the event with its receipt number; the plan is gone with it. All or nothing, in the caller's transaction."""
    settings, fields = desk.settings(), stamped(db, desk)
    fields |= {"id": plan.id, "business_date": ledger.business_date(db, desk, fields["at_ms"])}

    def sold(receipt: Receipt) -> ValueSold:
        return ValueSold(
            **fields, receipt=receipt, offer=plan.offer, holder=plan.holder, tenders=[tender],
            currency=settings.currency, exponent=settings.exponent, total_minor=plan.minor,
            gift_minor=plan.gift_minor, balance_minor=plan.balance_minor,
            gift_card=plan.gift_card, identified=plan.identified,
        )  # fmt: skip

    event = receipt_for(db, desk, sold)
    plans.forget(db, plan.id)
    plans.note_sold(db, plan.offer, plan.id, event.at_ms)
    ledger.note_late(db, desk, event)
    reached("value.in_transaction")
    return said(event)


def find_sold(db: sqlite3.Connection, offer: UUID) -> ValueSoldNow | None:
    """Return what an offer was sold as, for a second tap on the same key."""
    event = plans.sold_by(db, offer)
    return None if event is None else sold_before(db, event)


def sold_before(db: sqlite3.Connection, event: UUID) -> ValueSoldNow | None:
    """Return the answer that was given when it was sold, None when it was not."""
    found = event_of(db, event)
    return None if found is None else said(found)


def event_of(db: sqlite3.Connection, event: UUID) -> ValueSold | None:
    """Return stored value that was sold here, while its event is kept."""
    content = receipts.content_of(db, event)
    found = None if content is None else decode_event(content)
    return found if isinstance(found, ValueSold) else None


def said(event: ValueSold) -> ValueSoldNow:
    """Return an event as the desk answers it."""
    return ValueSoldNow(
        id=event.id, receipt=receipt_text(event.receipt.series, event.receipt.number), minor=event.total_minor,
        gift_minor=event.gift_minor, balance_minor=event.balance_minor,
        change_minor=sum(tender.change_minor for tender in event.tenders),
    )  # fmt: skip


def require_way(method: TenderKind) -> None:
    """Refuse what stored value cannot be bought with."""
    if method not in BOUGHT_WITH:
        raise Refusal("value_by_value", method)
