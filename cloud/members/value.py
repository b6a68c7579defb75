"""What members hold, asked of and moved in the ledger: the one place where caring for members touches value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from cloud import ledger
from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.ledger import AccountKey, Journal, Leg, lots
from cloud.ledger.kinds import KINDS, MEMBER_DEBT, MEMBER_POINTS, POINTS, POINTS_EXPIRED, PURSE_DEBT
from cloud.ledger.kinds import OPENING as OPENING_KIND
from cloud.ledger.locking import lock_balances
from cloud.ledger.models import Account, Balance, Lot, LotUse, Posting, Reversal
from cloud.ledger.reading import journals_by_key
from cloud.ledger.reversing import Undo, debt_account, reverse
from cloud.loyalty import debts, rewarding
from cloud.members import one_person
from cloud.members.home_days import HomeDays, day_of
from cloud.value import purses

PROFILE_REWARD = "profile_reward"
FORFEIT = "forfeit"
MERGE = "merge"
UNMERGE = "unmerge"
OPENING = "opening"
UNOPENING = "unopening"
_UNDONE_AT_ONCE = 5_000
"""Journals of an opening that are in memory at once while it is undone."""

HEAD_OFFICE = "hq"
"""The store of a journal that no store made."""
_REWARDS = UUID("0d7c5d0e-4a52-5c7c-8f0b-9d4f7a1f2a31")
_REVERSAL = ("cause", "purpose", "n", "of_cause", "of_purpose", "amount")
_USE = ("cause", "purpose", "lot_id", "amount", "given_back", "store_id")
_KEPT_APART = frozenset({MEMBER_DEBT})
_DEBTS = frozenset({MEMBER_DEBT, PURSE_DEBT})

JournalKey = tuple[UUID, str]


class Holding(NamedTuple):
    """What a member holds in one account."""

    kind: str
    unit: str
    amount: int


class Brought(NamedTuple):
    """So much of one kind and unit; from the business date `expires_on` it is worth nothing (None: never)."""

    kind: str
    unit: str
    amount: int
    expires_on: date | None = None


def holdings(session: Session, member: UUID) -> list[Holding]:
    """Return every account of a member that is not empty: points, stored value, what of them is held, debts."""
    account, balance = table_of(Account), table_of(Balance)
    rows = session.execute(
        select(account.c.kind, account.c.unit, balance.c.amount)
        .join(balance, balance.c.account_id == account.c.id)
        .where(account.c.owner == str(member), account.c.kind.in_(_members_kinds()), balance.c.amount != 0)
        .order_by(account.c.kind, account.c.unit)
    )
    return [Holding(*row) for row in rows]


def reward_profile(
    session: Session, commit_no: int, member: UUID, *, points: int, store: str | None, rule_version: int, at_ms: int
) -> bool:
    """Give the points for a full profile, once in a membership whatever the rule says later. Return whether it did.

    They end as those earned on that day do.
    """
    if profile_rewarded(session, member):
        return False
    reward = rewarding.Reward(
        cause=uuid5(_REWARDS, str(member)), purpose=PROFILE_REWARD, member=member, points=points, source="profile",
        at_ms=at_ms, day=day_of(session, member, HomeDays(at_ms)), store=store or HEAD_OFFICE,
        rule_version=rule_version,
    )  # fmt: skip
    return rewarding.give(session, commit_no, reward)


def profile_rewarded(session: Session, member: UUID) -> bool:
    """Tell whether a member has had the points for a full profile, under whichever of their ids."""
    ids = one_person.ids_of(session, [member])
    return bool(journals_by_key(session, [(uuid5(_REWARDS, str(one)), PROFILE_REWARD) for one in ids]))


def settle(session: Session, commit_no: int, member: UUID, *, forfeit_points: bool, cause: UUID, at_ms: int) -> int:
    """See to it that a member who leaves holds nothing. Return the points that were given up.

    Raise Refused: `holds_money` while there is stored value, which is paid back and never given up; `holds_points`
    while there are points and nobody has said that they are given up; `holds_pending` while something is set aside.
    """
    held = holdings(session, member)
    money = [one for one in held if one.unit != POINTS and one.kind not in _KEPT_APART]
    if money:
        sums = ", ".join(f"{one.amount} {one.unit} ({one.kind})" for one in money)
        raise Refused("holds_money", f"member {member} still holds {sums}: pay it back first")
    if any(one.kind != MEMBER_POINTS and one.kind not in _KEPT_APART for one in held):
        raise Refused("holds_pending", f"points of member {member} are set aside for a sale: wait for it")
    points = sum(one.amount for one in held if one.kind == MEMBER_POINTS)
    if not points:
        return 0
    if not forfeit_points:
        raise Refused(
            "holds_points", f"member {member} still has {points} points: spend them, or say they are given up"
        )
    return give_up_points(session, commit_no, member, cause=cause, at_ms=at_ms)


def give_up_points(session: Session, commit_no: int, member: UUID, *, cause: UUID, at_ms: int) -> int:
    """End all points that a member can spend, for good. Return how many."""
    account = _points_of(member)
    points = lock_balances(session, [account])[account]
    if not points:
        return 0
    journal = Journal(
        cause=cause,
        purpose=FORFEIT,
        at_ms=at_ms,
        store=HEAD_OFFICE,
        member=member,
        legs=(Leg(account, -points), Leg(AccountKey(POINTS_EXPIRED, HEAD_OFFICE, POINTS), points)),
    )
    parts, _ = lots.take(session, account, points)
    ledger.post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, HEAD_OFFICE)
    return points


def move_all(session: Session, commit_no: int, *, merge: UUID, of: UUID, to: UUID, at_ms: int) -> list[JournalKey]:
    """Move every lot of a member to another, each with its own date. Return the journals, for taking it back.

    Raise Refused (`holds_pending`) while something of theirs is set aside or owed.
    """
    # Locked before they are looked at: what is on its way to them is there, or comes after this and follows.
    lock_balances(session, [AccountKey(kind, str(of), unit) for kind, unit in _accounts_of(session, of)])
    if any(not KINDS[one.kind].lots for one in holdings(session, of)):
        raise Refused("holds_pending", f"member {of} has value set aside, or a debt: settle that first")
    return _move_lots(session, commit_no, merge=merge, of=of, to=to, at_ms=at_ms)


def follow(session: Session, commit_no: int, *, of: UUID, to: UUID, cause: UUID, at_ms: int) -> None:
    """Bring what came to somebody who was made one with another to whom they are now: debts, lots with their dates.

    Debts go first, so that the points settle them. `cause` is an id of what brought it.
    """
    for one in holdings(session, of):
        if one.kind in _DEBTS:
            legs = (
                Leg(AccountKey(one.kind, str(of), one.unit), -one.amount),
                Leg(AccountKey(one.kind, str(to), one.unit), one.amount),
            )
            journal = Journal(
                cause=uuid5(cause, f"{of} {one.kind} {one.unit}"), purpose=MERGE, at_ms=at_ms, store=HEAD_OFFICE,
                member=to, legs=legs,
            )  # fmt: skip
            ledger.post(session, commit_no, [journal])
    _move_lots(session, commit_no, merge=cause, of=of, to=to, at_ms=at_ms)


def _move_lots(session: Session, commit_no: int, *, merge: UUID, of: UUID, to: UUID, at_ms: int) -> list[JournalKey]:
    keys: list[JournalKey] = []
    for one in holdings(session, of):
        if not KINDS[one.kind].lots:
            continue
        source, target = AccountKey(one.kind, str(of), one.unit), AccountKey(one.kind, str(to), one.unit)
        owed = {to: _lock_for_moving(session, source, target)}
        for row in _lots_of(session, source):
            key = (uuid5(merge, str(row.id)), MERGE)
            recovered = debts.settled(owed, to, row.left)
            coming = row.left - recovered
            legs = tuple(
                leg
                for leg in (Leg(source, -row.left), Leg(target, coming), Leg(debt_account(target), recovered))
                if leg.amount
            )
            journal = Journal(cause=key[0], purpose=key[1], at_ms=at_ms, store=row.store_id, member=to, legs=legs)
            parts, _ = lots.take(session, source, row.left, first=[row.id])
            ledger.post(session, commit_no, [journal])
            purses.reopen(session, legs)
            lots.used(session, key, parts, row.store_id)
            new = lots.NewLot(
                account=target, key=key, store=row.store_id, amount=coming, available_on=row.available_on,
                expires_on=row.expires_on,
            )  # fmt: skip
            lots.bring(session, [new])
            keys.append(key)
    return keys


def _lock_for_moving(session: Session, source: AccountKey, target: AccountKey) -> int:
    """Lock both accounts; return the points that whoever gets them owes: they settle that first, as all points do.

    What a purse owes is settled by the next top-up, where the rules say so, and by nothing else.
    """
    debt = [debt_account(target)] if target.kind == MEMBER_POINTS else []
    held = lock_balances(session, [source, target, *debt])
    return sum(max(-held[one], 0) for one in debt)


def take_back(
    session: Session, commit_no: int, keys: Sequence[JournalKey], *, purpose: str, at_ms: int, force: bool = False
) -> None:
    """Undo journals whole. Raise Refused (`value_gone`) where some of it is gone, unless `force` leaves a debt."""
    for cause, original in sorted(keys, key=lambda key: key[0].int):
        undo = Undo(
            cause=uuid5(cause, purpose),
            purpose=purpose,
            of=(cause, original),
            at_ms=at_ms,
            store=HEAD_OFFICE,
            force=force,
        )
        reverse(session, commit_no, undo)


def open_with(opening: UUID, member: UUID, n: int, brought: Brought, at_ms: int) -> tuple[Journal, lots.NewLot]:
    """Return the journal and the lot that bring one balance over from elsewhere; `n` tells a member's lots apart."""
    cause = uuid5(opening, f"{member} {n}")
    account = AccountKey(brought.kind, str(member), brought.unit)
    other = AccountKey(OPENING_KIND, str(opening), brought.unit)
    journal = Journal(
        cause=cause,
        purpose=OPENING,
        at_ms=at_ms,
        store=HEAD_OFFICE,
        member=member,
        legs=(Leg(account, brought.amount), Leg(other, -brought.amount)),
    )
    lot = lots.NewLot(
        account=account, key=journal.key, store=HEAD_OFFICE, amount=brought.amount, expires_on=brought.expires_on
    )
    return journal, lot


