"""Who brought whom: a reward for both when the friend's first purchase of enough has stayed bought for some days.

Each step is a slice of a job that may be run again at any moment. What looks like abuse goes to the review desk: too
many friends in a month, a friend enrolled by the referrer's own hand as a cashier, a friend of the same family.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Uuid, func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from cloud.database import bulk
from cloud.database.commits import open_commit
from cloud.database.rowset import rowset, table_of
from cloud.ledger.reversing import Undo
from cloud.loyalty import rewarding
from cloud.loyalty.club_models import REFUSED, REVIEW, REWARDED, TAKEN_BACK, WAITING, Referral
from cloud.loyalty.transferring import same_family
from cloud.members import blocks, dirt, home_days, one_person, rules
from cloud.members.care_models import ReviewCase, StaffCard
from cloud.members.home_days import Days
from cloud.members.models import ACTIVE, Member, MemberBlock
from cloud.members.reversals import reverse
from cloud.sales.models import Sale, SaleReturn
from shared.calendar import local_time

SLICE = 200
PURPOSE = "referral"
FRIEND_PURPOSE = "referral_friend"
BACK = "referral_back"
CASE = "referral"
_REWARDS = UUID("d1f5f1f8-22f0-5c62-9b55-7fd1f0a6f9a1")
_DAY_MS = 24 * 3600 * 1000
_COLUMNS = (
    "friend_id", "referrer_id", "sale_id", "bought_on", "due_on", "state", "reason", "least_minor", "points",
    "friend_points", "rule_version", "found_ms", "changed_ms",
)  # fmt: skip


class Bought(NamedTuple):
    """A friend's first purchase that is enough."""

    friend: UUID
    sale: UUID
    day: date


def find(session: Session, *, now_ms: int) -> int:
    """Note the friends who have bought enough since they joined. Return how many are new."""
    rule = rules.newest(session, rules.Referral)
    if not rule.is_on:
        return 0
    friends = _friends_without(session, now_ms - rule.within_days * _DAY_MS)
    bought = _first_enough(session, list(friends), rule)
    rows = [
        (
            one.friend, friends[one.friend], one.sale, one.day, one.day + timedelta(days=rule.pending_days), WAITING,
            "", rule.least_minor, rule.points, rule.friend_points, rule.version, now_ms, now_ms,
        )
        for one in bought
    ]  # fmt: skip
    return len(bulk.insert_new_tuples(session, Referral, _COLUMNS, rows)) if rows else 0


def _friends_without(session: Session, joined_since_ms: int) -> dict[UUID, UUID]:
    """Return the friends, and who brought them, whose first purchase has not been seen yet."""
    member, referral = table_of(Member), table_of(Referral)
    seen = select(referral.c.friend_id).where(referral.c.friend_id == member.c.id)
    rows = session.execute(
        select(member.c.id, member.c.referred_by).where(
            member.c.referred_by.is_not(None),
            member.c.referred_by != member.c.id,
            member.c.status == ACTIVE,
            member.c.created_ms >= joined_since_ms,
            ~seen.exists(),
        )
    )
    friends: dict[UUID, UUID] = {row.id: row.referred_by for row in rows}
    people = one_person.now(session, set(friends.values()))
    return {friend: people[brought_by] for friend, brought_by in friends.items() if people[brought_by] != friend}


def _first_enough(session: Session, friends: list[UUID], rule: rules.Referral) -> list[Bought]:
    """Return each friend's first purchase that, less what came back, is enough and lies in time."""
    if not friends:
        return []
    sale, member = table_of(Sale), table_of(Member)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(friends)])
    rows = session.execute(
        select(sale.c.id, sale.c.member_id, sale.c.business_date, _stayed(), member.c.created_ms)
        .join(wanted, wanted.c.id == sale.c.member_id)
        .join(member, member.c.id == sale.c.member_id)
        .where(_stayed() >= rule.least_minor)
        .order_by(sale.c.member_id, sale.c.business_date, sale.c.id)
    )
    zones = home_days.zones_of(session, friends)
    first: dict[UUID, Bought] = {}
    for row in rows:
        joined = local_time(row.created_ms, zones[row.member_id]).date()
        if row.business_date <= joined + timedelta(days=rule.within_days):
            first.setdefault(row.member_id, Bought(row.member_id, row.id, row.business_date))
    return list(first.values())


