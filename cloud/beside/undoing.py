"""What a till that is not ours takes back of what it did: points with their spend, a use of a coupon; each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud.beside.models import BesideUndone
from cloud.coupons import using
from cloud.coupons.models import USED, Coupon
from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.ledger.reading import journals_by_key
from cloud.ledger.reversing import NOTHING_LEFT, JournalKey, Undo
from cloud.loyalty import rules as loyalty_rules
from cloud.members import one_person
from cloud.members.reversals import reverse
from cloud.members.years import add_spend


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """An earning as it was answered: the request, its journal, what it gave for what, on which business day."""

    request: UUID
    key: JournalKey
    member: UUID
    points: int
    minor: int
    day: date


def read_earning(request: UUID, purpose: str, answer: Mapping[str, Any]) -> Earning:
    """Return the earning that a request's kept answer tells of."""
    return Earning(
        request=request, key=(request, purpose), member=UUID(str(answer["member"])), points=int(answer["points"]),
        minor=int(answer["minor"]), day=date.fromisoformat(answer["day"]),
    )  # fmt: skip


def undo_earning(session: Session, commit_no: int, of: Earning, undo: Undo) -> int:
    """Take an earning back, whole or `undo.amount` points of it, its spend and its visit with it. Return the points.

    The caller has locked the request, so that nobody else takes back of it meanwhile.
    Where the rule that gave them lets spent points be owed, what is gone is owed. Refused: `nothing_left` where all of
    it, or so much of it, was taken back before; `value_gone` where points are spent and the rule refuses that.
    """
    row = session.get(BesideUndone, of.request, populate_existing=True) or BesideUndone(request=of.request)
    left = of.points - row.points
    wanted = left if undo.amount is None else undo.amount
    if row.whole or wanted > left:
        raise Refused(
            NOTHING_LEFT, f"{left} points of it are left to take back" if left else "all of it was taken back"
        )
    if wanted:
        reverse(session, commit_no, undo)
    row.points += wanted
    row.whole = undo.amount is None or row.points == of.points
    # By the whole of what was taken back so far: parts come to the same as all at once.
    spend = of.minor if row.whole else of.minor * row.points // of.points
    member = one_person.now_of(session, of.member)
    # The day of what it undoes: the order in which the two arrive must not matter.
    add_spend(session, member, of.day, row.minor - spend, visits=-1 if row.whole else 0)
    row.minor = spend
    session.add(row)
    session.flush()
    return wanted


def may_be_owed(session: Session, key: JournalKey) -> bool:
    """Tell whether what was given by this journal and is spent may be owed, as the rule that gave it says."""
    journal = journals_by_key(session, [key]).get(key)
    given_by = None if journal is None else journal.rule_version
    rules = loyalty_rules.load(session).earning
    return any(rule.version == given_by and rule.spent_points == "owed" for rule in rules)


def undo_coupon(session: Session, commit_no: int, of: UUID, *, cause: UUID, at_ms: int) -> None:
    """Let the coupon of a request be used again, in the books of the store that took it.

    Refused: `nothing_left` where it was given back before, `not_released` where its batch says used is used.
    """
    coupon = table_of(Coupon)
    used = select(coupon.c.used_store).where(coupon.c.used_sale == of, coupon.c.state == USED)
    store = session.execute(used).scalar()
    if store is None:
        raise Refused(NOTHING_LEFT, "this coupon was given back before")
    if not using.give_back(session, commit_no, of, cause=cause, store=store, at_ms=at_ms):
        raise Refused("not_released", "a coupon of this batch stays used, or the batch was withdrawn")
