"""Tiers by table and by property: measures, windows, downgrades, steps, floors; in whatever order sales arrive."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.loyalty import Did, Floor, NextTier, Standing, Tier, TierRule, look_back, missing_words, outlook, standing

LADDER = [Tier(code=code, names={"en": code}, from_minor=value) for code, value in (("s", 10), ("g", 20), ("p", 30))]
TODAY = date(2026, 6, 30)
YEAR_END = date(2026, 12, 31)


def rule(**fields: object) -> TierRule:
    return TierRule(**{"version": 1, "tiers": LADDER, **fields})  # type: ignore[arg-type]


def mixed(mix: str) -> TierRule:
    tiers = [Tier(code=c, names={}, from_minor=m, from_visits=v) for c, m, v in (("s", 10, 2), ("g", 20, 5))]
    return rule(tiers=tiers, measure="mix", mix=mix)


@pytest.mark.parametrize(
    ("wanted", "spend", "visits", "tier", "missing"),
    [
        (rule(), 19, 99, "s", NextTier(tier="g", spend_minor=1)),
        (rule(measure="visits"), 99, 20, "g", NextTier(tier="p", visits=10)),
        (
            rule(measure="growth", growth_per_minor=10, growth_per_visit=2),
            109,
            7,
            "g",
            NextTier(tier="p", growth=6, growth_per_minor=10, growth_per_visit=2),
        ),
        (rule(measure="growth", growth_per_minor=10), -500, 0, "", NextTier(tier="s", growth=10, growth_per_minor=10)),
        (rule(), 30, 0, "p", None),
        (mixed("all"), 25, 4, "s", NextTier(tier="g", visits=1)),
        (mixed("all"), 15, 9, "s", NextTier(tier="g", spend_minor=5)),
        (mixed("any"), 0, 2, "s", NextTier(tier="g", spend_minor=20, visits=3, either=True)),
        (mixed("any"), 20, 0, "g", None),
        (mixed("all"), 0, 0, "", NextTier(tier="s", spend_minor=10, visits=2)),
    ],
)
def test_tiers_look_at_what_their_rule_measures(
    wanted: TierRule, spend: int, visits: int, tier: str, missing: NextTier | None
) -> None:
    assert wanted.reached(spend, visits) == tier
    assert wanted.missing(spend, visits) == missing


def in_year(**spend: int) -> list[Did]:
    return [Did(date(int(year[1:]), 3, 1), minor) for year, minor in spend.items()]


@pytest.mark.parametrize(
    ("fields", "did", "stands"),
    [
        ({}, in_year(y2026=20), Standing("g", "earned", date(2027, 12, 31))),
        ({}, in_year(y2025=30, y2026=10), Standing("p", "kept", YEAR_END)),
        ({}, in_year(y2024=30), Standing("", "")),
        ({}, in_year(y2027=30), Standing("", "")),
        ({"downgrade": "never"}, in_year(y2020=30, y2026=10), Standing("p", "never_down")),
        ({"downgrade": "never"}, in_year(y2026=30), Standing("p", "earned")),
        ({"step": "one"}, in_year(y2024=30), Standing("g", "one_step", YEAR_END)),
        ({"step": "one"}, in_year(y2023=30), Standing("s", "one_step", YEAR_END)),
        ({"step": "one"}, in_year(y2022=30), Standing("", "")),
        ({"step": "one"}, in_year(y2023=30, y2025=20), Standing("g", "kept", YEAR_END)),
        ({"initial": "s"}, [], Standing("s", "initial")),
        ({"initial": "s"}, in_year(y2026=10), Standing("s", "earned", date(2027, 12, 31))),
    ],
)
def test_where_a_member_stands_by_calendar_years(fields: dict[str, object], did: list[Did], stands: Standing) -> None:
    assert standing(rule(**fields), did, TODAY) == stands


@pytest.mark.parametrize(
    ("bought", "today", "stands"),
    [
        # Joined on 29 February 2024: the years begin on 28 February, or the 29th where there is one.
        (date(2025, 2, 27), date(2026, 2, 27), Standing("g", "kept", date(2026, 2, 27))),
        (date(2025, 2, 27), date(2026, 2, 28), Standing("", "")),
        (date(2025, 2, 28), date(2026, 2, 28), Standing("g", "kept", date(2027, 2, 27))),
        (date(2025, 2, 28), date(2026, 2, 27), Standing("g", "earned", date(2027, 2, 27))),
        (date(2024, 1, 5), date(2024, 12, 1), Standing("g", "kept", date(2025, 2, 27))),
    ],
)
def test_where_a_member_stands_by_years_of_their_own(bought: date, today: date, stands: Standing) -> None:
    wanted = rule(window="anniversary_year")
    assert standing(wanted, [Did(bought, 20)], today, joined=date(2024, 2, 29)) == stands


@pytest.mark.parametrize(
    ("fields", "today", "stands"),
    [
        # 20 on 5 March 2025; the window is six months: it counts until 4 September 2025.
        ({"downgrade": "rolling"}, date(2025, 3, 4), Standing("", "")),
        ({"downgrade": "rolling"}, date(2025, 9, 4), Standing("g", "earned", date(2025, 9, 4))),
        ({"downgrade": "rolling"}, date(2025, 9, 5), Standing("", "")),
        ({}, date(2025, 9, 4), Standing("g", "earned", date(2026, 3, 4))),
        ({}, date(2026, 3, 4), Standing("g", "kept", date(2026, 3, 4))),
        ({}, date(2026, 3, 5), Standing("", "")),
        ({"step": "one"}, date(2026, 3, 5), Standing("s", "one_step", date(2026, 9, 4))),
        ({"step": "one"}, date(2026, 9, 5), Standing("", "")),
        ({"downgrade": "rolling", "step": "one"}, date(2025, 10, 4), Standing("s", "one_step", date(2025, 10, 4))),
        ({"downgrade": "rolling", "step": "one"}, date(2025, 10, 5), Standing("", "")),
        ({"downgrade": "never"}, date(2035, 1, 1), Standing("g", "never_down")),
    ],
)
def test_where_a_member_stands_by_the_last_months(fields: dict[str, object], today: date, stands: Standing) -> None:
    wanted = rule(window="rolling", months=6, **fields)
    assert standing(wanted, [Did(date(2025, 3, 5), 12), Did(date(2025, 3, 5), 8)], today) == stands


def test_a_floor_counts_through_its_last_day_and_only_upwards() -> None:
    floor = Floor("g", TODAY)
    assert standing(rule(), in_year(y2026=10), TODAY, floor=floor) == Standing("g", "floor", TODAY)
    after = TODAY + timedelta(days=1)
    assert standing(rule(), in_year(y2026=10), after, floor=floor) == Standing("s", "earned", date(2027, 12, 31))
    assert standing(rule(), in_year(y2026=30), TODAY, floor=floor).tier == "p"
    assert standing(rule(), [], TODAY, floor=Floor("of old", TODAY)) == Standing("", "")


@pytest.mark.parametrize(
    ("fields", "did", "ahead"),
    [
        ({}, in_year(y2026=12), NextTier(tier="g", spend_minor=8, until="2026-12-31")),
        ({}, in_year(y2025=20, y2026=12), NextTier(tier="p", spend_minor=18, until="2026-12-31")),
        ({"window": "rolling"}, in_year(y2026=12), NextTier(tier="g", spend_minor=8)),
        ({"initial": "g"}, [], NextTier(tier="p", spend_minor=30, until="2026-12-31")),
        ({}, in_year(y2026=30), None),
        ({"tiers": []}, in_year(y2026=30), None),
    ],
)
def test_what_is_missing_is_missing_to_the_tier_above_where_they_stand(
    fields: dict[str, object], did: list[Did], ahead: NextTier | None
) -> None:
    assert outlook(rule(**fields), did, TODAY).next_tier == ahead


@pytest.mark.parametrize(
    ("lacks", "spend", "left", "says"),
    [
        (NextTier(tier="g", spend_minor=500), 120, NextTier(tier="g", spend_minor=380), "380 more"),
        (NextTier(tier="g", spend_minor=500), 500, None, ""),
        (NextTier(tier="g", visits=3), 1, NextTier(tier="g", visits=2), "2 more visits"),
        (NextTier(tier="g", visits=1), 1, None, ""),
        (
            NextTier(tier="g", spend_minor=500, visits=2), 500,
            NextTier(tier="g", visits=1), "1 more visit",
        ),
        (
            NextTier(tier="g", spend_minor=500, visits=3, either=True), 100,
            NextTier(tier="g", spend_minor=400, visits=2, either=True), "400 more or 2 more visits",
        ),
        (NextTier(tier="g", spend_minor=500, visits=3, either=True), 500, None, ""),
        (
            NextTier(tier="g", growth=50, growth_per_minor=100, growth_per_visit=5), 1_999,
            NextTier(tier="g", growth=26, growth_per_minor=100, growth_per_visit=5), "26 more growth value",
        ),
    ],
)  # fmt: skip
def test_a_receipt_says_what_is_missing_after_its_own_purchase(
    lacks: NextTier, spend: int, left: NextTier | None, says: str
) -> None:
    assert lacks.after(spend) == left
    if left is not None:
        assert missing_words(left, "en", str(left.spend_minor)) == says


def test_what_is_missing_is_said_in_chinese_too() -> None:
    lacks = NextTier(tier="g", spend_minor=500, visits=3, either=True)
    assert missing_words(lacks, "zh", "5.00") == "再消费 5.00或再到店 3 次"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"initial": "x"}, "no tier 'x'"),
        ({"growth_per_minor": 0}, "growth"),
        ({"downgrade": "rolling"}, "moves with the days"),
        ({"window": "rolling", "months": 0}, "1 to 60 months"),
        ({"tiers": [LADDER[0], LADDER[0]]}, "code of its own"),
        (
            {"measure": "mix", "tiers": [Tier(code="a", names={}, from_minor=1, from_visits=5),
                                         Tier(code="b", names={}, from_minor=2, from_visits=3)]},
            "no fewer visits",
        ),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(fields: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rule(**fields)


RULES = st.builds(
    rule,
    window=st.sampled_from(["calendar_year", "anniversary_year", "rolling"]),
    months=st.integers(1, 15),
    measure=st.sampled_from(["spend", "visits", "growth"]),
    growth_per_minor=st.just(1),
    growth_per_visit=st.integers(0, 3),
    downgrade=st.sampled_from(["period_end", "never"]),
    step=st.sampled_from(["to_earned", "one"]),
)
DAYS = st.dates(date(2021, 1, 1), date(2027, 12, 31))
WHAT = st.lists(st.builds(Did, DAYS, st.integers(-5, 25), st.integers(0, 3)), max_size=6)


@settings(max_examples=60)
@given(RULES, WHAT, DAYS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    wanted: TierRule, did: list[Did], today: date, chance: random.Random
) -> None:
    shuffled = did.copy()
    chance.shuffle(shuffled)
    joined = date(2023, 2, 28)
    assert outlook(wanted, shuffled, today, joined=joined) == outlook(wanted, did, today, joined=joined)


@settings(max_examples=60)
@given(RULES, WHAT, DAYS)
def test_a_sale_and_its_return_leave_everybody_where_they_were(wanted: TierRule, did: list[Did], today: date) -> None:
    returned = [Did(today, 40), Did(today, -40)]
    assert standing(wanted, [*did, *returned], today) == standing(wanted, did, today)


@settings(max_examples=60)
@given(RULES, WHAT, DAYS)
def test_what_is_too_old_to_matter_does_not(wanted: TierRule, did: list[Did], today: date) -> None:
    since = look_back(wanted, today)
    recent = [one for one in did if since is None or one.day >= since]
    assert outlook(wanted, recent, today, joined=date(2023, 2, 28)) == outlook(
        wanted, did, today, joined=date(2023, 2, 28)
    )


@settings(max_examples=60)
@given(RULES, WHAT, DAYS)
def test_a_standing_holds_through_its_last_day_and_not_a_day_longer(
    wanted: TierRule, did: list[Did], today: date
) -> None:
    past = [one._replace(spend_minor=max(one.spend_minor, 0)) for one in did if one.day <= today]
    stands = standing(wanted, past, today, joined=date(2023, 2, 28))
    if stands.until is not None:
        assert standing(wanted, past, stands.until, joined=date(2023, 2, 28)).tier == stands.tier
        next_day = stands.until + timedelta(days=1)
        assert wanted.rank(standing(wanted, past, next_day, joined=date(2023, 2, 28)).tier) < wanted.rank(stands.tier)