def _stayed() -> ColumnElement[int]:
    """Return the expression for what a sale came to less what came back of it."""
    sale, back = table_of(Sale), table_of(SaleReturn)
    returned = select(func.coalesce(func.sum(back.c.total_minor), 0)).where(back.c.original_sale_id == sale.c.id)
    left: ColumnElement[int] = sale.c.total_minor - returned.scalar_subquery()
    return left


def settle(session: Session, *, today: Days, now_ms: int, business_ms: int) -> int:
    """Reward what is due on the chain's day, send to the review desk what looks odd. Return how many were settled."""
    due = (col(Referral.state) == WAITING, col(Referral.due_on) <= home_days.chain_day(session, today))
    query = (
        select_rows(Referral)
        .where(*due, *_both_may_collect())
        .order_by(col(Referral.due_on), col(Referral.friend_id))
        .limit(SLICE)
    )
    rows = session.exec(query.with_for_update(skip_locked=True)).all()
    rule = rules.newest(session, rules.Referral)
    settled = 0
    for row in rows:
        row.referrer_id, friend = one_person.now_of(session, row.referrer_id), one_person.now_of(session, row.friend_id)
        if any(blocks.POINTS in kinds for kinds in blocks.standing(session, [row.referrer_id, friend]).values()):
            continue
        settled += 1
        if not _still_bought(session, row):
            session.delete(row)  # the next purchase of enough may count instead
            session.flush()
            continue
        referrer = session.get(Member, row.referrer_id)
        if referrer is None or referrer.status != ACTIVE or referrer.id == friend:
            _end(session, row, REFUSED, "referrer_gone", now_ms)
            continue
        odd = _oddity(session, row, rule)
        if odd:
            _to_review(session, row, odd, rule, now_ms)
        else:
            reward(session, row, today=today, now_ms=now_ms, business_ms=business_ms)
    return settled


