"""What is posted: journals of legs that sum to zero in every unit, and what is wrong with one that is refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID, uuid5

import msgspec

from cloud.errors import Conflict, Invalid, Refused
from cloud.ledger.kinds import KINDS

_ACCOUNTS = UUID("5b0a7a0e-2f0c-5d53-9a39-6f0f6d2f7c11")
"""Namespace of account ids: an account's id follows from what it is, so that nobody needs to look it up."""


class LedgerRefused(Invalid):
    """A journal that is no double entry, or names an account kind that does not exist."""


class LedgerConflict(Conflict):
    """A journal was posted before under the same cause and purpose, but differs in `field`."""

    def __init__(self, cause: UUID, purpose: str, field: str) -> None:
        super().__init__(f"journal {purpose!r} of {cause} is already posted and differs in {field}")
        self.cause = cause
        self.purpose = purpose
        self.field = field


class Overdrawn(Refused):
    """A balance would fall below zero; nothing was posted."""

    def __init__(self, account: UUID, balance: int) -> None:
        super().__init__("overdrawn", f"account {account} would stand at {balance}")
        self.account = account
        self.balance = balance


class AccountKey(NamedTuple):
    """What identifies an account: its kind, whose it is, and what it counts."""

    kind: str
    owner: str
    unit: str

    @property
    def id(self) -> UUID:
        """The account's id, the same on every machine."""
        return _account_id(self)


@lru_cache(maxsize=65_536)
def _account_id(key: AccountKey) -> UUID:
    return uuid5(_ACCOUNTS, "\n".join(key))


class Leg(NamedTuple):
    """One account and what it gains (or, below zero, loses), in the account's unit."""

    account: AccountKey
    amount: int


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of value. (`cause`, `purpose`) names it for ever: `cause` is the id of what happened.

    `at_ms` is the business time at the edge; the commit it is posted in knows HQ's. `rule_version` is the version
    of the rule that set the amounts, None where no rule did. `member` is whose value moves, None for nobody known;
    `receipt` the receipt it stands on, as printed.
    """

    cause: UUID
    purpose: str
    at_ms: int
    store: str
    legs: tuple[Leg, ...]
    till: str = ""
    cashier: str = ""
    rule_version: int | None = None
    member: UUID | None = None
    receipt: str = ""

    @property
    def key(self) -> tuple[UUID, str]:
        """Cause and purpose."""
        return self.cause, self.purpose


def check(journal: Journal) -> None:
    """Raise LedgerRefused unless the journal is a double entry between known kinds of accounts."""
    sums: dict[str, int] = {}
    for (kind, _, unit), amount in journal.legs:
        if kind not in KINDS:
            raise LedgerRefused(f"journal {journal.purpose!r} of {journal.cause}: no account kind {kind!r}")
        sums[unit] = sums.get(unit, 0) + amount
    if len(journal.legs) < 2 or len({account for account, _ in journal.legs}) != len(journal.legs):
        raise LedgerRefused(f"journal {journal.purpose!r} of {journal.cause} needs two or more different accounts")
    for unit, total in sums.items():
        if total:
            raise LedgerRefused(f"journal {journal.purpose!r} of {journal.cause} sums to {total} {unit}, not to 0")


_COMPARED = ("at_ms", "store", "till", "cashier", "rule_version", "member", "receipt")


def difference(posted: Journal, wanted: Journal) -> str | None:
    """Return the name of the first field in which two journals of one key differ."""
    for field in _COMPARED:
        if getattr(posted, field) != getattr(wanted, field):
            return field
    return None if _as_moved(posted.legs) == _as_moved(wanted.legs) else "legs"


def _as_moved(legs: Sequence[Leg]) -> list[tuple[AccountKey, int]]:
    return sorted((leg.account, leg.amount) for leg in legs)
