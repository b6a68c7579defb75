"""What a till that is not ours takes back of what it did: points with their spend, a use of a coupon; each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple
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
from cloud.loyalty.years import add_spend
from cloud.members import one_person
from cloud.members.care_models import ReceiptElsewhere
from cloud.members.reversals import reverse
from cloud.org.models import Store
from shared.loyalty import share_returned
from shared.receipt.figures import money_with_sign


class Part(NamedTuple):
    """How much is taken back: so many points, goods of so much (minor units), or with neither all that is left."""

    points: int | None = None
    minor: int | None = None


WHOLE = Part()


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


def undo_earning(session: Session, commit_no: int, of: Earning, part: Part, undo: Undo) -> int:
    """Take an earning back, whole or a part of it, its spend and at last its visit with it. Return the points.

    The caller has locked the request, so that nobody else takes back of it meanwhile.
    Where the rule that gave them lets spent points be owed, what is gone is owed. Refused: `nothing_left` where all of
    it, or so much of it, was taken back before; `value_gone` where points are spent and the rule refuses that.
    """
    row = session.get(BesideUndone, of.request, populate_existing=True) or BesideUndone(request=of.request)
    wanted = _wanted(session, of, row, part)
    if wanted:
        reverse(session, commit_no, replace(undo, amount=wanted))
    row.points += wanted
    # By the whole of what was taken back so far: parts come to the same as all at once.
    spend = of.minor * row.points // of.points if of.points else 0
    spend = max(spend, row.minor) if part.minor is None else row.minor + part.minor
    row.whole = part == WHOLE or (row.points == of.points if part.minor is None else spend == of.minor)
    spend = of.minor if row.whole else spend
    member = one_person.now_of(session, of.member)
    # The day of what it undoes: the order in which the two arrive must not matter.
    add_spend(session, member, of.day, row.minor - spend, visits=-1 if row.whole else 0)
    row.minor = spend
    session.add(row)
    session.flush()
    return wanted


def _wanted(session: Session, of: Earning, row: BesideUndone, part: Part) -> int:
    """Return how many points a part takes back. Raise Refused: `nothing_left`."""
    left, left_minor = of.points - row.points, of.minor - row.minor
    if row.whole:
        raise Refused(NOTHING_LEFT, "all of it was taken back")
    if part.minor is not None:
        if part.minor > left_minor:
            raise Refused(NOTHING_LEFT, f"{_money(session, of, left_minor)} of its amount are left to take back")
        if part.minor == left_minor:
            return left
        return max(share_returned(of.points, row.minor + part.minor, of.minor, row.points), 0)
    if part.points is not None and part.points > left:
        said = f"of its points {left:,} are left to take back" if left else "no points of it are left to take back"
        raise Refused(NOTHING_LEFT, said)
    return left if part.points is None else part.points


def _money(session: Session, of: Earning, minor: int) -> str:
    """Write an amount in the money of the store that told of the receipt."""
    told = session.get_one(ReceiptElsewhere, of.request)
    shop = session.get_one(Store, told.store_id)
    return money_with_sign(minor, shop.exponent, shop.currency)


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
