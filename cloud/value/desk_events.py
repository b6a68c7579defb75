"""What desks' events do to members' value: money that was taken is credited whatever came in between, once.

The journal's cause is the event, so neither a repeat nor another order of arrival can post it twice. What was promised
by an offer is kept; without the offer (HQ was put back to a day before it) no more gift money than the rules give. An
offer that HQ cannot have lost was never made: such an event waits for a person, else an agent that lies makes money.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, func, select

from cloud import audit
from cloud.errors import CloudError
from cloud.fleet.models import Agent, Deployment
from cloud.value import card_returns, offers, rules, topping_up
from cloud.value.desk_models import TopUpOffer, ValueSale
from cloud.value.desk_top_ups import undoing
from cloud.value.desk_whose import Owner, purse_of
from cloud.value.models import Purse
from cloud.value.topping_up import Promise, TopUp
from shared.ids import uuid7_ms
from shared.wire.event_base import Event
from shared.wire.value_events import ValueBackReason, ValuePaidBack, ValueSold

LATE_OFFER = "late_offer"
NO_OFFER = "no_offer"
LOST_MS = 90 * 24 * 3600 * 1000
"""For so long after HQ was put back tills may tell of offers that it lost by that. Whoever was away longer is asked."""


class Contradicts(ValueError):
    """An event that says something else than HQ knows; a person has to look at it."""


class Credited(NamedTuple):
    """The purse that money went into, and what was odd about it."""

    purse: UUID
    remark: str = ""


def credit(session: Session, commit_no: int, sold: ValueSold, owner: Owner, *, day: date, now_ms: int) -> Credited:
    """Put sold value into its purse.

    Raise Contradicts where it is not what was offered, an offer's second, or HQ never offered it.
    """
    found = offers.find(session, sold.offer)
    if found is None:
        _check_lost(session, sold, now_ms=now_ms)
        purse, promise, remark = _without_offer(session, sold, owner, day=day, now_ms=now_ms)
    else:
        _check(found, sold)
        purse, promise = (
            _purse(session, found, owner, day=day, now_ms=now_ms),
            Promise(found.gift_minor, found.gift_months),
        )
        remark = LATE_OFFER if _wall_ms(sold) > found.valid_until_ms else ""
        found.sold = sold.id
        session.add(found)
    wanted = TopUp(
        id=sold.id, purse=purse.id, minor=sold.total_minor, store=sold.store, day=day, at_ms=sold.at_ms,
        basket=sold.id, till=sold.till, cashier=sold.cashier, identified=sold.identified, promised=promise,
        receipt=f"{sold.receipt.series}-{sold.receipt.number}",
    )  # fmt: skip
    topping_up.top_up(session, commit_no, wanted, now_ms=now_ms).require()
    _record(
        session,
        sold,
        "value.sold",
        purse.id,
        detail=f"{sold.total_minor} and {promise.gift} of gift money {remark}",
        now_ms=now_ms,
    )
    return Credited(purse.id, remark)


def pay_back(session: Session, commit_no: int, back: ValuePaidBack, *, now_ms: int) -> None:
    """Note that money for stored value went over a counter. Raise Contradicts where HQ knows of no such debt.

    The value itself was taken back when the till asked; where HQ has lost that, it is taken now, and what is spent of
    it by then stands as the purse's debt.
    """
    try:
        if back.why is ValueBackReason.UNDO:
            _undone(session, commit_no, back, now_ms=now_ms)
        else:
            _handed(session, back, now_ms=now_ms)
    except CloudError as error:
        raise Contradicts(str(error)) from None


def _undone(session: Session, commit_no: int, back: ValuePaidBack, *, now_ms: int) -> None:
    row = session.get_one(ValueSale, back.of)
    if row.minor != back.total_minor:
        raise Contradicts(f"{back.total_minor} went back for a top-up of {row.minor}")
    undo = undoing(
        back.id, back.of, at_ms=back.at_ms, store=back.store, till=back.till, cashier=back.cashier, force=True
    )
    topping_up.undo_top_up(session, commit_no, undo)
    _record(
        session, back, "value.top_up_paid_back", row.purse_id, detail=f"{back.total_minor} of {back.of}", now_ms=now_ms
    )


def _handed(session: Session, back: ValuePaidBack, *, now_ms: int) -> None:
    how = f"{back.tenders[0].method.value} {back.receipt.series}-{back.receipt.number}"
    row = card_returns.hand_over(session, back.of, by=_actor(back), how=how, now_ms=now_ms)
    if row.paid_minor != back.total_minor:
        raise Contradicts(f"{back.total_minor} was paid out for an application of {row.paid_minor}")


def _check_lost(session: Session, sold: ValueSold, *, now_ms: int) -> None:
    """Raise Contradicts unless HQ was put back since this was offered. Its id says when it was asked for."""
    since_ms = session.exec(select(Deployment.since_ms)).one()
    agents = select(func.min(Agent.enrolled_ms)).where(col(Agent.store_id) == sold.store)
    asked_ms = uuid7_ms(sold.offer) + sold.device.hq_offset_ms
    if not session.exec(agents).one() <= asked_ms < since_ms or now_ms - since_ms > LOST_MS:
        raise Contradicts(
            f"there is no offer {sold.offer}, and HQ was not put back to before it: see that {sold.total_minor} are in "
            f"the till, then put the value right by hand"
        )


def _without_offer(
    session: Session, sold: ValueSold, owner: Owner, *, day: date, now_ms: int
) -> tuple[Purse, Promise, str]:
    purse = purse_of(session, owner, sold.store, day, now_ms=now_ms)
    gift, months = rules.current(session).gift(sold.total_minor, day)
    return purse, Promise(min(gift, sold.gift_minor), months), NO_OFFER


def _purse(session: Session, offer: TopUpOffer, owner: Owner, *, day: date, now_ms: int) -> Purse:
    """Return the offer's purse; where its member was merged into another since, that one's."""
    purse = session.get_one(Purse, offer.purse_id)
    if purse.member_id is None or owner.member is None or purse.member_id == owner.member:
        return purse
    return purse_of(session, Owner(owner.member, None), offer.store_id, day, now_ms=now_ms)


def _check(offer: TopUpOffer, sold: ValueSold) -> None:
    if offer.sold not in (None, sold.id):
        raise Contradicts(f"offer {offer.id} was sold by event {offer.sold} already")
    said = (offer.store_id, offer.minor, offer.gift_minor)
    if said != (sold.store, sold.total_minor, sold.gift_minor):
        raise Contradicts(f"{sold.total_minor} with {sold.gift_minor} was sold, the offer was {said[1]} with {said[2]}")


def _wall_ms(event: Event) -> int:
    return event.device.wall_ms + event.device.hq_offset_ms


def _actor(event: Event) -> str:
    return f"till:{event.store}/{event.till}/{event.cashier}"


def _record(session: Session, event: Event, action: str, purse: UUID, *, detail: str, now_ms: int) -> None:
    audit.record(
        session, at_ms=now_ms, actor=_actor(event), action=action, subject=f"purse {purse}", detail=detail.strip()
    )
