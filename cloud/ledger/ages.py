"""What members hold by how long ago it came in and by when it ends: the liability report, from the lots."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, func, literal, select, union_all
from sqlalchemy import cast as sql_cast
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.ledger.kinds import KINDS
from cloud.ledger.models import Account, Balance, HoldLot, JournalRow, Lot
from shared.loyalty import months_later

_DAY_MS = 86_400_000
BOUNDS: tuple[tuple[str, int], ...] = (("month", 30), ("quarter", 91), ("half", 182), ("year", 365), ("two", 730))
"""Ages by their code: younger than so many days. What is older than the last is `older`."""
OLDER = "older"
AGES = (*(code for code, _ in BOUNDS), OLDER)


@dataclass(frozen=True, slots=True)
class Report:
    """What is held, by unit and age, by unit and month of its end, and by how much either misses what is held."""

    ages: dict[str, dict[str, int]]
    expiries: dict[str, dict[str, int]]
    off: dict[str, int]


def report(session: Session, at_ms: int) -> Report:
    """Add the lots up, open and set aside, and compare with what the accounts hold. `at_ms` is business time."""
    lot = table_of(Lot)
    ages = _by(session, age_of(at_ms))
    months: defaultdict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for unit, found in _by(session, lot.c.expires_on).items():
        for ends, amount in found.items():
            months[unit][ends.strftime("%Y-%m") if isinstance(ends, date) else ""] += amount
    expiries = {unit: dict(sorted(found.items())) for unit, found in months.items()}
    held = _held(session)
    off = {
        unit: sum(ages.get(unit, {}).values()) - held.get(unit, 0)
        for unit in sorted({*held, *ages})
        if sum(ages.get(unit, {}).values()) != held.get(unit, 0)
    }
    named = {unit: {code: found.get(code, 0) for code in AGES} for unit, found in ages.items()}
    return Report(named, expiries, off)


def age_of(at_ms: int) -> ColumnElement[str]:
    """Return the code of a lot's age, by the journal that brought it."""
    came = table_of(JournalRow).c.at_ms
    return case(*((came > at_ms - days * _DAY_MS, code) for code, days in BOUNDS), else_=OLDER)


def open_lots(*columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Return the query of lots with their accounts and the journals that brought them."""
    lot, account, journal = table_of(Lot), table_of(Account), table_of(JournalRow)
    return (
        select(*columns)
        .select_from(lot)
        .join(account, account.c.id == lot.c.account_id)
        .join(journal, (journal.c.cause == lot.c.cause) & (journal.c.purpose == lot.c.purpose))
    )


def month_bounds(month: str) -> tuple[date, date]:
    """Return the first day of a month (`2026-01`) and of the next. Raise ValueError for what is none."""
    first = date.fromisoformat(f"{month}-01")
    return first, months_later(first, 1)


def _by(session: Session, key: ColumnElement[Any]) -> dict[str, dict[object, int]]:
    """Add up what is left of lots and what of them is set aside, by unit and a key of theirs."""
    lot, account, kept = table_of(Lot), table_of(Account), table_of(HoldLot)
    left = open_lots(account.c.unit, key.label("key"), lot.c.left.label("amount")).where(lot.c.left > 0)
    aside = (
        open_lots(account.c.unit, key.label("key"), kept.c.left.label("amount"))
        .join(kept, kept.c.lot_id == lot.c.id)
        .where(kept.c.left > 0)
    )
    both = union_all(left, aside).subquery("both")
    found: defaultdict[str, dict[object, int]] = defaultdict(dict)
    for unit, value, amount in session.execute(
        select(both.c.unit, both.c.key, func.sum(sql_cast(both.c.amount, BigInteger))).group_by(both.c.unit, both.c.key)
    ):
        found[unit][value] = int(amount)
    return dict(found)


def _held(session: Session) -> dict[str, int]:
    """Return what members hold and what of it is set aside, by unit: what lots must add up to."""
    account, balance = table_of(Account), table_of(Balance)
    kinds = [kind for kind, facts in KINDS.items() if facts.lots or (facts.keeps_balance and not facts.may_owe)]
    rows = session.execute(
        select(account.c.unit, func.coalesce(func.sum(balance.c.amount), literal(0)))
        .join(balance, balance.c.account_id == account.c.id)
        .where(account.c.kind.in_(kinds))
        .group_by(account.c.unit)
    )
    return {unit: int(total) for unit, total in rows}
