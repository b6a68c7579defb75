"""What desks' events do to members' value: money that was taken is credited whatever came in between, once.

The journal's cause is the event, so neither a repeat nor another order of arrival can post it twice. What was promised
by an offer is kept; without the offer (HQ was put back to a day before it) no more gift money than the rules give.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session

from cloud.errors import Conflict, NotFound, Refused
from cloud.fleet import audit
from cloud.ledger.reversing import reverse
from cloud.value import card_returns, offers, purses, rules, topping_up
from cloud.value.desk_models import TopUpOffer, ValueSale
from cloud.value.desk_top_ups import undoing
from cloud.value.desk_whose import Owner
from cloud.value.models import Purse
from cloud.value.topping_up import Promise, TopUp
from shared.wire.value_events import ValueBackReason, ValuePaidBack, ValueSold

LATE_OFFER = "late_offer"
NO_OFFER = "no_offer"


class Contradicts(ValueError):
    """An event that says something else than HQ knows; a person has to look at it."""


class Credited(NamedTuple):
    """The purse that money went into, and what was odd about it."""

    purse: UUID
    remark: str = ""


def credit(session: Session, commit_no: int, sold: ValueSold, owner: Owner, *, day: str, now_ms: int) -> Credited:
    """Put sold value into its purse. Raise Contradicts where the event is not what was offered, or an offer's second."""
    found = offers.find(session, sold.offer)
    if found is None:
        purse, promise, remark = _without_offer(session, sold, owner, day=day, now_ms=now_ms)
    else:
        _check(session, found, sold)
        purse, promise = session.get_one(Purse, found.purse_id), Promise(found.gift_minor, found.gift_months)
        remark = LATE_OFFER if sold.at_ms > found.valid_until_ms else ""
        found.sold = sold.id
        session.add(found)
    topping_up.top_up(session, commit_no, _top_up(sold, purse, promise, day), now_ms=now_ms).require()
    audit.record(
        session, at_ms=now_ms, actor=f"till:{sold.store}/{sold.till}/{sold.cashier}", action="value.sold",
        subject=f"purse {purse.id}", detail=f"{sold.total_minor} and {promise.gift} of gift money{_odd(remark)}",
    )  # fmt: skip
    return Credited(purse.id, remark)


def _top_up(sold: ValueSold, purse: Purse, promise: Promise, day: str) -> TopUp:
    from datetime import date

    return TopUp(
        id=sold.id, purse=purse.id, minor=sold.total_minor, store=sold.store, day=date.fromisoformat(day),
        at_ms=sold.at_ms, basket=sold.id, till=sold.till, cashier=sold.cashier,
        receipt=f"{sold.receipt.series}-{sold.receipt.number}", identified=sold.identified, promised=promise,
    )  # fmt: skip
