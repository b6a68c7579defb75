"""The proof's further half: lots and holds add up to the balances they stand for, and what each kind holds."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import and_, func, or_, select, union_all
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.ledger.holding import HELD
from cloud.ledger.kinds import KINDS
from cloud.ledger.models import Account, Balance, Hold, HoldLot, HoldPart, Lot, LotBack, LotUse, Posting, Reversal

_NAMED_AT_MOST = 20


def lots_off(session: Session) -> list[UUID]:
    """Return accounts whose lots do not add up: to their balance, to their uses; and lots of no account. A few each."""
    account, balance, lot = table_of(Account), table_of(Balance), table_of(Lot)
    lotted = [kind for kind, facts in KINDS.items() if facts.lots]
    total = func.coalesce(func.sum(lot.c.left), 0)
    rows = session.execute(
        select(account.c.id)
        .join(balance, balance.c.account_id == account.c.id)
        .outerjoin(lot, lot.c.account_id == account.c.id)
        .where(account.c.kind.in_(lotted))
        .group_by(account.c.id, balance.c.amount)
        .having(total != balance.c.amount)
        .limit(_NAMED_AT_MOST)
    )
    strays = select(lot.c.account_id).outerjoin(account, account.c.id == lot.c.account_id).where(account.c.id.is_(None))
    return [
        *rows.scalars(),
        *session.execute(strays.limit(_NAMED_AT_MOST)).scalars(),
        *_parts_off(session),
        *_backs_off(session),
    ]


def _parts_off(session: Session) -> list[UUID]:
    """Return accounts with a lot of which more or less is left than what journals took of it and holds keep."""
    lot, use, kept = table_of(Lot), table_of(LotUse), table_of(HoldLot)
    taken = (
        select(use.c.lot_id, func.sum(use.c.amount - use.c.given_back).label("amount"))
        .group_by(use.c.lot_id)
        .subquery("taken")
    )
    held = (
        select(kept.c.lot_id, func.sum(kept.c.left).label("amount"))
        .where(kept.c.left != 0)
        .group_by(kept.c.lot_id)
        .subquery("kept")
    )
    gone = func.coalesce(taken.c.amount, 0) + func.coalesce(held.c.amount, 0)
    rows = session.execute(
        select(lot.c.account_id)
        .outerjoin(taken, taken.c.lot_id == lot.c.id)
        .outerjoin(held, held.c.lot_id == lot.c.id)
        .where(lot.c.amount - lot.c.left != gone)
        .limit(_NAMED_AT_MOST)
    )
    return list(rows.scalars())


def _backs_off(session: Session) -> list[UUID]:
    """Return accounts of whose lots something else was given back than the journals that did it say."""
    lot, use, back = table_of(Lot), table_of(LotUse), table_of(LotBack)
    came = (
        select(back.c.of_cause, back.c.of_purpose, back.c.lot_id, func.sum(back.c.amount).label("amount"))
        .group_by(back.c.of_cause, back.c.of_purpose, back.c.lot_id)
        .subquery("came")
    )
    same = (came.c.of_cause == use.c.cause, came.c.of_purpose == use.c.purpose, came.c.lot_id == use.c.lot_id)
    off = (
        select(use.c.lot_id).outerjoin(came, and_(*same)).where(use.c.given_back != func.coalesce(came.c.amount, 0)),
        select(came.c.lot_id).outerjoin(use, and_(*same)).where(use.c.cause.is_(None)),
    )
    of_lots = union_all(*off).subquery("off")
    rows = session.execute(select(lot.c.account_id).join(of_lots, of_lots.c.lot_id == lot.c.id).limit(_NAMED_AT_MOST))
    return list(rows.scalars())


def reversals_off(session: Session) -> list[UUID]:
    """Return the causes of journals of which more was undone than they moved, or that are not there, at most 20."""
    posting, undone = table_of(Posting), table_of(Reversal)
    sums = (
        select(undone.c.of_cause, undone.c.of_purpose, undone.c.n, func.sum(undone.c.amount).label("amount"))
        .group_by(undone.c.of_cause, undone.c.of_purpose, undone.c.n)
        .subquery("undone")
    )
    same = (posting.c.cause == sums.c.of_cause, posting.c.purpose == sums.c.of_purpose, posting.c.n == sums.c.n)
    beyond = or_(
        posting.c.amount.is_(None),
        and_(posting.c.amount > 0, ~sums.c.amount.between(-posting.c.amount, 0)),
        and_(posting.c.amount < 0, ~sums.c.amount.between(0, -posting.c.amount)),
    )
    rows = session.execute(
        select(sums.c.of_cause).outerjoin(posting, and_(*same)).where(beyond).distinct().limit(_NAMED_AT_MOST)
    )
    return list(rows.scalars())


def holds_off(session: Session) -> list[UUID]:
    """Return accounts of held value that differ from what open holds keep, and holds whose lots differ, at most 20."""
    account, balance, hold, part = table_of(Account), table_of(Balance), table_of(Hold), table_of(HoldPart)
    kept: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in session.execute(
        select(part.c.account_kind, hold.c.owner, hold.c.unit, func.sum(part.c.left))
        .join(hold, hold.c.id == part.c.hold_id)
        .where(part.c.left != 0)
        .group_by(part.c.account_kind, hold.c.owner, hold.c.unit)
    ):
        kept[KINDS[row[0]].held_in, row[1], row[2]] += int(row[3])
    held_kinds = {facts.held_in for facts in KINDS.values() if facts.held_in}
    wrong = [
        row.id
        for row in session.execute(
            select(account.c.id, account.c.kind, account.c.owner, account.c.unit, balance.c.amount)
            .join(balance, balance.c.account_id == account.c.id)
            .where(account.c.kind.in_(held_kinds))
        )
        if kept[row.kind, row.owner, row.unit] != row.amount
    ]
    return [*wrong[:_NAMED_AT_MOST], *_uneven(session)]


def _uneven(session: Session) -> list[UUID]:
    """Return holds that ended and keep something, or whose lots are not what they keep."""
    hold, part, lot = table_of(Hold), table_of(HoldPart), table_of(HoldLot)
    of_parts = select(func.coalesce(func.sum(part.c.left), 0)).where(part.c.hold_id == hold.c.id).scalar_subquery()
    of_lots = select(func.coalesce(func.sum(lot.c.left), 0)).where(lot.c.hold_id == hold.c.id).scalar_subquery()
    should = hold.c.amount - hold.c.captured
    open_ = hold.c.state == HELD
    rows = session.execute(
        select(hold.c.id)
        .where((of_parts != of_lots) | (open_ & (of_parts != should)) | (~open_ & (of_parts != 0)))
        .limit(_NAMED_AT_MOST)
    )
    return list(rows.scalars())


def by_kind(session: Session) -> dict[str, dict[str, int]]:
    """Return what all accounts of each kind come to together, by unit, from their postings."""
    account, posting = table_of(Account), table_of(Posting)
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for kind, unit, total in session.execute(
        select(account.c.kind, account.c.unit, func.sum(posting.c.amount))
        .join(posting, posting.c.account_id == account.c.id)
        .group_by(account.c.kind, account.c.unit)
        .order_by(account.c.kind, account.c.unit)
    ):
        found[kind][unit] = int(total)
    return dict(found)
