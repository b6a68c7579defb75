"""Whose day it is: at 07:30 in Shanghai it is still yesterday by UTC, and in New York the evening before."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import update
from sqlmodel import select

from cloud.coupons import batches
from cloud.coupons.batches import NewBatch
from cloud.coupons.models import PERSONAL
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Invalid, Refused
from cloud.loyalty import giving, rules, tiers
from cloud.loyalty.models import MemberStanding, TierFloor, TierGift
from cloud.members import card_desk, home_days, sets
from cloud.members.home_days import HomeDays
from cloud.members.models import EXPIRED, Card, MemberDirty
from cloud.org.models import Store
from cloud.org.zones import set_zone
from cloud.rewards import runs
from shared.loyalty import BirthdayGift, CouponsMonthly, Tier, TierRule
from tests.cloud.members_data import CARD, OTHER_CARD, join, mint, open_chain, vault
from tests.factories import new_id

MORNING = int(datetime(2026, 6, 11, 23, 30, tzinfo=UTC).timestamp()) * 1000
"""12 June 07:30 in Shanghai, 11 June 19:30 in New York."""
NOON = MORNING + 5 * 3_600_000
"""Half past midnight in New York."""
EVE, DAY = date(2026, 6, 11), date(2026, 6, 12)
BITS = random.Random(7).getrandbits
BENEFITS = [BirthdayGift(points=100, days_before=0, days_after=0), CouponsMonthly(batch="monthly", day=12)]
RULE = TierRule(
    version=2, valid_from=DAY, initial="base",
    tiers=[Tier(code="base", names={}, from_minor=1, benefits=BENEFITS), Tier(code="gold", names={}, from_minor=9)],
)  # fmt: skip


class Members:
    """One at home in Shanghai, one in New York, one nowhere; all born on 12 June."""

    def __init__(self, database: Database) -> None:
        self.database = database
        open_chain(database)
        with database.session() as session:
            session.execute(update(Store).where(Store.id == "s002").values(time_zone="America/New_York"))  # type: ignore[arg-type]
        born = {"birthday": "06-12"}
        self.lin = join(database, [CARD], home_store="s001", fields=born)
        self.joe = join(database, [OTHER_CARD], home_store="s002", fields=born)
        self.kim = join(database, fields=born)
        self.all = [self.lin, self.joe, self.kim]

    def named(self, found: object) -> set[str]:
        names = {self.lin: "lin", self.joe: "joe", self.kim: "kim"}
        return {names[one] for one in found}  # type: ignore[attr-defined]


@pytest.fixture
def members(database: Database) -> Members:
    return Members(database)


def test_each_member_has_the_day_of_their_home_and_others_that_of_the_chain(members: Members) -> None:
    with members.database.session() as session:
        now = HomeDays(MORNING)
        assert home_days.days_of(session, members.all, now) == {members.lin: DAY, members.joe: EVE, members.kim: EVE}
        assert home_days.chain_day(session, now) == EVE, "the stores share no zone, and the chain has chosen none"
        with pytest.raises(Invalid, match="Asia/Shanghai"):
            set_zone(session, "Shanghai", actor="ann", now_ms=1)
        set_zone(session, "Asia/Shanghai", actor="ann", now_ms=1)
        assert home_days.days_of(session, members.all, now) == {members.lin: DAY, members.joe: EVE, members.kim: DAY}
        assert home_days.over_everywhere(session, MORNING) == EVE
        assert [one.day for one in home_days.home_days(session, HomeDays(NOON))] == [DAY]


def test_a_rule_starts_for_each_where_they_are_at_home(members: Members) -> None:
    def stands(now_ms: int) -> set[str]:
        with members.database.session() as session:
            while sets.refresh(session, today=HomeDays(now_ms), now_ms=1).notes:
                pass
            found = tiers.tiers_of(session, members.all, HomeDays(now_ms))
            kept = dict(session.exec(select(MemberStanding.member_id, MemberStanding.tier)).all())
            assert {one for one in members.all if kept.get(one)} == {one for one in members.all if found[one]}
            assert not session.exec(select(MemberDirty)).all()
            return members.named(one for one in members.all if found[one] == "base")

    with members.database.session() as session:
        rules.publish_tier(session, RULE, author="ann", at_ms=1)
    assert stands(MORNING) == {"lin"}
    assert stands(NOON) == {"lin", "joe", "kim"}, "and nobody is forgotten for having been looked at before"


def test_gifts_of_a_day_come_on_the_day_at_home(members: Members) -> None:
    def given(now_ms: int) -> tuple[set[str], set[str]]:
        with members.database.session() as session:
            for at in giving.begin(session, HomeDays(now_ms), now_ms=1, business_ms=now_ms, random_bits=BITS):
                while giving.birthdays(session, vault(), at) + giving.monthly(session, at):
                    pass
            rows = session.exec(select(TierGift.member_id, TierGift.benefit)).all()
            birthday = members.named(one for one, benefit in rows if benefit == "birthday")
            return birthday, members.named(one for one, benefit in rows if benefit != "birthday")

    with members.database.session() as session:
        rules.publish_tier(session, msgspec.structs.replace(RULE, valid_from=None), author="ann", at_ms=1)
        batch = NewBatch(id="monthly", kind=PERSONAL, promotion="p", starts=EVE, ends=date(2026, 12, 31), most=100)
        batches.create(session, batch, BITS, actor="ann", now_ms=1)
        sets.refresh(session, today=HomeDays(MORNING), now_ms=1)
    assert given(MORNING) == ({"lin"}, {"lin"})
    assert given(NOON) == ({"lin", "joe", "kim"}, {"lin", "joe", "kim"})


def test_what_ends_on_a_day_ends_at_midnight_at_home(members: Members) -> None:
    with members.database.session() as session:
        session.execute(update(Card).values(expires_on=EVE))
        for one in members.all:
            tiers.set_floor(session, one, "silver", EVE, reason="press", actor="ann", now_ms=1)
        ended = card_desk.end_cards(session, mint, today=HomeDays(MORNING), commit_no=open_commit(session, 1), now_ms=1)
        assert tiers.end_floors(session, HomeDays(MORNING), 1) == ended.expired == 1
        assert set(session.exec(select(Card.member_id).where(Card.status == EXPIRED))) == {members.lin}
        assert members.named(session.exec(select(TierFloor.member_id))) == {"joe", "kim"}
        assert tiers.end_floors(session, HomeDays(NOON), 1) == 2


def test_a_coupon_is_good_from_the_day_at_home_and_points_end_only_where_the_day_has_begun(members: Members) -> None:
    with members.database.session() as session:
        batch = NewBatch(
            id="b", kind=PERSONAL, promotion="p", starts=date(2026, 1, 1), ends=date(2026, 12, 31), most=9, days_valid=1
        )
        batches.create(session, batch, BITS, actor="ann", now_ms=1)
        whose: list[UUID | None] = list(members.all)
        batches.give(
            session, open_commit(session, 1), "b", whose, BITS, cause=new_id(), today=HomeDays(MORNING), at_ms=MORNING
        )
        got = {one: batches.of_member(session, one)[0] for one in members.all}
        assert {one: (row.starts, row.ends) for one, row in got.items()} == {
            members.lin: (DAY, DAY), members.joe: (EVE, EVE), members.kim: (EVE, EVE),
        }  # fmt: skip
        for asked, fits in ((EVE, True), (DAY, False)):
            act = runs.Act("ann", 1, MORNING)
            if fits:
                runs.work_out(session, new_id(), runs.EXPIRY, {"today": str(asked)}, act)
            else:
                with pytest.raises(Refused, match="has not begun"):
                    runs.work_out(session, new_id(), runs.EXPIRY, {"today": str(asked)}, act)
