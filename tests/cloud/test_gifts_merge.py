"""Two members made one are given nothing twice for being two, and each has their own gifts when taken apart."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from cloud.coupons import batches
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.loyalty import giving, rules, tiers
from cloud.loyalty.models import TierGift
from cloud.member_lifecycle import merging
from shared.loyalty import Benefit, BirthdayGift, CouponsMonthly, CouponsOnReaching
from tests.cloud.members_data import mint, vault
from tests.cloud.test_tier_benefits import BITS, TODAY, Club, rule
from tests.factories import START_MS

BORN = "1990-07-03"
Gifts = dict[UUID, set[tuple[str, str, str]]]


@pytest.fixture
def club(database: Database) -> Club:
    brings: list[Benefit] = [
        CouponsOnReaching(batch="welcome"),
        CouponsMonthly(batch="monthly"),
        BirthdayGift(batch="cake", days_before=3, days_after=3),
    ]
    return Club(database, rule(s=brings))


def merge(club: Club, keep: UUID, gone: UUID) -> UUID:
    with club.database.session() as session:
        return merging.merge(
            session, vault(), mint, keep, gone, reason="asked", actor="ana",
            commit_no=open_commit(session, START_MS), now_ms=START_MS,
        ).id  # fmt: skip


def undo(club: Club, made: UUID) -> None:
    with club.database.session() as session:
        merging.undo(session, vault(), made, actor="ana", commit_no=open_commit(session, START_MS), now_ms=START_MS)


def gifts(club: Club) -> Gifts:
    found: Gifts = {}
    with club.database.session() as session:
        for row in session.exec(select(TierGift)):
            found.setdefault(row.member_id, set()).add((row.benefit, row.occasion, row.problem))
    return found


def test_p5_the_birthday_gift_of_either_is_the_gift_of_both(club: Club) -> None:
    gone = club.member(10, birthday=BORN)
    assert club.give()[gone] == ["cake", "monthly", "welcome"]
    keep = club.member(5, name="李小明")
    before = gifts(club)
    made = merge(club, keep, gone)
    club.spends(keep, 1)
    assert club.give()[keep] == ["cake", "monthly", "welcome"], "what came along, and not one more"
    assert gifts(club) == {keep: before[gone]}
    club.today = TODAY + timedelta(days=4)
    club.spends(keep, 1)
    assert club.give()[keep] == ["cake", "monthly", "monthly", "welcome"], "July is another month"
    undo(club, made)
    assert gifts(club) == {keep: {("monthly:0", "2026-07", "")}, gone: before[gone]}
    club.today = date(2027, 7, 1)
    club.spends(gone, 10)
    assert club.give()[gone].count("cake") == 2, "the next year has its own"


def test_what_both_were_given_stays_with_each_and_a_note_comes_back(club: Club) -> None:
    keep, gone = club.member(10, birthday=BORN), club.member(10, birthday=BORN)
    club.give()
    with club.database.session() as session:
        for benefit in ("birthday", "monthly:0"):
            note = session.get_one(TierGift, (keep, benefit, "2026" if benefit == "birthday" else "2026-06"))
            note.problem = "batch_spent"
            session.add(note)
    before = gifts(club)
    made = merge(club, keep, gone)
    assert {problem for _, _, problem in gifts(club)[keep]} == {""}, "what the one was given counts for both"
    with club.database.session() as session:
        giving.try_again(session, [keep])
    coupons = club.give()[keep]
    assert (coupons.count("cake"), coupons.count("monthly")) == (2, 2), "theirs of before the note, and the other's"
    undo(club, made)
    assert gifts(club) == before
    undo(club, merge(club, gone, keep))
    assert gifts(club) == before


@pytest.mark.parametrize("problem", [False, True])
def test_a_gift_that_waits_goes_along_and_is_given_once(club: Club, problem: bool) -> None:
    with club.database.session() as session:
        batch = batches.lock_batch(session, "welcome")
        batch.most = 0 if problem else 100
        session.add(batch)
    gone, keep = club.member(10), club.member(0)
    if problem:
        club.give()
        assert ("reaching:s:0", str(TODAY), "batch_spent") in gifts(club)[gone]
    with club.database.session() as session:
        tiers.set_floor(session, keep, "s", TODAY, reason="press", actor="ann", now_ms=1)
    club.spends(keep, 0)
    merge(club, keep, gone)
    with club.database.session() as session:
        assert tiers.standings(session, [keep], TODAY)[keep].tier == "s", "whose own change brings no gift: by hand"
        batch = batches.lock_batch(session, "welcome")
        batch.most = 100
        session.add(batch)
        giving.try_again(session)
    assert club.give()[keep].count("welcome") == 1
    club.spends(keep, 5)
    assert club.give()[keep].count("welcome") == 1


def test_somebody_merged_between_the_look_and_the_gift_is_given_nothing(club: Club) -> None:
    keep, gone = club.member(10), club.member(0)
    club.give()
    merge(club, keep, gone)
    with club.database.session() as session:
        at = giving.Round(
            today=TODAY, rule=rules.load(session).tier_on(TODAY), now_ms=5, business_ms=5, random_bits=BITS
        )
        due = giving.Due(gone, giving.BIRTHDAY, "2026", "s", "cake", 1)
        assert giving.give(session, at, [due]) == 0
    assert gone not in gifts(club)
