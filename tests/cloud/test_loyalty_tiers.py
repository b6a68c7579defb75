"""Where members stand by the books, on both databases: floors, changes noted once, dry runs, starting rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, select

from cloud.database import Database
from cloud.errors import Invalid
from cloud.loyalty import posting, publishing, rules, tiers, trial
from cloud.loyalty.facts import LineFacts, ReturnedLineFacts, SaleFacts
from cloud.loyalty.models import MemberDay, MemberYear, TierChange
from cloud.loyalty.rules import Rules
from cloud.members import dirt, sets, sight
from cloud.members.models import ACTIVE, Member
from shared.loyalty import NextTier, Standing, Tier, TierRule
from tests.cloud.members_data import vault
from tests.cloud.test_loyalty import back, sale
from tests.factories import new_id

LADDER = [Tier(code=code, names={"en": code}, from_minor=value) for code, value in (("s", 10), ("g", 20), ("p", 30))]
TODAY = date(2026, 6, 30)


def rule(version: int = 1, **fields: object) -> TierRule:
    return TierRule(version=version, tiers=LADDER, **fields)  # type: ignore[arg-type]


def publish(session: Session, wanted: TierRule) -> None:
    rules.publish_tier(session, wanted, author="ann", at_ms=1)


def joined(session: Session, count: int = 1) -> list[UUID]:
    members = [new_id() for _ in range(count)]
    session.add_all(Member(id=one, source="till", status=ACTIVE, created_ms=1_740_787_200_000) for one in members)
    return members


def buy(database: Database, member: UUID, *days: tuple[date, int], commit_no: int = 1) -> list[SaleFacts]:
    sales = [sale(member, LineFacts(1, 1, spend), day=day) for day, spend in days]
    post(database, sales, commit_no=commit_no)
    return sales


def post(database: Database, sales: Sequence[SaleFacts], returns: Sequence = (), commit_no: int = 1) -> None:  # type: ignore[type-arg]
    with database.session() as session:
        members = posting.post(session, commit_no, sales, returns, rules.load(session))
        dirt.note(session, commit_no, [(member, "s001", 1) for member in members])


def look(database: Database, today: date) -> list[tuple[str, str, str]]:
    """Look at whoever has changed; return every change of tier so far."""
    with database.session() as session:
        while sets.refresh(session, today=today, now_ms=7).notes:
            pass
        rows = session.exec(select(TierChange)).all()
        return [(row.before, row.after, row.reason) for row in sorted(rows, key=lambda row: (row.n, row.member_id))]


@pytest.mark.parametrize(
    ("fields", "today", "stands"),
    [
        ({}, TODAY, Standing("g", "earned", date(2027, 12, 31))),
        ({"measure": "visits"}, TODAY, Standing("", "")),
        ({"window": "rolling", "months": 6}, date(2026, 9, 1), Standing("g", "kept", date(2027, 2, 28))),
        ({"window": "rolling", "months": 6, "downgrade": "rolling"}, date(2026, 9, 10), Standing("", "")),
        # Joined on 1 March 2025: both purchases lie in the year from 1 March 2026 on.
        ({"window": "anniversary_year"}, date(2027, 3, 1), Standing("g", "kept", date(2028, 2, 29))),
    ],
)
def test_every_window_finds_its_days_in_the_books(
    database: Database, fields: dict[str, object], today: date, stands: Standing
) -> None:
    with database.session() as session:
        publish(session, rule(**fields))
        (ann,) = joined(session)
    buy(database, ann, (date(2026, 3, 1), 9), (date(2026, 3, 10), 11))
    with database.session() as session:
        assert tiers.standings(session, [ann], today) == {ann: stands}
        assert {row.day: (row.spend_minor, row.visits) for row in session.exec(select(MemberDay))} == {
            date(2026, 3, 1): (9, 1),
            date(2026, 3, 10): (11, 1),
        }
        (year,) = session.exec(select(MemberYear)).all()
        assert (year.spend_minor, year.visits) == (20, 2)


def test_what_is_missing_is_said_to_whoever_asks(database: Database) -> None:
    with database.session() as session:
        publish(session, rule())
        (ann,) = joined(session)
    buy(database, ann, (date(2026, 3, 1), 12))
    with database.session() as session:
        found = tiers.outlooks(session, [ann], TODAY)[ann]
    assert found.next_tier == NextTier(tier="g", spend_minor=8, until="2026-12-31")


def test_a_floor_holds_until_its_last_day(database: Database) -> None:
    ann = new_id()
    with database.session() as session:
        publish(session, rule())
        tiers.set_floor(session, ann, "g", TODAY, reason="press", actor="ann", now_ms=1)
        assert tiers.tiers_of(session, [ann], TODAY) == {ann: "g"}
        assert tiers.tiers_of(session, [ann], date(2026, 7, 1)) == {ann: ""}, "whether the job has run or not"
        assert tiers.end_floors(session, TODAY, 2) == 0
        assert tiers.end_floors(session, date(2026, 7, 1), 2) == 1
        assert tiers.tiers_of(session, [ann], TODAY) == {ann: ""}
        with pytest.raises(Invalid, match="no tier"):
            tiers.set_floor(session, ann, "x", TODAY, reason="press", actor="ann", now_ms=1)
        with pytest.raises(Invalid, match="say why"):
            tiers.set_floor(session, ann, "g", TODAY, reason=" ", actor="ann", now_ms=1)


def test_each_change_is_written_down_once_with_its_reason(database: Database) -> None:
    with database.session() as session:
        publish(session, rule())
        (ann,) = joined(session)
    bought = buy(database, ann, (date(2026, 3, 1), 20))
    up = [("", "g", "earned")]
    assert look(database, TODAY) == up
    buy(database, ann, (date(2026, 3, 2), 1))
    assert look(database, TODAY) == up
    post(database, [], [back(bought[0], ReturnedLineFacts(1, 1, 20))], commit_no=2)
    assert look(database, TODAY) == [*up, ("g", "", "")]
    buy(database, ann, (date(2025, 12, 31), 15), commit_no=3)
    assert look(database, TODAY) == [*up, ("g", "", ""), ("", "s", "kept")], "a late sale is one more look"


def test_time_alone_ends_a_tier_on_the_day_it_says(database: Database) -> None:
    with database.session() as session:
        publish(session, rule(window="rolling", months=3, downgrade="rolling", step="one"))
        (ann,) = joined(session)
    buy(database, ann, (date(2026, 3, 10), 20))
    assert look(database, date(2026, 3, 10)) == [("", "g", "earned")]
    assert len(look(database, date(2026, 6, 9))) == 1
    assert look(database, date(2026, 6, 10))[1:] == [("g", "s", "one_step")]
    assert len(look(database, date(2026, 6, 11))) == 2
    assert look(database, date(2026, 7, 10))[2:] == [("s", "", "")]


def test_a_rule_that_starts_later_is_noticed_on_its_first_day(database: Database) -> None:
    starts = date(2026, 7, 1)
    with database.session() as session:
        publish(session, rule())
        ann, bob = joined(session, 2)
    buy(database, ann, (date(2026, 3, 1), 20))
    look(database, TODAY)
    later = rule(2, valid_from=starts, measure="visits", initial="s")
    with database.session() as session:
        assert publishing.publish_tiers(session, later, actor="ann", now_ms=2, today=TODAY) == set()
        assert tiers.tiers_of(session, [ann, bob], TODAY) == {ann: "g", bob: ""}
        assert tiers.tiers_of(session, [ann, bob], starts) == {ann: "s", bob: "s"}
    assert len(look(database, TODAY)) == 1
    assert sorted(look(database, starts)[1:]) == [("", "s", "initial"), ("g", "s", "initial")]
    assert len(look(database, starts)) == 3


def test_a_rule_that_starts_at_once_says_who_moves(database: Database) -> None:
    with database.session() as session:
        publish(session, rule())
        ann, bob = joined(session, 2)
    buy(database, ann, (date(2026, 3, 1), 20))
    with database.session() as session:
        assert publishing.publish_tiers(session, rule(2, measure="visits"), actor="ann", now_ms=2, today=TODAY) == {ann}
        assert tiers.tiers_of(session, [ann, bob], TODAY) == {ann: "", bob: ""}


def test_a_dry_run_says_who_would_go_where_and_changes_nothing(database: Database) -> None:
    with database.session() as session:
        publish(session, rule())
        ann, bob, eve = joined(session, 3)
    buy(database, ann, (date(2026, 3, 1), 25))
    buy(database, bob, (date(2024, 3, 1), 35))
    buy(database, eve, (date(2026, 3, 1), 15))
    with database.session() as session:
        by_visits = trial.dry_run(session, rule(downgrade="never", measure="visits"), TODAY)
        kept = trial.dry_run(session, rule(downgrade="never"), TODAY)
        assert tiers.tiers_of(session, [ann, bob, eve], TODAY) == {ann: "g", bob: "", eve: "s"}
    assert by_visits.flow() == {("g", ""): 1, ("s", ""): 1}
    assert kept.flow() == {("", "p"): 1}
    assert [(one.member, one.reason) for one in kept.examples] == [(bob, "never_down")]
    assert (kept.members, kept.after, kept.changed) == (3, {"g": 1, "p": 1, "s": 1}, 1)


def test_sales_and_returns_in_any_order_make_the_same_days(database: Database) -> None:
    with database.session() as session:
        ann, bob = joined(session, 2)
    under = Rules(tiers=(rule(),))
    day = date(2026, 3, 1)
    of_ann, of_bob = (sale(one, LineFacts(1, 2, 30), day=day) for one in (ann, bob))
    returns = [back(of_ann, ReturnedLineFacts(1, 1, 15)), back(of_bob, ReturnedLineFacts(1, 1, 15))]
    with database.session() as session:
        posting.post(session, 1, [of_ann], (), under)
        posting.post(session, 1, (), returns[:1], under)
        posting.post(session, 1, (), returns[1:], under)
        posting.post(session, 1, [of_bob], (), under)
        rows = session.exec(select(MemberDay)).all()
    assert {(row.member_id, row.spend_minor, row.visits) for row in rows} == {(ann, 15, 1), (bob, 15, 1)}


def test_tills_hear_what_is_missing_and_what_tiers_are_called(database: Database) -> None:
    named = [Tier(code="s", names={"en": "Silver", "zh": "银卡"}, from_minor=10)]
    with database.session() as session:
        publish(session, TierRule(version=1, tiers=named))
        (ann,) = joined(session)
    buy(database, ann, (date(2026, 3, 1), 4))
    missing = NextTier(tier="s", spend_minor=6, until="2026-12-31")
    with database.session() as session:
        seen = sight.look_at(session, [ann], TODAY)[ann]
        assert sight.known_member(vault(), ann, seen, b"k" * 32).next_tier == missing
        assert sight.member_found(ann, seen).next_tier == missing
        assert rules.tier_names(session) == {"s": {"en": "Silver", "zh": "银卡"}}
        above = seen._replace(next_tier=None)
        assert above.digest != seen.digest, "a store hears of it when it changes"
