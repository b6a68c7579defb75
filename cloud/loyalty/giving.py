"""What tiers bring beside prices and points of a purchase: coupons on reaching and each month, a gift for the birthday.

Each gift is a row of `tier_gift`, whose key is the benefit and the occasion: whoever does it again finds it done.
Whoever may not collect (a block) gets nothing meanwhile, and what is due still when the block is lifted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, func, select, true, update
from sqlmodel import Session

from cloud.coupons import batches
from cloud.database import bulk
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.loyalty import rewarding, rules, tiers
from cloud.loyalty.models import MemberStanding, TierChange, TierGift
from cloud.members import blocks, dirt, lookup_keys, one_person
from cloud.members.home_days import Days, HomeDay, home_days
from cloud.members.models import ACTIVE, Member, MemberBlock, MemberKey
from cloud.privacy import Vault
from shared.loyalty import BirthdayGift, CouponsMonthly, CouponsOnReaching, TierRule, months_later

SLICE = 200
BIRTHDAY = "birthday"
MONTHLY = "monthly"
_CAUSES = UUID("5b8f2f0a-2f7c-5d0e-9c39-6d7f60e0a7d4")
_COLUMNS = (
    "member_id", "benefit", "occasion", "tier", "batch", "count", "points", "rule_version", "given_ms", "problem",
)  # fmt: skip
_LEAP_DAY = "02-29"


class Due(NamedTuple):
    """A gift that is due to a member."""

    member: UUID
    benefit: str
    occasion: str
    tier: str
    batch: str = ""
    coupons: int = 0
    points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One look for what is due: the day it is and for whom, the rule of that day, and when it is done."""

    today: date
    rule: TierRule
    now_ms: int
    business_ms: int
    random_bits: Callable[[int], int]
    home: HomeDay | None = None
    """Whose day it is; None: everybody's."""

    def whose(self, member: ColumnElement[UUID]) -> ColumnElement[bool]:
        """Return the condition that this look is for a member."""
        return true() if self.home is None else self.home.whose(member)


def begin(
    session: Session, days: Days, *, now_ms: int, business_ms: int, random_bits: Callable[[int], int]
) -> list[Round]:
    """Return what looks need: one for each day it is somewhere, none while there are no tiers."""
    known, found = rules.load(session), []
    for home in home_days(session, days):
        rule = known.tier_on(home.day)
        if rule.tiers:
            found.append(
                Round(
                    today=home.day, rule=rule, now_ms=now_ms, business_ms=business_ms, random_bits=random_bits,
                    home=home,
                )
            )  # fmt: skip
    return found


def reaching(session: Session, at: Round) -> int:
    """Give what those get who have reached a tier since the last look. Return how many changes were looked at.

    Only for reaching it: not for a tier given by hand or brought over from another system, not for the initial level,
    not for the way down.
    """
    change = table_of(TierChange)
    query = (
        select(change)
        .where(change.c.gifts_ms.is_(None), ~_barred(change.c.member_id), at.whose(change.c.member_id))
        .order_by(change.c.member_id, change.c.n)
        .limit(SLICE)
    )
    found = _able(session, session.execute(query.with_for_update(skip_locked=True)).all())
    due = []
    for row, member in found:
        tier = at.rule.tier(row.after)
        if tier is None or row.reason != "earned" or at.rule.rank(row.before) >= at.rule.rank(row.after):
            continue
        for n, benefit in enumerate(tier.benefits):
            if isinstance(benefit, CouponsOnReaching):
                name = f"reaching:{tier.code}:{n}"
                if _may_reach_again(session, member, name, benefit, row.day):
                    due.append(Due(member, name, str(row.day), tier.code, benefit.batch, benefit.count))
    give(session, at, due)
    for row, _ in found:
        mine = (change.c.member_id == row.member_id, change.c.n == row.n)
        session.execute(update(change).where(*mine).values(gifts_ms=at.now_ms))
    return len(found)