def opened(session: Session, opening: UUID) -> dict[tuple[str, str], tuple[int, int]]:
    """Return what the ledger says of an opening: (members, amount) by kind of account and unit; nothing once undone."""
    posting, other, account = table_of(Posting), table_of(Posting).alias("other"), table_of(Account)
    held = (
        select(other.c.account_id, func.sum(other.c.amount).label("amount"))
        .select_from(posting)
        .join(other, (other.c.cause == posting.c.cause) & (other.c.purpose == posting.c.purpose))
        .where(*_of_opening(opening, OPENING, UNOPENING), other.c.account_id != posting.c.account_id)
        .group_by(other.c.account_id)
        .having(func.sum(other.c.amount) != 0)
        .subquery()
    )
    rows = session.execute(
        select(account.c.kind, account.c.unit, func.count(func.distinct(account.c.owner)), func.sum(held.c.amount))
        .join(held, account.c.id == held.c.account_id)
        .group_by(account.c.kind, account.c.unit)
    )
    return {(kind, unit): (int(members), int(amount)) for kind, unit, members, amount in rows}


def unopen(session: Session, commit_no: int, members: Sequence[UUID], at_ms: int) -> None:
    """Undo every journal that brought something over for some members of an opening, once for each of them.

    Nobody could spend of it yet: its lots are whole.
    """
    posting, account = table_of(Posting), table_of(Account)
    theirs = account.c.owner.in_([str(one) for one in members]), account.c.kind.in_(_members_kinds())
    rows = session.execute(
        select(posting.c.cause, posting.c.purpose)
        .join(account, account.c.id == posting.c.account_id)
        .where(*theirs, posting.c.purpose == OPENING)
        .distinct()
    )
    keys = sorted((row.cause, row.purpose) for row in rows)
    for start in range(0, len(keys), _UNDONE_AT_ONCE):
        _undo(session, commit_no, keys[start : start + _UNDONE_AT_ONCE], at_ms)


