"""Expiry: points and gift money whose last day is over are taken out of their own lot, and only what is left of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Invalid, Refused
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import MEMBER_POINTS, POINTS_EXPIRED, VALUE_FORFEITED
from cloud.ledger.locking import lock_balances
from cloud.ledger.models import Account, Lot
from cloud.ledger.reversing import Undo
from cloud.members.home_days import over_everywhere
from cloud.members.reversals import reverse
from cloud.rewards.kinds import Item, Moved
from shared.web.phrases import Phrase

EXPIRE = "expire"
UNDO = "undo_expire"
HEAD_OFFICE = "hq"


def items(session: Session, parameters: Mapping[str, Any]) -> list[Item]:
    """Return every lot whose last day is over on `today`, with what is left of it and why."""
    today = _today(parameters)
    lot = table_of(Lot)
    rows = session.execute(
        select(lot.c.id, lot.c.left, lot.c.expires_on)
        .where(lot.c.left > 0, lot.c.expires_on.is_not(None), lot.c.expires_on <= today)
        .order_by(lot.c.id)
    )
    return [(row.id, int(row.left), Phrase("valid before {day}", day=row.expires_on.isoformat())) for row in rows]


def require_begun(session: Session, parameters: Mapping[str, Any], at_ms: int) -> None:
    """Raise Refused (`day_ahead`) for a day that has not begun in every zone yet, Invalid for none.

    A member's points end at midnight where they are at home, and never before.
    """
    if (today := _today(parameters)) > (here := over_everywhere(session, at_ms)):
        raise Refused("day_ahead", f"{today} has not begun in every zone of the stores yet: take {here} or earlier")


def _today(parameters: Mapping[str, Any]) -> date:
    try:
        return date.fromisoformat(str(parameters["today"]))
    except (KeyError, ValueError):
        raise Invalid("today: the business date of the run, as 2026-12-31") from None


def post_items(
    session: Session, commit_no: int, run: UUID, parameters: Mapping[str, Any], found: Sequence[Any], *, at_ms: int
) -> Moved:
    """Take what is left of lots now, of each at most what the run said."""
    del parameters
    amounts, members = {}, set()
    for item in found:
        amounts[item.subject], member = _take(session, commit_no, run, item, at_ms)
        members |= {member} if member else set()
    return Moved(amounts, members)


def _take(session: Session, commit_no: int, run: UUID, item: Any, at_ms: int) -> tuple[int, UUID | None]:
    lot, account = table_of(Lot), table_of(Account)
    query = select(account.c.kind, account.c.owner, account.c.unit, lot.c.store_id).join(
        account, account.c.id == lot.c.account_id
    )
    row = session.execute(query.where(lot.c.id == item.subject)).one()
    key = AccountKey(row.kind, row.owner, row.unit)
    lock_balances(session, [key])
    left = session.execute(select(lot.c.left).where(lot.c.id == item.subject)).scalar_one()
    amount = min(int(left), int(item.amount))
    if amount < 1:
        return 0, None
    gone = POINTS_EXPIRED if row.kind == MEMBER_POINTS else VALUE_FORFEITED
    member = UUID(row.owner) if row.kind == MEMBER_POINTS else None
    journal = Journal(
        cause=uuid5(run, str(item.subject)), purpose=EXPIRE, at_ms=at_ms, store=row.store_id, member=member,
        legs=(Leg(key, -amount), Leg(AccountKey(gone, row.store_id, row.unit), amount)),
    )  # fmt: skip
    post(session, commit_no, [journal])
    parts = [lots.Part(item.subject, amount)]
    lots.move(session, [lots.Part(item.subject, -amount)])
    lots.used(session, journal.key, parts, row.store_id)
    return amount, member


def undo_items(session: Session, commit_no: int, run: UUID, found: Sequence[Any], *, at_ms: int, force: bool) -> Moved:
    """Give lots back what was taken of them."""
    amounts, members = {}, set()
    for item in found:
        cause = uuid5(run, str(item.subject))
        undo = Undo(cause=cause, purpose=UNDO, of=(cause, EXPIRE), at_ms=at_ms, store=HEAD_OFFICE, force=force)
        journal = reverse(session, commit_no, undo)
        amounts[item.subject] = int(item.posted)
        members |= {journal.member} if journal.member else set()
    return Moved(amounts, members)