def _able(session: Session, changes: Sequence[Any]) -> list[tuple[Any, UUID]]:
    """Return changes with whom they concern by now: what waited goes with a member who was made one with another.

    A change of somebody who may not collect waits until the block is lifted.
    """
    people = one_person.now(session, {row.member_id for row in changes})
    barred = {
        member
        for member, kinds in blocks.standing(session, set(people.values())).items()
        if {blocks.COUPONS, blocks.POINTS} & set(kinds)
    }
    return [(row, people[row.member_id]) for row in changes if people[row.member_id] not in barred]


def _may_reach_again(session: Session, member: UUID, name: str, benefit: CouponsOnReaching, day: date) -> bool:
    gift = table_of(TierGift)
    mine = (gift.c.member_id == member, gift.c.benefit == name, gift.c.problem == "")
    last = session.execute(select(func.max(gift.c.occasion)).where(*mine)).scalar_one_or_none()
    if last is None:
        return True
    return bool(benefit.every_months) and months_later(date.fromisoformat(last), benefit.every_months) <= day


def monthly(session: Session, at: Round) -> int:
    """Give this month's coupons to some of those who stand in a tier that brings any. Return how many got theirs.

    Whoever moves up within a month gets the higher tier's with the next one.
    """
    month = f"{at.today:%Y-%m}"
    for tier in at.rule.ladder:
        for n, benefit in enumerate(one for one in tier.benefits if isinstance(one, CouponsMonthly)):
            name = f"{MONTHLY}:{n}"
            members = [] if benefit.day > at.today.day else _without(session, at, tier.code, (name, month))
            if members:
                give(session, at, [Due(one, name, month, tier.code, benefit.batch, benefit.count) for one in members])
                return len(members)
    return 0


def birthdays(session: Session, vault: Vault, at: Round) -> int:
    """Give some of those a gift whose birthday is near and whose tier brings one. Return how many got theirs."""
    for tier in at.rule.ladder:
        gift = next((one for one in tier.benefits if isinstance(one, BirthdayGift)), None)
        for occasion, days in ({} if gift is None else _birthdays_near(gift, at.today)).items():
            members = _without(session, at, tier.code, (BIRTHDAY, occasion), born=_keys(vault, days))
            if members and gift is not None:
                made = (Due(one, BIRTHDAY, occasion, tier.code, gift.batch, gift.count, gift.points) for one in members)
                give(session, at, list(made))
                return len(members)
    return 0


def _birthdays_near(gift: BirthdayGift, today: date) -> dict[str, list[str]]:
    """Return the month-days (05-17) whose gift may be given today, by the year of the birthday it is for."""
    found: dict[str, list[str]] = {}
    for offset in range(-gift.days_after, gift.days_before + 1):
        day = today + timedelta(days=offset)
        written = [f"{day:%m-%d}"]
        if day == gift.birthday_in(day.year, 2, 29) and written != [_LEAP_DAY]:
            written.append(_LEAP_DAY)
        found.setdefault(str(day.year), []).extend(written)
    return found


def _keys(vault: Vault, days: Iterable[str]) -> list[bytes]:
    return [vault.blind_index(lookup_keys.BIRTHDAY_DAY, day) for day in days]


def _without(
    session: Session, at: Round, tier: str, wanted: tuple[str, str], *, born: Sequence[bytes] | None = None
) -> list[UUID]:
    """Return some members who stand in a tier today and have not had a gift (benefit, occasion).

    With `born` those alone whose birthday has one of these keys.
    """
    benefit, occasion = wanted
    standing, gift, member = table_of(MemberStanding), table_of(TierGift), table_of(Member)
    had = select(gift.c.member_id).where(
        gift.c.member_id == standing.c.member_id, gift.c.benefit == benefit, gift.c.occasion == occasion
    )
    query = (
        select(standing.c.member_id)
        .join(member, member.c.id == standing.c.member_id)
        .where(standing.c.tier == tier, member.c.status == ACTIVE, ~had.exists())
        .where(~_barred(standing.c.member_id), at.whose(standing.c.member_id))
        .order_by(standing.c.member_id)
    )
    if born is not None:
        key = table_of(MemberKey)
        query = query.join(key, key.c.member_id == standing.c.member_id).where(
            key.c.kind == lookup_keys.BIRTHDAY_DAY, key.c.blind_index.in_(born)
        )
    found = list(session.execute(query.limit(SLICE)).scalars())
    # Where they stood at the last look is a list of candidates; where they stand is worked out.
    stands = tiers.tiers_of(session, found, at.today)
    return [one for one in found if stands[one] == tier]