def _undo(session: Session, commit_no: int, keys: Sequence[tuple[UUID, str]], at_ms: int) -> None:
    journals, brought = journals_by_key(session, keys), lots.of_journals(session, keys)
    undone, reversals, uses = [], [], []
    for key, journal in journals.items():
        cause = uuid5(journal.cause, UNOPENING)
        legs = tuple(Leg(leg.account, -leg.amount) for leg in journal.legs)
        undone.append(msgspec.structs.replace(journal, cause=cause, purpose=UNOPENING, at_ms=at_ms, legs=legs))
        reversals += [(cause, UNOPENING, n, *key, leg.amount) for n, leg in enumerate(legs, start=1)]
        amount = max(leg.amount for leg in journal.legs)
        uses += [(cause, UNOPENING, lot, amount, 0, HEAD_OFFICE) for lot in brought[key]]
    ledger.post(session, commit_no, undone)
    bulk.insert_tuples(session, Reversal, _REVERSAL, reversals)
    bulk.insert_tuples(session, LotUse, _USE, uses)
    lots.move(session, [lots.Part(lot, -amount) for _, _, lot, amount, _, _ in uses])


def _of_opening(opening: UUID, *purposes: str) -> tuple[ColumnElement[bool], ...]:
    posting, account = table_of(Posting), table_of(Account)
    contra = select(account.c.id).where(account.c.kind == OPENING_KIND, account.c.owner == str(opening))
    return posting.c.account_id.in_(contra), posting.c.purpose.in_(purposes)


def _lots_of(session: Session, account: AccountKey) -> list[Lot]:
    lot = table_of(Lot)
    query = select(lot).where(lot.c.account_id == account.id, lot.c.left > 0)
    return list(session.execute(query.order_by(lot.c.expires_on.is_(None), lot.c.expires_on, lot.c.id)).all())  # type: ignore[arg-type]


def _accounts_of(session: Session, member: UUID) -> list[tuple[str, str]]:
    account = table_of(Account)
    mine = (account.c.owner == str(member), account.c.kind.in_(_members_kinds()))
    return [(row.kind, row.unit) for row in session.execute(select(account.c.kind, account.c.unit).where(*mine))]


def _members_kinds() -> list[str]:
    return [kind for kind, facts in KINDS.items() if facts.owner in ("member", "purse") and facts.keeps_balance]


def _points_of(member: UUID) -> AccountKey:
    return AccountKey(MEMBER_POINTS, str(member), POINTS)
