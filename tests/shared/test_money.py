"""Money: one rounding rule, parts that sum to the whole, prices per basis quantity."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import UnitPrice, allocate, divide_half_up, money_text, share_bp, tax_included

minor = st.integers(min_value=-(10**12), max_value=10**12)
weights = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (1, 2, 1),
        (-1, 2, -1),
        (3, 2, 2),
        (-3, 2, -2),
        (1, 3, 0),
        (2, 3, 1),
        (5, 10, 1),
        (4, 10, 0),
        (-4, 10, 0),
        (0, 7, 0),
    ],
)
def test_a_half_goes_away_from_zero(numerator: int, denominator: int, expected: int) -> None:
    assert divide_half_up(numerator, denominator) == expected


@pytest.mark.parametrize("denominator", [0, -1])
def test_nothing_is_divided_by_less_than_one(denominator: int) -> None:
    with pytest.raises(ValueError, match=f"positive, got {denominator}"):
        divide_half_up(1, denominator)


@given(minor, st.integers(min_value=1, max_value=10**6))
def test_a_return_mirrors_its_sale(numerator: int, denominator: int) -> None:
    assert divide_half_up(-numerator, denominator) == -divide_half_up(numerator, denominator)


@given(minor, st.integers(min_value=1, max_value=10**6))
def test_rounding_is_off_by_half_a_unit_at_most(numerator: int, denominator: int) -> None:
    assert 2 * abs(divide_half_up(numerator, denominator) * denominator - numerator) <= denominator


@pytest.mark.parametrize(
    ("gross", "rate_bp", "tax"),
    # Tax contained in a price: gross x rate / (1 + rate). China's VAT rates are 13 %, 9 %, 6 % and 0 %.
    [(11300, 1300, 1300), (10900, 900, 900), (10600, 600, 600), (999, 1300, 115), (100, 0, 0), (-11300, 1300, -1300)],
)
def test_tax_is_contained_in_the_price(gross: int, rate_bp: int, tax: int) -> None:
    assert tax_included(gross, rate_bp) == tax


@given(minor, st.integers(min_value=0, max_value=4), st.booleans())
def test_an_amount_written_reads_back_with_all_its_decimals(amount: int, exponent: int, thousands: bool) -> None:
    read = Decimal(money_text(amount, exponent, thousands=thousands).replace(",", ""))
    assert (read.scaleb(exponent), -int(read.as_tuple().exponent)) == (amount, exponent)


@pytest.mark.parametrize(
    ("amount", "exponent", "plain", "apart"),
    [
        (-120, 2, "-1.20", "-1.20"),
        (-5, 2, "-0.05", "-0.05"),
        (-1234567, 0, "-1234567", "-1,234,567"),
        (1234567, 3, "1234.567", "1,234.567"),
    ],
)
def test_amounts_are_written_for_paper_and_for_a_screen(amount: int, exponent: int, plain: str, apart: str) -> None:
    assert (money_text(amount, exponent), money_text(amount, exponent, thousands=True)) == (plain, apart)


@given(minor, st.integers(min_value=0, max_value=10_000))
def test_a_share_never_exceeds_the_whole(amount: int, rate_bp: int) -> None:
    assert abs(share_bp(amount, rate_bp)) <= abs(amount)


@pytest.mark.parametrize(
    ("total", "given_weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [0, 0], [5, 0]),
        (1, [1, 2], [0, 1]),
        (1, [1, 1], [1, 0]),
        (0, [3, 4], [0, 0]),
        (0, [], []),
        (7, [0, 1, 0], [0, 7, 0]),
    ],
)
def test_largest_remainder_with_ties_to_the_first(total: int, given_weights: list[int], parts: list[int]) -> None:
    assert allocate(total, given_weights) == parts


@given(minor, weights)
def test_the_parts_sum_to_the_whole(total: int, given_weights: list[int]) -> None:
    parts = allocate(total, given_weights)
    assert sum(parts) == total
    assert len(parts) == len(given_weights)


@given(minor, weights)
def test_a_part_is_within_one_unit_of_its_exact_share(total: int, given_weights: list[int]) -> None:
    weight_sum = sum(given_weights)
    if weight_sum:
        for part, weight in zip(allocate(total, given_weights), given_weights, strict=True):
            assert abs(part * weight_sum - total * weight) < weight_sum


@given(minor, weights)
def test_splitting_a_return_mirrors_splitting_its_sale(total: int, given_weights: list[int]) -> None:
    assert allocate(-total, given_weights) == [-part for part in allocate(total, given_weights)]


def test_an_amount_never_vanishes() -> None:
    with pytest.raises(ValueError, match="nothing to carry 3"):
        allocate(3, [])
    with pytest.raises(ValueError, match="negative"):
        allocate(3, [1, -1])


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        (UnitPrice(500), 3, 1500),
        (UnitPrice(500, 3), 3, 500),
        (UnitPrice(500, 3), 1, 167),
        (UnitPrice(500, 3), 2, 333),
        (UnitPrice(3998, 1000), 1236, 4942),  # 4.941528 yuan of fen: rounded once
        (UnitPrice(598, 500), 250, 299),
        (UnitPrice(0), 5, 0),
    ],
)
def test_a_price_is_per_basis_and_rounded_once(price: UnitPrice, quantity: int, amount: int) -> None:
    assert price.amount(quantity) == amount
    assert price.amount(-quantity) == -amount


def test_prices_compare_per_unit_whatever_their_basis() -> None:
    assert UnitPrice(500, 3).cheaper_than(UnitPrice(167))
    assert not UnitPrice(167).cheaper_than(UnitPrice(500, 3))
    assert not UnitPrice(200, 2).cheaper_than(UnitPrice(100))


@pytest.mark.parametrize(("amount", "basis"), [(-1, 1), (1, 0), (1, -3)])
def test_a_price_is_not_negative_and_its_basis_is_positive(amount: int, basis: int) -> None:
    with pytest.raises(ValueError, match=r"negative|basis"):
        UnitPrice(amount, basis)
