"""Reversals: a journal undone, in part or whole, up to what is left of it; by force also where the value is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.ledger import lots
from cloud.ledger.journal import AccountKey, Journal, LedgerConflict, Leg
from cloud.ledger.kinds import KINDS
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import NewLot
from cloud.ledger.models import JournalRow, Reversal
from cloud.ledger.posting import post
from cloud.ledger.reading import journals_by_key
from cloud.ledger.units import units
from shared.money import allocate

JournalKey = tuple[UUID, str]
VALUE_GONE = "value_gone"
NOTHING_LEFT = "nothing_left"

_REVERSAL = ("cause", "purpose", "n", "of_cause", "of_purpose", "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Undo `of` under a cause and purpose of its own.

    `amount` is how much of what the journal moved (the sum of its positive legs), None all that is left. `force`
    takes also what is gone: it shows as a debt. `owners` says who some owners are by now: what is taken is taken of
    them, and what is given goes to the account it came from.
    """

    cause: UUID
    purpose: str
    of: JournalKey
    at_ms: int
    store: str
    amount: int | None = None
    force: bool = False
    till: str = ""
    cashier: str = ""
    receipt: str = ""
    owners: Mapping[str, str] = field(default_factory=dict)


def reverse(session: Session, commit_no: int, undo: Undo) -> Journal:
    """Undo a journal, once under this key; a repeat changes nothing. Return the journal posted.

    Raise NotFound for an original that is not there, Refused (`nothing_left`, `value_gone`), LedgerConflict where the
    key reversed something else or so much of it.
    """
    original = _lock_original(session, undo.of)
    if (before := _posted(session, undo, original)) is not None:
        return before
    wanted = _wanted(session, original, undo.amount, _reversed(session, undo.of))
    legs = _covered(session, original, wanted, undo)
    journal = Journal(
        cause=undo.cause, purpose=undo.purpose, at_ms=undo.at_ms, store=undo.store, till=undo.till,
        cashier=undo.cashier, receipt=undo.receipt, member=original.member, rule_version=original.rule_version,
        legs=legs,
    )  # fmt: skip
    post(session, commit_no, [journal])
    rows = [(*journal.key, n, *undo.of, amount) for n, amount in wanted.items() if amount]
    bulk.insert_tuples(session, Reversal, _REVERSAL, rows)
    return journal


def _lock_original(session: Session, key: JournalKey) -> Journal:
    row = table_of(JournalRow)
    locked = select(row.c.cause).where(row.c.cause == key[0], row.c.purpose == key[1]).with_for_update()
    if session.execute(locked).one_or_none() is None:
        raise NotFound(f"there is no journal {key[1]!r} of {key[0]}")
    return journals_by_key(session, [key])[key]


def _posted(session: Session, undo: Undo, original: Journal) -> Journal | None:
    """Return the journal of an earlier try of this very reversal."""
    key = (undo.cause, undo.purpose)
    found = journals_by_key(session, [key]).get(key)
    if found is None:
        return None
    row = table_of(Reversal)
    query = select(row).where(row.c.cause == undo.cause, row.c.purpose == undo.purpose)
    parts = session.execute(query).all()
    if {(part.of_cause, part.of_purpose) for part in parts} != {undo.of}:
        raise LedgerConflict(*key, "of")
    moved = sum(abs(part.amount) for part in parts if original.legs[part.n - 1].amount > 0)
    if undo.amount is not None and moved != undo.amount:
        raise LedgerConflict(*key, "amount")
    return found


def _reversed(session: Session, key: JournalKey) -> Mapping[int, int]:
    row = table_of(Reversal)
    rows = session.execute(
        select(row.c.n, func.sum(row.c.amount))
        .where(row.c.of_cause == key[0], row.c.of_purpose == key[1])
        .group_by(row.c.n)
    )
    return {n: int(amount) for n, amount in rows}


def _wanted(session: Session, original: Journal, amount: int | None, before: Mapping[int, int]) -> dict[int, int]:
    """Return what each leg is to move, by its number: the opposite of what is left of it, or of a share of that."""
    left = {n: leg.amount + before.get(n, 0) for n, leg in enumerate(original.legs, start=1)}
    whole = sum(amount for amount in left.values() if amount > 0)
    wanted = whole if amount is None else amount
    if not 0 < wanted <= whole:
        raise Refused(NOTHING_LEFT, _left(session, original.legs[0].account.unit, whole, wanted))
    gained = [n for n, part in left.items() if part > 0]
    lost = [n for n, part in left.items() if part < 0]
    shares: dict[int, int] = {}
    for numbers, sign in ((gained, -1), (lost, 1)):
        parts = allocate(wanted, [abs(left[n]) for n in numbers])
        shares |= {n: sign * part for n, part in zip(numbers, parts, strict=True)}
    return shares


def _left(session: Session, unit: str, whole: int, wanted: int) -> str:
    """Say how much of a journal is left to take back, where that is not what was wanted."""
    if not whole:
        return "all of it was taken back"
    written = units(session).written
    return f"of it {written(whole, unit)} are left to take back, not {written(wanted, unit)}"


def _covered(session: Session, original: Journal, wanted: Mapping[int, int], undo: Undo) -> tuple[Leg, ...]:
    """Return the legs to post, what is gone moved to debts; the lots moved with them."""
    accounts = {n: spendable_account(original.legs[n - 1].account) for n in wanted}
    for n in (n for n, amount in wanted.items() if amount < 0):
        owner = accounts[n].owner
        accounts[n] = accounts[n]._replace(owner=undo.owners.get(owner, owner))
    kept = [one for one in accounts.values() if KINDS[one.kind].keeps_balance]
    balances = lock_balances(session, [*kept, *(debt_account(one) for one in kept if KINDS[one.kind].debt_in)])
    own = lots.of_journals(session, [original.key])[original.key]
    legs: dict[AccountKey, int] = {}
    for n, amount in wanted.items():
        account = accounts[n]
        facts, moved = KINDS[account.kind], amount
        if facts.keeps_balance and not facts.may_owe and amount < 0:
            moved = -min(-amount, max(balances[account], 0))
            if moved != amount:
                if not undo.force or not facts.debt_in:
                    gone = units(session).written(moved - amount, account.unit)
                    raise Refused(VALUE_GONE, f"{gone} of what is to be taken back are gone")
                debt = debt_account(account)
                legs[debt] = legs.get(debt, 0) + amount - moved
        legs[account] = legs.get(account, 0) + moved
        if facts.lots and moved:
            _move_lots(session, Leg(account, moved), original, undo, own=own)
    return tuple(Leg(account, amount) for account, amount in legs.items() if amount)


def _move_lots(session: Session, leg: Leg, original: Journal, undo: Undo, *, own: Sequence[UUID]) -> None:
    account, moved, key = leg.account, leg.amount, (undo.cause, undo.purpose)
    if moved < 0:
        parts, _ = lots.take(session, account, -moved, first=own)
        lots.used(session, key, parts, undo.store)
        return
    rest = lots.give_back(session, original.key, account, moved, by=key)
    lots.bring(session, [NewLot(account=account, key=key, store=undo.store, amount=rest)])


def spendable_account(account: AccountKey) -> AccountKey:
    """Return where value that was held goes back to when what captured it is undone; any other account is itself."""
    source = next((kind for kind, facts in KINDS.items() if facts.held_in == account.kind), account.kind)
    return account._replace(kind=source)


def debt_account(account: AccountKey) -> AccountKey:
    """Return the account that shows what was taken of another by force and was not there."""
    return account._replace(kind=KINDS[account.kind].debt_in)
