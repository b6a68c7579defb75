"""What tiers bring, on both databases: points multiplied and taken back, coupons and birthday gifts exactly once."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlmodel import Session, select

from cloud.coupons import batches
from cloud.database import Database
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.loyalty import assessing, giving, posting, rules, tiers
from cloud.loyalty.facts import LineFacts, ReturnedLineFacts, SaleFacts
from cloud.loyalty.models import MemberStanding, TierChange, TierGift
from cloud.loyalty.rules import Rules
from cloud.members import blocks
from shared.loyalty import (
    Benefit,
    BirthdayGift,
    CouponsMonthly,
    CouponsOnReaching,
    EarningRule,
    MemberDay,
    PointsTimes,
    Tier,
    TierRule,
    times_bp,
)
from tests.cloud.members_data import join, open_chain, vault
from tests.cloud.test_loyalty import back, sale
from tests.factories import new_id

TODAY = date(2026, 6, 30)
BITS = random.Random(7).getrandbits
EARN = EarningRule(version=1, valid_from=date(2026, 1, 1))


def rule(**benefits: list[Benefit]) -> TierRule:
    ladder = [("s", 10), ("g", 20)]
    tiers_ = [Tier(code=code, names={}, from_minor=least, benefits=benefits.get(code, [])) for code, least in ladder]
    return TierRule(version=1, tiers=tiers_)


@pytest.mark.parametrize(
    ("benefits", "day", "times"),
    [
        ([], TODAY, 10_000),
        ([PointsTimes(times_bp=15_000)], TODAY, 15_000),
        ([MemberDay(times_bp=20_000, month_days=[30])], TODAY, 20_000),
        ([MemberDay(times_bp=20_000, month_days=[29], weekdays=[2])], TODAY, 20_000),
        ([MemberDay(times_bp=20_000, weekdays=[3])], TODAY, 10_000),
        ([PointsTimes(times_bp=15_000), MemberDay(times_bp=20_000, weekdays=[2])], TODAY, 30_000),
        ([MemberDay(times_bp=20_000, weekdays=[2]), MemberDay(times_bp=30_000, month_days=[30])], TODAY, 30_000),
    ],
)
def test_points_are_multiplied_by_tier_and_day(benefits: list[Benefit], day: date, times: int) -> None:
    assert times_bp(benefits, day) == times


@pytest.mark.parametrize(
    ("today", "born", "leap", "year"),
    [
        (date(2026, 5, 10), (5, 17), "feb_28", 2026),
        (date(2026, 5, 9), (5, 17), "feb_28", None),
        (date(2026, 5, 20), (5, 17), "feb_28", 2026),
        (date(2026, 5, 21), (5, 17), "feb_28", None),
        (date(2026, 12, 28), (1, 2), "feb_28", 2027),
        (date(2027, 1, 2), (12, 31), "feb_28", 2026),
        (date(2026, 3, 3), (2, 29), "feb_28", 2026),
        (date(2026, 3, 4), (2, 29), "feb_28", None),
        (date(2026, 3, 4), (2, 29), "mar_1", 2026),
        (date(2028, 2, 22), (2, 29), "mar_1", 2028),
        (date(2028, 2, 21), (2, 29), "mar_1", None),
    ],
)
def test_a_birthday_has_its_window_and_its_year(
    today: date, born: tuple[int, int], leap: str, year: int | None
) -> None:
    gift = BirthdayGift(points=1, days_before=7, days_after=3, leap_day=leap)  # type: ignore[arg-type]
    assert gift.occasion(today, *born) == year


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PointsTimes(times_bp=10_000), lambda: MemberDay(times_bp=20_000), BirthdayGift,
        lambda: MemberDay(times_bp=20_000, month_days=[32]), lambda: CouponsMonthly(batch="b", day=29),
        lambda: BirthdayGift(batch="b", points=1), lambda: CouponsOnReaching(batch="b", count=0),
        lambda: BirthdayGift(points=1, days_before=61), lambda: CouponsOnReaching(batch="b", every_months=-1),
    ],
)  # fmt: skip
def test_a_benefit_that_makes_no_sense_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        wrong()  # type: ignore[operator]


def bought(member: UUID, minor: int, tier: str) -> SaleFacts:
    return replace(sale(member, LineFacts(1, 2, minor), day=TODAY), tier=tier)


def test_p5_a_return_takes_back_what_the_tier_had_multiplied(database: Database) -> None:
    ann = new_id()
    twice = Rules(earning=(EARN,), tiers=(rule(g=[PointsTimes(times_bp=20_000)]),))
    of_gold, of_none = bought(ann, 1_000, "g"), bought(ann, 1_000, "s")
    with database.session() as session:
        posting.post(session, 1, [of_gold, of_none], (), twice)
        assert points_of(session, [ann]) == {ann: 30}
        once = Rules(earning=(EARN,), tiers=(replace_version(rule(), 2),))
        posting.post(session, 1, (), [back(of_gold, ReturnedLineFacts(1, 1, 500))], once)
        assert points_of(session, [ann]) == {ann: 20}
        posting.post(session, 1, (), [back(of_gold, ReturnedLineFacts(1, 1, 500, 1))], once)
        assert points_of(session, [ann]) == {ann: 10}, "as posted, whatever rule came since"


def replace_version(made: TierRule, version: int) -> TierRule:
    return TierRule(version=version, tiers=made.tiers)


class Club:
    """A chain with tiers, some batches of coupons, and a day that passes."""

    def __init__(self, database: Database, wanted: TierRule) -> None:
        open_chain(database)
        self.database, self.today = database, TODAY
        with database.session() as session:
            newest = rules.load(session).tier_version
            rules.publish_tier(session, replace_version(wanted, newest + 1), author="ann", at_ms=1)
            for batch, most in (("welcome", 100), ("monthly", 100), ("cake", 100), ("few", 1)):
                made = batches.NewBatch(
                    id=batch, kind="personal", promotion="p", starts=date(2026, 1, 1), ends=date(2030, 1, 1), most=most
                )
                batches.create(session, made, BITS, actor="ann", now_ms=1)

    def member(self, spend: int, **fields: str) -> UUID:
        member = join(self.database, fields=fields)
        self.spends(member, spend)
        return member

    def spends(self, member: UUID, spend: int) -> None:
        with self.database.session() as session:
            done = {(member, self.today): posting.Done(spend, 1)}
            posting.add(session, done, rules.load(session))
            self._look(session, member)

    def _look(self, session: Session, member: UUID) -> None:
        assessing.assess(session, [member], self.today, now_ms=1)

    def give(self) -> dict[UUID, list[str]]:
        """Let the job run until it finds nothing more; return the coupons each member has."""
        for work in (giving.reaching, giving.monthly, self._birthdays):
            while self._once(work):
                pass
        with self.database.session() as session:
            members = {row.member_id for row in session.exec(select(MemberStanding))}
            return {member: sorted(coupon.batch for coupon in batches.of_member(session, member)) for member in members}

    def _once(self, work: object) -> int:
        with self.database.session() as session:
            (at,) = giving.begin(session, self.today, now_ms=5, business_ms=5, random_bits=BITS)
            return work(session, at)  # type: ignore[operator, no-any-return]

    @staticmethod
    def _birthdays(session: Session, at: giving.Round) -> int:
        return giving.birthdays(session, vault(), at)

    def problems(self) -> Mapping[UUID, str]:
        with self.database.session() as session:
            return {row.member_id: row.problem for row in session.exec(select(TierGift)) if row.problem}


def test_reaching_a_tier_brings_its_coupons_once(database: Database) -> None:
    club = Club(database, rule(s=[CouponsOnReaching(batch="welcome")], g=[CouponsOnReaching(batch="welcome", count=2)]))
    ann, bob = club.member(10), club.member(5)
    assert club.give() == {ann: ["welcome"]}
    assert club.give() == {ann: ["welcome"]}
    club.spends(ann, 10)
    club.spends(bob, 20)
    assert club.give() == {ann: ["welcome"] * 3, bob: ["welcome"] * 2}
    club.spends(ann, -15)
    club.spends(ann, 15)
    assert club.give()[ann] == ["welcome"] * 3, "up, down and up again is reaching it once"
    with database.session() as session:
        assert prove(session).holds


def test_a_tier_given_by_hand_brings_no_gift_for_reaching_it(database: Database) -> None:
    club = Club(database, rule(g=[CouponsOnReaching(batch="welcome"), CouponsMonthly(batch="monthly")]))
    ann = club.member(0)
    with database.session() as session:
        tiers.set_floor(session, ann, "g", TODAY, reason="press", actor="ann", now_ms=1)
    club.spends(ann, 1)
    assert club.give() == {ann: ["monthly"]}


def test_each_month_brings_its_coupons_from_its_day_on(database: Database) -> None:
    club = Club(database, rule(s=[CouponsMonthly(batch="monthly", day=5)], g=[CouponsMonthly(batch="welcome", day=1)]))
    club.today = date(2026, 7, 4)
    ann = club.member(10)
    assert club.give() == {ann: []}
    club.today = date(2026, 7, 5)
    assert club.give() == club.give() == {ann: ["monthly"]}
    club.spends(ann, 10)
    assert club.give() == {ann: ["monthly"]}, "the higher tier's come with the next month"
    club.today = date(2026, 8, 1)
    assert club.give() == {ann: ["monthly", "welcome"]}


def test_a_birthday_brings_one_gift_a_year_whatever_tier_it_meets(database: Database) -> None:
    gifts: list[Benefit] = [BirthdayGift(batch="cake", days_before=3, days_after=3)]
    club = Club(database, rule(s=gifts, g=[BirthdayGift(points=50, days_before=3, days_after=3)]))
    ann, bob = club.member(10, birthday="1990-07-03"), club.member(10, birthday="02-29")
    club.member(10, birthday="1990-07-04")
    found = club.give()
    assert (found[ann], found[bob], sum(map(len, found.values()))) == (["cake"], [], 1)
    club.spends(ann, 10)
    club.today = TODAY + timedelta(days=5)
    assert club.give()[ann] == ["cake"]
    club.today = date(2027, 2, 28)
    assert club.give()[bob] == ["cake"]
    club.today = date(2027, 7, 6)
    club.give()
    with database.session() as session:
        assert points_of(session, [ann]) == {ann: 50}, "gold a year later: points instead of cake"
        assert prove(session).holds


def test_whoever_is_blocked_gets_it_when_the_block_is_lifted(database: Database) -> None:
    club = Club(database, rule(s=[CouponsOnReaching(batch="welcome"), CouponsMonthly(batch="monthly")]))
    ann = club.member(10)
    with database.session() as session:
        blocks.put(session, ann, "coupons", reason="misuse", actor="ann", commit_no=1, now_ms=1)
    assert club.give() == {ann: []}
    with database.session() as session:
        blocks.lift(session, ann, "coupons", reason="cleared", actor="ann", commit_no=1, now_ms=1)
    assert club.give() == {ann: ["monthly", "welcome"]}


def test_a_batch_that_is_spent_is_said_and_tried_again_when_told(database: Database) -> None:
    club = Club(database, rule(s=[CouponsOnReaching(batch="few"), CouponsMonthly(batch="gone")]))
    ann, bob = club.member(10), club.member(10)
    found = club.give()
    assert sorted(found.values()) == [[], ["few"]]
    with database.session() as session:
        problems = {(row.benefit, row.problem) for row in session.exec(select(TierGift)) if row.problem}
        assert problems == {("reaching:s:0", "batch_spent"), ("monthly:0", "batch_unknown")}
        batch = batches.lock_batch(session, "few")
        batch.most = 5
        session.add(batch)
        assert giving.try_again(session, [ann, bob]) == 3
        assert session.exec(select(TierChange).where(TierChange.gifts_ms == None)).all()  # noqa: E711
    assert club.give() == {ann: ["few"], bob: ["few"]}
