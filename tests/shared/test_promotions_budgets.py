"""What a sale used of budgets, and how a store's share of a chain's budget looks to the engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pricing import Counter, Per, PricingContext, Status, price_basket
from shared.pricing.budgets import Used, counter_of_share, used_of
from shared.pricing.kinds import AmountOff, ExtraPoints, NForPrice
from shared.pricing.kinds.amount_off import Each
from shared.pricing.kinds.extra_points import Once
from shared.pricing.promotion import Divide, Limit
from shared.pricing.promotion_rows import engine_needed, read_promotion
from tests.factories import START_MS, ZONE, make_price_book, make_sale
from tests.shared.promotion_baskets import lines_of

FLAT = AmountOff(promotion="flat", off_minor=100, each=Each.SCOPE)


def test_uses_are_as_the_sale_lists_them_else_one_for_each_promotion_with_a_discount() -> None:
    twos = NForPrice(promotion="twos", n=2, price_minor=800)
    points = ExtraPoints(promotion="points", points=5, once=Once.PIECE)
    sale = make_sale([("1001", 5)], book=make_price_book(promotions=[twos, FLAT, points]))
    assert used_of(sale)["flat"] == Used(1, 100)


@given(whole=st.integers(0, 50), part=st.none() | st.integers(0, 60), used=st.integers(0, 70), bought=st.integers(1, 3))
def test_the_engine_finds_exactly_what_is_left_of_a_share(whole: int, part: int | None, used: int, bought: int) -> None:
    limit = Limit(per=Per.CHAIN, uses=whole, strict=True)
    counter = counter_of_share("flat", limit, (part, None), Used(used, 0))
    left = max(0, min(whole, whole if part is None else part) - used)
    assert max(0, whole - counter.uses) == left
    rule = AmountOff(promotion="flat", off_minor=100, each=Each.SCOPE, limits=[limit])
    context = PricingContext(at_ms=START_MS, time_zone=ZONE, counters=[counter])
    priced = price_basket(lines_of([("1001", bought)]), make_price_book(promotions=[rule]), context)
    (outcome,) = priced.outcomes
    assert (outcome.status is Status.APPLIED) == (left > 0)


def test_a_share_of_money_leaves_its_rest() -> None:
    limit = Limit(per=Per.CHAIN, minor=10_000)
    assert counter_of_share("flat", limit, (None, 500), Used(7, 450)) == Counter("flat", Per.CHAIN, 0, 9_950)


@pytest.mark.parametrize(
    ("limit", "level"),
    [
        (b'{"per":"chain","uses":5}', 2),
        (b'{"per":"chain","uses":5,"divide":"sales"}', 3),
        (b'{"per":"chain","uses":5,"divide":"weights","weights":{"s1":1}}', 3),
    ],
)
def test_a_divided_budget_needs_a_till_that_knows_how_it_is_written(limit: bytes, level: int) -> None:
    row = b'{"kind":"amount_off","promotion":"x","off_minor":1,"limits":[' + limit + b"]}"
    assert engine_needed([row]) == level


@pytest.mark.parametrize(
    "fields",
    [
        {"per": Per.STORE, "uses": 1, "divide": Divide.SALES},
        {"per": Per.CHAIN, "uses": 1, "divide": Divide.WEIGHTS},
        {"per": Per.CHAIN, "uses": 1, "weights": {"s1": 1}},
        {"per": Per.CHAIN, "uses": 1, "divide": Divide.WEIGHTS, "weights": {"s1": 0}},
        {"per": Per.CHAIN, "uses": 1, "divide": Divide.WEIGHTS, "weights": {"s1": -1, "s2": 5}},
    ],
)
def test_a_division_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"divided|weights"):
        Limit(**fields)  # type: ignore[arg-type]


def test_a_divided_budget_reads_back() -> None:
    content = (
        b'{"kind":"amount_off","promotion":"x","off_minor":1,'
        b'"limits":[{"per":"chain","minor":9,"divide":"weights","weights":{"s1":2,"s2":1}}]}'
    )
    (limit,) = read_promotion(content).limits
    assert (limit.divide, limit.weights) == (Divide.WEIGHTS, {"s1": 2, "s2": 1})
