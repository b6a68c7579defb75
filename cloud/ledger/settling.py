"""How holds end: captured by what they were placed for, drawn on by what was sold offline, or let go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Conflict, NotFound
from cloud.ledger import lots
from cloud.ledger.holding import CAPTURED, HELD, TIMED_OUT, VOIDED, held_account, lock_accounts, lock_hold, take_out
from cloud.ledger.journal import AccountKey, Journal, Leg
from cloud.ledger.kinds import POINTS
from cloud.ledger.models import Balance, Hold
from cloud.ledger.posting import post
from cloud.ledger.reading import journals_by_key
from cloud.ledger.reversing import debt_account

CAPTURE = "capture"
DRAW = "draw"
FREE = "free"
"""Purpose of the journal that gives back what a capture left; its cause is the hold's id."""
SETTLE = "settle"
"""Purpose of the journal by which points that came back settle what their owner owes; a hold's has its id as cause."""
LET_GO = {VOIDED: "void", TIMED_OUT: "time_out"}
"""Purpose of the journal that gives a hold's value back, by how it ended."""


class HoldEnded(Conflict):
    """A hold that has ended before, in another way; `state` says which."""

    def __init__(self, hold: UUID, state: str) -> None:
        super().__init__(f"hold {hold} has ended: {state}")
        self.hold = hold
        self.state = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Where and when a hold is captured, by which receipt; `into` gives the contra account of each kind's value."""

    store: str
    at_ms: int
    into: Callable[[str], AccountKey]
    till: str = ""
    cashier: str = ""
    receipt: str = ""


def capture(session: Session, commit_no: int, hold_id: UUID, amount: int, ending: Ending, *, now_ms: int) -> int:
    """Capture up to what is held; the rest goes back to where it came from. Return what was captured, once.

    A repeat with the same amount is a no-op. Raise NotFound, HoldEnded where it ended otherwise, Refused
    (`beyond_hold`) for more than is held.
    """
    hold = _locked(session, hold_id)
    if hold.state == CAPTURED and hold.captured == amount:
        return amount
    if hold.state != HELD:
        raise HoldEnded(hold_id, hold.state)
    accounts = lock_accounts(session, hold)
    shares, parts = take_out(session, hold, amount)
    if shares:
        journal = _journal(hold, (hold_id, CAPTURE), _merged(_capturing(accounts, shares, ending)), ending)
        post(session, commit_no, [journal])
        lots.used(session, journal.key, parts, ending.store)
    _free(session, commit_no, hold, accounts, amount=hold.amount - hold.captured - amount, purpose=FREE)
    _end(session, hold, CAPTURED, hold.captured + amount, now_ms)
    return amount


def draw(session: Session, commit_no: int, hold_id: UUID, amount: int, ending: Ending, *, cause: UUID) -> int:
    """Take from an allowance for one sale, as far as it goes; the rest of it stays held. Return what was taken.

    `cause` is the sale's id: the same sale draws once, and hears again what it drew. An allowance that has ended gives
    nothing.
    """
    hold, key = _locked(session, hold_id), draw_key(hold_id, cause)
    if (drawn := journals_by_key(session, [key]).get(key)) is not None:
        return sum(leg.amount for leg in drawn.legs if leg.amount > 0)
    taking = min(amount, hold.amount - hold.captured) if hold.state == HELD else 0
    if taking < 1:
        return 0
    accounts = lock_accounts(session, hold)
    shares, parts = take_out(session, hold, taking)
    journal = _journal(hold, key, _merged(_capturing(accounts, shares, ending)), ending)
    post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, ending.store)
    hold.captured += taking
    session.add(hold)
    session.flush()
    return taking


def draw_key(hold: UUID, sale: UUID) -> tuple[UUID, str]:
    """Return the key of the journal by which a sale draws on an allowance."""
    return uuid5(hold, str(sale)), DRAW