def _barred(member: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Tell whether a member may not collect for now."""
    block = table_of(MemberBlock)
    mine = (block.c.member_id == member, block.c.kind.in_((blocks.COUPONS, blocks.POINTS)))
    return select(block.c.member_id).where(*mine).exists()


def give(session: Session, at: Round, due: Sequence[Due]) -> int:
    """Give what is due and was not given yet, each once. Return how many gifts went out.

    Whoever is no member any more gets nothing: somebody merged meanwhile has their gifts under the other id. A batch
    that refuses (spent, closed, no more for this member) leaves the reason in its row, for a person to see.
    """
    members = _held(session, {one.member for one in due})
    due = [one for one in due if one.member in members]
    if not due:
        return 0
    commit_no = open_commit(session, at.now_ms)
    given = 0
    for one in sorted(due):
        keys = ("member_id", "benefit", "occasion")
        rows = [(*one, at.rule.version, at.now_ms, "")]
        if not bulk.insert_new_tuples(session, TierGift, _COLUMNS, rows):
            continue
        problem = _hand_out(session, commit_no, at, one)
        if problem:
            gift = table_of(TierGift)
            mine = [gift.c[key] == value for key, value in zip(keys, one[:3], strict=True)]
            session.execute(update(gift).where(*mine).values(problem=problem))
        else:
            given += 1
    dirt.note(session, commit_no, {(one.member, dirt.HEAD_OFFICE, 0) for one in due})
    return given


def _held(session: Session, members: Collection[UUID]) -> set[UUID]:
    """Return those of these who are members now; nobody merges them with others before this transaction ends."""
    member = table_of(Member)
    query = select(member.c.id).where(member.c.id.in_(sorted(members)), member.c.status == ACTIVE)
    # In the order of their ids, like everybody who locks several members.
    return set(session.execute(query.order_by(member.c.id).with_for_update(read=True)).scalars())


def _hand_out(session: Session, commit_no: int, at: Round, one: Due) -> str:
    """Hand out one gift; return why it could not be, '' where it was."""
    cause = uuid5(_CAUSES, f"{one.member}\n{one.benefit}\n{one.occasion}")
    if one.points:
        reward = rewarding.Reward(
            cause=cause, purpose=BIRTHDAY, member=one.member, points=one.points, source=BIRTHDAY,
            at_ms=at.business_ms, day=at.today, rule_version=at.rule.version,
        )  # fmt: skip
        rewarding.give(session, commit_no, reward)
        return ""
    try:
        with session.begin_nested():
            batches.give(
                session, commit_no, one.batch, [one.member] * one.coupons, at.random_bits, cause=cause, today=at.today,
                at_ms=at.business_ms,
            )  # fmt: skip
    except Refused as refusal:
        return refusal.code
    except NotFound:
        return "batch_unknown"
    return ""


def try_again(session: Session, members: Collection[UUID] | None = None) -> int:
    """Forget what could not be given, so that the next look tries once more. Return how many that is."""
    gift, change = table_of(TierGift), table_of(TierChange)
    wanted = [gift.c.problem != ""]
    if members is not None:
        wanted.append(gift.c.member_id.in_(list(members)))
    gone = session.execute(
        gift.delete().where(*wanted).returning(gift.c.member_id, gift.c.benefit, gift.c.occasion)
    ).all()
    for row in gone:
        if row.benefit.startswith("reaching:"):
            mine = (change.c.member_id == row.member_id, change.c.day == date.fromisoformat(row.occasion))
            session.execute(update(change).where(*mine).values(gifts_ms=None))
    return len(gone)
