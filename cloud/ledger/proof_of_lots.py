"""The proof's further half: lots and holds add up to the balances they stand for, and what each kind holds."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.ledger.holding import HELD
from cloud.ledger.kinds import KINDS
from cloud.ledger.models import Account, Balance, Hold, HoldLot, HoldPart, Lot, LotBack, LotUse, Posting

_NAMED_AT_MOST = 20


def lots_off(session: Session) -> list[UUID]:
    """Return accounts whose lots do not add up to their balance, and lots of no account, at most 20."""
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
    return [*rows.scalars(), *session.execute(strays.limit(_NAMED_AT_MOST)).scalars(), *_backs_off(session)]


def _backs_off(session: Session) -> list[UUID]:
    """Return accounts of whose lots something else was given back than the journals that did it say."""
    lot, use, back = table_of(Lot), table_of(LotUse), table_of(LotBack)
    came = (
        select(func.coalesce(func.sum(back.c.amount), 0))
        .where(back.c.of_cause == use.c.cause, back.c.of_purpose == use.c.purpose, back.c.lot_id == use.c.lot_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(lot.c.account_id)
        .join(use, use.c.lot_id == lot.c.id)
        .where(use.c.given_back != 0, use.c.given_back != came)
        .limit(_NAMED_AT_MOST)
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