def _both_may_collect() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that no block keeps either from points: who waits for that holds up nobody behind them."""
    block = table_of(MemberBlock)
    return tuple(
        ~select(block.c.member_id).where(block.c.member_id == who, block.c.kind == blocks.POINTS).exists()
        for who in (col(Referral.referrer_id), col(Referral.friend_id))
    )


def _still_bought(session: Session, row: Referral) -> bool:
    sale = table_of(Sale)
    left = session.execute(select(_stayed()).select_from(sale).where(sale.c.id == row.sale_id)).scalar_one_or_none()
    return left is not None and int(left) >= row.least_minor


def _oddity(session: Session, row: Referral, rule: rules.Referral) -> str:
    """Return what is odd about a referral, '' for nothing."""
    friend = session.get(Member, row.friend_id)
    if friend is not None and session.get(StaffCard, (friend.signup_cashier, row.referrer_id)) is not None:
        return "own_cashier"
    if same_family(session, row.referrer_id, row.friend_id):
        return "family"
    start = row.bought_on.replace(day=1)
    rewarded = select(func.count()).where(
        col(Referral.referrer_id) == row.referrer_id,
        col(Referral.state) == REWARDED,
        col(Referral.bought_on) >= start,
        col(Referral.bought_on) < (start + timedelta(days=31)).replace(day=1),
    )
    return "too_many" if session.execute(rewarded).scalar_one() >= rule.most_in_a_month else ""


def _to_review(session: Session, row: Referral, reason: str, rule: rules.Referral, now_ms: int) -> None:
    friend = session.get_one(Member, row.friend_id)
    case_id = uuid5(_REWARDS, f"case {row.friend_id}")
    if session.get(ReviewCase, case_id) is None:
        session.add(
            ReviewCase(
                id=case_id, kind=CASE, member_id=row.referrer_id, store_id=friend.signup_store or "",
                cashier=friend.signup_cashier, day=row.bought_on, found=rule.most_in_a_month + 1,
                allowed=rule.most_in_a_month, rule_version=rule.version, evidence=str(row.sale_id), opened_ms=now_ms,
            )
        )  # fmt: skip
    row.case_id = case_id
    _end(session, row, REVIEW, reason, now_ms)


def reward(session: Session, row: Referral, *, today: Days, now_ms: int, business_ms: int) -> None:
    """Give both their points, once: whoever they are by now."""
    commit_no = open_commit(session, now_ms)
    people = one_person.look(session, [row.referrer_id, row.friend_id])
    referrer, friend = people[row.referrer_id], people[row.friend_id]
    row.points = 0 if referrer.has_left else row.points
    row.friend_points = 0 if friend.has_left else row.friend_points
    for member, points, purpose in (
        (referrer.id, row.points, PURPOSE),
        (friend.id, row.friend_points, FRIEND_PURPOSE),
    ):
        if points:
            made = rewarding.Reward(
                cause=_cause(row), purpose=purpose, member=member, points=points, source=PURPOSE, at_ms=business_ms,
                day=home_days.day_of(session, member, today), rule_version=row.rule_version,
            )  # fmt: skip
            rewarding.give(session, commit_no, made)
    dirt.note(session, commit_no, [(referrer.id, dirt.HEAD_OFFICE, 0), (friend.id, dirt.HEAD_OFFICE, 0)])
    _end(session, row, REWARDED, "", now_ms)


def reviewed(session: Session, *, today: Days, now_ms: int, business_ms: int) -> int:
    """Do what the review desk has decided. Return how many."""
    query = (
        select_rows(Referral, ReviewCase)
        .join(ReviewCase, col(ReviewCase.id) == col(Referral.case_id))
        .where(col(Referral.state) == REVIEW, col(ReviewCase.status) != "open")
        .limit(SLICE)
    )
    found = session.exec(query).all()
    for row, case in found:
        if case.status == "fine":
            reward(session, row, today=today, now_ms=now_ms, business_ms=business_ms)
        else:
            _end(session, row, REFUSED, "misuse", now_ms)
    return len(found)


def take_back(session: Session, *, now_ms: int, business_ms: int) -> int:
    """Take back what was given for purchases that came back since. Return how many.

    What is spent already becomes a debt that the next points settle: somebody who brings friends to have them return
    their goods gains nothing.
    """
    back = table_of(SaleReturn)
    came_back = select(back.c.id).where(back.c.original_sale_id == table_of(Referral).c.sale_id).exists()
    # Of purchases that came back in part and are still enough there are ever more: they are not looked through here.
    query = (
        select_rows(Referral)
        .join(Sale, col(Sale.id) == col(Referral.sale_id))
        .where(col(Referral.state) == REWARDED, came_back, _stayed() < col(Referral.least_minor))
        .order_by(col(Referral.friend_id))
    )
    taken = 0
    for row in session.exec(query.limit(SLICE)).all():
        commit_no = open_commit(session, now_ms)
        for member, points, purpose in (
            (row.referrer_id, row.points, PURPOSE),
            (row.friend_id, row.friend_points, FRIEND_PURPOSE),
        ):
            if points:
                undo = Undo(
                    cause=uuid5(_cause(row), purpose), purpose=BACK, of=(_cause(row), purpose), at_ms=business_ms,
                    store=rewarding.HEAD_OFFICE, force=True,
                )  # fmt: skip
                reverse(session, commit_no, undo)
            dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0)])
        _end(session, row, TAKEN_BACK, "returned", now_ms)
        taken += 1
    return taken


def _cause(row: Referral) -> UUID:
    return uuid5(_REWARDS, f"{row.friend_id}")


def _end(session: Session, row: Referral, state: str, reason: str, now_ms: int) -> None:
    row.state, row.reason, row.changed_ms = state, reason, now_ms
    session.add(row)
    session.flush()