def let_go(session: Session, commit_no: int, hold_id: UUID, state: str, *, now_ms: int) -> bool:
    """Void a hold or let it time out: what is left of it goes back, each part to its own lot. False if it was ended so.

    Raise HoldEnded where it ended in another way.
    """
    hold = _locked(session, hold_id)
    if hold.state == state:
        return False
    if hold.state != HELD:
        raise HoldEnded(hold_id, hold.state)
    accounts = lock_accounts(session, hold)
    _free(session, commit_no, hold, accounts, amount=hold.amount - hold.captured, purpose=LET_GO[state])
    _end(session, hold, state, hold.captured, now_ms)
    return True


def _locked(session: Session, hold_id: UUID) -> Hold:
    hold = lock_hold(session, hold_id)
    if hold is None:
        raise NotFound(f"there is no hold {hold_id}")
    return hold


def _end(session: Session, hold: Hold, state: str, captured: int, now_ms: int) -> None:
    hold.state, hold.captured, hold.ended_ms = state, captured, now_ms
    session.add(hold)
    session.flush()


def _capturing(accounts: dict[str, AccountKey], shares: dict[str, int], ending: Ending) -> list[Leg]:
    legs = []
    for kind, amount in shares.items():
        legs += [Leg(held_account(accounts[kind]), -amount), Leg(ending.into(kind), amount)]
    return legs


def _free(
    session: Session, commit_no: int, hold: Hold, accounts: dict[str, AccountKey], *, amount: int, purpose: str
) -> None:
    """Give back what was not used, each part to its own lot. It happened when it was set aside, and moved nothing."""
    rests, freed = take_out(session, hold, amount)
    if not rests:
        return
    legs = []
    for kind, rest in rests.items():
        legs += [Leg(held_account(accounts[kind]), -rest), Leg(accounts[kind], rest)]
    journal = Journal(
        cause=hold.id, purpose=purpose, at_ms=hold.at_ms, store=hold.store_id, till=hold.till, cashier=hold.cashier,
        member=hold.member_id, legs=tuple(legs),
    )  # fmt: skip
    post(session, commit_no, [journal])
    lots.move(session, freed)
    if hold.unit == POINTS:
        _settle(session, commit_no, hold, accounts, rests)


def _settle(
    session: Session, commit_no: int, hold: Hold, accounts: dict[str, AccountKey], rests: dict[str, int]
) -> None:
    """Let points that came back settle what was taken while they were set aside: it was never spent.

    What a purse owes is settled by its next top-up, where the rules say so.
    """
    came = Journal(cause=hold.id, purpose=SETTLE, at_ms=hold.at_ms, store=hold.store_id, member=hold.member_id, legs=())
    for kind, rest in rests.items():
        settle_owed(session, commit_no, accounts[kind], rest, came)


def settle_owed(session: Session, commit_no: int, account: AccountKey, came: int, facts: Journal) -> int:
    """Let points that just came into an account settle what its owner owes. Return how many did.

    `facts` is the journal to post but for its legs; the caller sees to it that they come, and so settle, once.
    """
    debt = debt_account(account)
    settled = min(came, _owed(session, debt))
    if not settled:
        return 0
    parts, _ = lots.take(session, account, settled)
    journal = msgspec.structs.replace(facts, legs=(Leg(account, -settled), Leg(debt, settled)))
    post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, facts.store)
    return settled


def _owed(session: Session, debt: AccountKey) -> int:
    """Return what is owed in an account, its row locked; most members have none, and none is opened for this."""
    balance = table_of(Balance)
    query = select(balance.c.amount).where(balance.c.account_id == debt.id, balance.c.amount < 0).with_for_update()
    return -int(session.execute(query).scalar_one_or_none() or 0)


def _merged(legs: list[Leg]) -> tuple[Leg, ...]:
    """Bring legs on one account together."""
    amounts: dict[AccountKey, int] = {}
    for leg in legs:
        amounts[leg.account] = amounts.get(leg.account, 0) + leg.amount
    return tuple(Leg(account, amount) for account, amount in amounts.items() if amount)


def _journal(hold: Hold, key: tuple[UUID, str], legs: tuple[Leg, ...], ending: Ending) -> Journal:
    return Journal(
        cause=key[0], purpose=key[1], at_ms=ending.at_ms, store=ending.store, till=ending.till,
        cashier=ending.cashier, receipt=ending.receipt, member=hold.member_id, legs=legs,
    )  # fmt: skip
