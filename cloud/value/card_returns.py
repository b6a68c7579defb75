"""Stored value given back to its owner: an application, approved by somebody else, less the fee; gift money ends.

What the purse still owes is settled with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from cloud import audit
from cloud.errors import Conflict, NotFound, Refused
from cloud.identity.people import require_second
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import PURSE_DEBT, PURSE_GIFT, PURSE_PRINCIPAL, VALUE_FEES, VALUE_FORFEITED, VALUE_PAID_BACK
from cloud.ledger.locking import lock_balances
from cloud.value import purses, rules
from cloud.value.models import FROZEN, OPEN, RETURNED, Purse, PurseReturn

APPLIED = "applied"
PAID = "paid"
REFUSED = "refused"
PURPOSE = "card_return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Somebody asks at `store` to have a purse paid back. `id` is its maker's."""

    id: UUID
    purse: UUID
    store: str
    by: str
    reason: str = ""


def apply(session: Session, wanted: Application, *, now_ms: int) -> PurseReturn:
    """Take an application and freeze the purse, once. Raise Refused where the purse cannot be used, Conflict."""
    known = session.get(PurseReturn, wanted.id)
    if known is not None:
        if (known.purse_id, known.store_id, known.applied_by) != (wanted.purse, wanted.store, wanted.by):
            raise Conflict(f"application {wanted.id} was made before for something else")
        return known
    purse, _ = purses.lock(session, wanted.purse)
    purses.require_open(purse)
    row = PurseReturn(
        id=wanted.id, purse_id=wanted.purse, state=APPLIED, store_id=wanted.store, reason=wanted.reason,
        applied_by=wanted.by, applied_ms=now_ms,
    )  # fmt: skip
    purse.state = FROZEN
    session.add_all([row, purse])
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"purse {wanted.purse} has an application already") from error
    audit.record(
        session, at_ms=now_ms, actor=wanted.by, action="value.apply_return", subject=f"purse {wanted.purse}",
        reason=wanted.reason, detail=f"application {wanted.id}",
    )  # fmt: skip
    return row


def decide(
    session: Session,
    commit_no: int,
    application: UUID,
    *,
    by: str,
    approve: bool,
    at_ms: int,
    now_ms: int,
    note: str = "",
) -> PurseReturn:
    """Pay an application back or refuse it, once; whoever applied cannot decide (`same_person`, `person_needed`).

    Refused also while some of it is held (`value_held`). Raise NotFound, Conflict where somebody decided before.
    """
    row = session.get(PurseReturn, application, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no application {application}")
    wanted = PAID if approve else REFUSED
    if row.state != APPLIED:
        if row.state == wanted and row.decided_by == by:
            return row
        raise Conflict(f"application {application} is {row.state}")
    require_second(session, by, row.applied_by)
    purse, holding = purses.lock(session, row.purse_id)
    if purse.state != FROZEN:
        raise Refused(f"purse_{purse.state}", f"purse {purse.id} is {purse.state}")
    if approve:
        if holding.principal_held or holding.gift_held:
            raise Refused("value_held", "some of it is set aside for a sale or an allowance")
        _pay_back(session, commit_no, row, purse, holding, at_ms=at_ms)
    purse.state = RETURNED if approve else OPEN
    row.state, row.decided_by, row.decided_ms, row.note = wanted, by, now_ms, note
    session.add_all([row, purse])
    session.flush()
    audit.record(
        session, at_ms=now_ms, actor=by, action=f"value.return_{wanted}", subject=f"purse {row.purse_id}", reason=note,
        detail=f"application {application}",
    )  # fmt: skip
    return row


def hand_over(session: Session, application: UUID, *, by: str, how: str, now_ms: int) -> PurseReturn:
    """Note that the money of an approved application was given to its owner, once. `how`: `cash`, or a transfer.

    Raise NotFound, Refused (`not_approved`, `how`), Conflict where somebody else has done it.
    """
    row = session.get(PurseReturn, application, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no application {application}")
    if row.state != PAID:
        raise Refused("not_approved", f"application {application} is {row.state}")
    if not how.strip():
        raise Refused("how", "say how the money was given: cash, or the reference of a transfer")
    if row.handed_by is not None:
        if (row.handed_by, row.handed_how) == (by, how.strip()):
            return row
        raise Conflict(f"the money of application {application} was given before, by {row.handed_by}")
    row.handed_by, row.handed_ms, row.handed_how = by, now_ms, how.strip()
    session.add(row)
    session.flush()
    audit.record(
        session, at_ms=now_ms, actor=by, action="value.return_handed", subject=f"purse {row.purse_id}",
        detail=f"{row.paid_minor} by {row.handed_how}",
    )  # fmt: skip
    return row


def _pay_back(
    session: Session, commit_no: int, row: PurseReturn, purse: Purse, holding: purses.Holding, *, at_ms: int
) -> None:
    rule = rules.current(session)
    row.fee_minor = rule.return_fee(holding.principal)
    debt = purses.account(purse, PURSE_DEBT)
    owed = max(-lock_balances(session, [debt])[debt], 0)
    row.recovered_minor = min(owed, holding.principal - row.fee_minor)
    row.paid_minor = holding.principal - row.fee_minor - row.recovered_minor
    row.forfeited_minor = holding.gift
    principal = purses.account(purse, PURSE_PRINCIPAL)
    gift = purses.account(purse, PURSE_GIFT)
    legs = [
        Leg(principal, -holding.principal),
        Leg(gift, -holding.gift),
        Leg(debt, row.recovered_minor),
        Leg(AccountKey(VALUE_PAID_BACK, row.store_id, purse.currency), row.paid_minor),
        Leg(AccountKey(VALUE_FEES, row.store_id, purse.currency), row.fee_minor),
        Leg(AccountKey(VALUE_FORFEITED, row.store_id, purse.currency), row.forfeited_minor),
    ]
    moved = tuple(leg for leg in legs if leg.amount)
    if not moved:
        return
    journal = Journal(
        cause=row.id, purpose=PURPOSE, at_ms=at_ms, store=row.store_id, cashier=row.applied_by,
        member=purse.member_id, rule_version=rule.version, legs=moved,
    )  # fmt: skip
    parts = [
        part
        for account, amount in ((principal, holding.principal), (gift, holding.gift))
        for part in lots.take(session, account, amount)[0]
    ]
    post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, row.store_id)
