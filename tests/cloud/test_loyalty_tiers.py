"""Tiers: measures, downgrades, floors and dry runs, by table and on both databases."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session

from cloud.database import Database
from cloud.errors import Invalid
from cloud.loyalty import posting, rules, tiers
from cloud.loyalty.facts import LineFacts
from cloud.loyalty.rules import Rules
from shared.loyalty import Standing, Tier, TierRule
from tests.cloud.test_loyalty import sale
from tests.factories import new_id

LADDER = [Tier(code=code, names={"en": code}, from_minor=value) for code, value in (("s", 10), ("g", 20), ("p", 30))]


def rule(**fields: object) -> TierRule:
    return TierRule(version=1, tiers=LADDER, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "spend", "visits", "tier", "missing"),
    [
        ({}, 19, 99, "s", ("g", 1)),
        ({"measure": "visits"}, 99, 20, "g", ("p", 10)),
        ({"measure": "growth", "growth_per_minor": 10, "growth_per_visit": 2}, 109, 7, "g", ("p", 6)),
        ({"measure": "growth", "growth_per_minor": 10}, -500, 0, "", ("s", 10)),
        ({}, 30, 0, "p", None),
    ],
)
def test_tiers_look_at_what_their_rule_measures(
    fields: dict[str, object], spend: int, visits: int, tier: str, missing: tuple[str, int] | None
) -> None:
    assert rule(**fields).reached(spend, visits) == tier
    assert rule(**fields).missing(spend, visits) == missing


@pytest.mark.parametrize(
    ("fields", "reached", "floor", "standing"),
    [
        ({}, {2026: "g"}, "", Standing("g", "earned")),
        ({}, {2025: "p", 2026: "s"}, "", Standing("p", "kept")),
        ({}, {2024: "p"}, "", Standing("", "")),
        ({"downgrade": "never"}, {2020: "p", 2026: "s"}, "", Standing("p", "never_down")),
        ({"step": "one"}, {2024: "p"}, "", Standing("g", "one_step")),
        ({"step": "one"}, {2023: "p"}, "", Standing("s", "one_step")),
        ({"step": "one"}, {2022: "p"}, "", Standing("", "")),
        ({"step": "one"}, {2023: "p", 2025: "g"}, "", Standing("g", "kept")),
        ({}, {2026: "s"}, "g", Standing("g", "floor")),
        ({}, {2026: "p"}, "g", Standing("p", "earned")),
        ({"initial": "s"}, {}, "", Standing("s", "initial")),
        ({}, {2027: "p"}, "", Standing("", "")),
        ({}, {2026: "a tier of old"}, "", Standing("", "")),
    ],
)
def test_where_a_member_stands_and_why(
    fields: dict[str, object], reached: dict[int, str], floor: str, standing: Standing
) -> None:
    assert rule(**fields).standing(reached, 2026, floor) == standing


def test_a_rule_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="no tier 'x'"):
        rule(initial="x")
    with pytest.raises(ValueError, match="growth"):
        rule(growth_per_minor=0)


def publish(session: Session, wanted: TierRule) -> None:
    rules.publish_tier(session, wanted, author="ann", at_ms=1)


def buy(database: Database, member: UUID, *years: tuple[int, int], under: TierRule) -> None:
    sales = [sale(member, LineFacts(1, 1, spend), day=date(year, 3, 1)) for year, spend in years]
    with database.session() as session:
        posting.post(session, 1, sales, (), Rules(tier=under))


def test_visits_are_counted_with_the_spend(database: Database) -> None:
    wanted, ann = rule(measure="visits"), new_id()
    with database.session() as session:
        publish(session, wanted)
    buy(database, ann, *[(2026, 1)] * 9, under=wanted)
    with database.session() as session:
        assert tiers.standings(session, [ann], 2026) == {ann: Standing("", "")}
    buy(database, ann, (2026, 1), under=wanted)
    with database.session() as session:
        assert tiers.standings(session, [ann], 2026) == {ann: Standing("s", "earned")}
        assert posting.tiers_of(session, [ann], 2027) == {ann: "s"}


def test_a_floor_holds_until_its_last_day(database: Database) -> None:
    ann = new_id()
    with database.session() as session:
        publish(session, rule())
        tiers.set_floor(session, ann, "g", date(2026, 6, 30), reason="press", actor="ann", now_ms=1)
        assert posting.tiers_of(session, [ann], 2026) == {ann: "g"}
        assert tiers.end_floors(session, date(2026, 6, 30), 2) == 0
        assert tiers.end_floors(session, date(2026, 7, 1), 2) == 1
        assert posting.tiers_of(session, [ann], 2026) == {ann: ""}
        with pytest.raises(Invalid, match="no tier"):
            tiers.set_floor(session, ann, "x", date(2026, 6, 30), reason="press", actor="ann", now_ms=1)


def test_a_dry_run_says_who_would_go_where_and_changes_nothing(database: Database) -> None:
    ann, bob, eve = new_id(), new_id(), new_id()
    now = rule()
    with database.session() as session:
        publish(session, now)
    buy(database, ann, (2026, 25), under=now)
    buy(database, bob, (2024, 35), under=now)
    buy(database, eve, (2026, 15), under=now)
    with database.session() as session:
        trial = tiers.dry_run(session, rule(downgrade="never", measure="visits"), 2026)
        kept = tiers.dry_run(session, rule(downgrade="never"), 2026)
        assert posting.tiers_of(session, [ann, bob, eve], 2026) == {ann: "g", bob: "", eve: "s"}
    assert trial.moves == {("g", ""): 1, ("s", ""): 1}
    assert kept.moves == {("", "p"): 1}
    assert [(one.member, one.reason) for one in kept.examples] == [(bob, "never_down")]
    assert (kept.members, kept.standing) == (3, {"g": 1, "p": 1, "s": 1})
