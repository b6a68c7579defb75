"""Points and tiers by table; what returns take back sums to what was given."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.loyalty import EarningRule, Tier, TierRule, in_force, share_returned

DAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("points", "per_minor", "net", "expected"),
    [(1, 100, 99, 0), (1, 100, 100, 1), (1, 100, 199, 1), (2, 1000, 2550, 5), (1, 100, -500, 0), (0, 100, 900, 0)],
)
def test_points_are_rounded_down_once(points: int, per_minor: int, net: int, expected: int) -> None:
    assert EarningRule(version=1, valid_from=DAY, points=points, per_minor=per_minor).earn(net) == expected


@pytest.mark.parametrize(
    ("expiry", "count", "day", "worth_nothing_from"),
    [
        ("never", 0, date(2026, 3, 5), None),
        ("months", 12, date(2026, 3, 5), date(2027, 3, 6)),
        ("months", 1, date(2026, 1, 31), date(2026, 3, 1)),
        ("months", 24, date(2024, 2, 29), date(2026, 3, 1)),
        ("year_end", 0, date(2026, 12, 31), date(2027, 1, 1)),
        ("year_end", 2, date(2026, 1, 1), date(2029, 1, 1)),
    ],
)
def test_t40_points_end_after_the_last_day_that_their_rule_names(
    expiry: str, count: int, day: date, worth_nothing_from: date | None
) -> None:
    rule = EarningRule(version=1, valid_from=DAY, expiry=expiry, expiry_count=count)  # type: ignore[arg-type]
    assert rule.expires_on(day) == worth_nothing_from


@pytest.mark.parametrize(("points", "per_minor"), [(1, 0), (-1, 100), (10**18, 1), (1, 10**18)])
def test_a_rule_that_makes_no_sense_is_refused(points: int, per_minor: int) -> None:
    with pytest.raises(ValueError, match="gives 0 to"):
        EarningRule(version=1, valid_from=DAY, points=points, per_minor=per_minor)


@pytest.mark.parametrize(
    ("category", "earns"),
    [("tobacco", False), ("tobacco/cigars", False), ("tobacco-free", True), ("food/tobacco", True), ("", True)],
)
def test_an_excluded_category_takes_its_children_along(category: str, earns: bool) -> None:
    assert EarningRule(version=1, valid_from=DAY, excluded_categories=["tobacco"]).eligible(category) is earns


def test_the_rule_of_a_day_is_the_latest_that_has_started() -> None:
    january, june = EarningRule(version=1, valid_from=DAY), EarningRule(version=2, valid_from=date(2026, 6, 1))
    corrected = EarningRule(version=3, valid_from=date(2026, 6, 1), points=2)
    rules = [june, corrected, january]
    assert in_force(rules, date(2025, 12, 31)) is None
    assert in_force(rules, date(2026, 5, 31)) == january
    assert in_force(rules, date(2026, 6, 1)) == corrected
    assert in_force([], DAY) is None


@given(st.integers(min_value=0, max_value=10**6), st.lists(st.integers(min_value=1, max_value=50), min_size=1))
def test_p5_what_all_returns_take_back_is_what_was_given(given_points: int, pieces: list[int]) -> None:
    sold, back, taken = sum(pieces), 0, 0
    for piece in pieces:
        back += piece
        part = share_returned(given_points, back, sold, taken)
        assert part >= 0
        taken += part
    assert taken == given_points


@pytest.mark.parametrize(("returned", "sold"), [(4, 3), (-1, 3)])
def test_no_more_comes_back_than_was_sold(returned: int, sold: int) -> None:
    with pytest.raises(ValueError, match=f"cannot return {returned} of {sold}"):
        share_returned(10, returned, sold, 0)


TIERS = TierRule(
    version=1,
    tiers=[
        Tier(code="gold", names={"en": "Gold", "zh": "金卡"}, from_minor=100_000),
        Tier(code="silver", names={"en": "Silver", "zh": "银卡"}, from_minor=20_000),
    ],
)


@pytest.mark.parametrize(
    ("spend", "tier", "missing"),
    [
        (0, "", ("silver", 20_000)),
        (19_999, "", ("silver", 1)),
        (20_000, "silver", ("gold", 80_000)),
        (99_999, "silver", ("gold", 1)),
        (100_000, "gold", None),
    ],
)
def test_tiers_by_spend(spend: int, tier: str, missing: tuple[str, int] | None) -> None:
    assert TIERS.reached(spend) == tier
    found = TIERS.missing(spend)
    assert (found and (found.tier, found.spend_minor)) == missing


def test_without_tiers_all_are_equal() -> None:
    assert TierRule(version=1).reached(10**9) == ""
    assert TierRule(version=1).missing(0) is None
