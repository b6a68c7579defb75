"""Expiry: points and gift money whose last day is over are taken out of their own lot, and only what is left of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import Uuid, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.errors import Invalid, Refused
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import MEMBER_POINTS, POINTS_EXPIRED, VALUE_FORFEITED
from cloud.ledger.locking import lock_balances
from cloud.ledger.models import Account, Lot
from cloud.ledger.reversing import Undo
from cloud.members.home_days import over_everywhere
from cloud.members.reversals import reverse
from cloud.rewards.kinds import Found, Moved
from shared.web.phrases import Phrase

EXPIRE = "expire"
UNDO = "undo_expire"
HEAD_OFFICE = "hq"


def some(session: Session, parameters: Mapping[str, Any], after: UUID | None, at_once: int) -> Found:
    """Return the next lots behind `after` whose last day is over on `today`, with what is left of each and why.

    Not all at once: of millions nobody waits for the first to be written down, and no other write waits for the last.
    """
    today = _today(parameters)
    lot, account = table_of(Lot), table_of(Account)
    over = (lot.c["left"] > 0, lot.c.expires_on.is_not(None), lot.c.expires_on <= today)
    query = select(lot.c.id, lot.c["left"], lot.c.expires_on, account.c.unit).join(
        account, account.c.id == lot.c.account_id
    )
    behind = (lot.c.id > after,) if after else ()
    rows = session.execute(query.where(*over, *behind).order_by(lot.c.id).limit(at_once)).all()
    why = {day: Phrase("valid before {day}", day=day.isoformat()) for day in {row.expires_on for row in rows}}
    units: Counter[str] = Counter()
    for row in rows:
        units[row.unit] += row.left
    return Found([(row.id, int(row.left), why[row.expires_on]) for row in rows], units)


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
    """Take what is left of lots now, of each at most what the run said: a journal for each, all written together."""
    del parameters
    accounts = _accounts(session, [item.subject for item in found])
    lock_balances(session, {one.account for one in accounts.values()})
    left = _left(session, accounts)
    amounts = {item.subject: max(min(left[item.subject], int(item.amount)), 0) for item in found}
    units: Counter[str] = Counter()
    journals, uses = [], []
    for lot, amount in amounts.items():
        if not amount:
            continue
        of = accounts[lot]
        journal = _journal(run, lot, of, amount, at_ms)
        journals.append(journal)
        uses.append((journal.key, lots.Part(lot, amount), of.store))
        units[of.account.unit] += amount
    post(session, commit_no, journals)
    lots.move(session, [lots.Part(part.lot, -part.amount) for _, part, _ in uses])
    lots.used_each(session, uses)
    return Moved(amounts, {one.member for one in journals if one.member}, units)


class _Of(NamedTuple):
    """Whose a lot is, and the store it is settled with."""

    account: AccountKey
    store: str


def _accounts(session: Session, wanted: Sequence[UUID]) -> dict[UUID, _Of]:
    lot, account = table_of(Lot), table_of(Account)
    some_ = rowset(session, "some", {"id": Uuid()}, [(one,) for one in wanted])
    rows = session.execute(
        select(lot.c.id, lot.c.store_id, account.c.kind, account.c.owner, account.c.unit)
        .join(some_, some_.c.id == lot.c.id)
        .join(account, account.c.id == lot.c.account_id)
    )
    return {row.id: _Of(AccountKey(row.kind, row.owner, row.unit), row.store_id) for row in rows}


def _left(session: Session, wanted: Collection[UUID]) -> dict[UUID, int]:
    """Return what is left of lots now that nobody else can take of them."""
    lot = table_of(Lot)
    some_ = rowset(session, "some", {"id": Uuid()}, [(one,) for one in wanted])
    rows = session.execute(select(lot.c.id, lot.c["left"]).join(some_, some_.c.id == lot.c.id))
    return {row[0]: int(row[1]) for row in rows}


def _journal(run: UUID, lot: UUID, of: _Of, amount: int, at_ms: int) -> Journal:
    kind, owner, unit = of.account
    gone = POINTS_EXPIRED if kind == MEMBER_POINTS else VALUE_FORFEITED
    return Journal(
        cause=uuid5(run, str(lot)), purpose=EXPIRE, at_ms=at_ms, store=of.store,
        member=UUID(owner) if kind == MEMBER_POINTS else None,
        legs=(Leg(of.account, -amount), Leg(AccountKey(gone, of.store, unit), amount)),
    )  # fmt: skip


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
