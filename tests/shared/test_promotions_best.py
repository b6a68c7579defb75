"""The best combination, against a search that knows nothing of rows, components or limits: single pieces, every way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import permutations, product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.money import share_bp
from shared.pricing import AnyPromotion, Coupon, Price, PricedBasket, packing, price_basket
from shared.pricing.kinds import AmountOff, BuyXGetY, CouponOff, NForPrice, OrderPercent, PercentOff, SpendAndGet
from shared.pricing.kinds.amount_off import Each
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Need
from shared.pricing.scope import Scope
from shared.pricing.window import When
from tests.factories import make_item, make_price_book
from tests.shared.promotion_baskets import ANYBODY, lines_of

COSTS = {"a": 500, "b": 330, "c": 1290}
ITEMS = [make_item(item) for item in COSTS]
PRICES = [Price(item=item, regular_minor=minor) for item, minor in COSTS.items()]
Pieces = tuple[str, ...]

scopes = st.sampled_from([["a"], ["b"], ["a", "b"], ["a", "b", "c"], ["b", "c"]]).map(lambda items: Scope(items=items))
baskets = st.lists(st.tuples(st.sampled_from(list(COSTS)), st.integers(1, 4)), min_size=1, max_size=3)


def saved(rules: Sequence[AnyPromotion], basket: Sequence[tuple[str, int]]) -> PricedBasket:
    book = make_price_book(items=ITEMS, prices=PRICES, promotions=rules)
    return price_basket(lines_of(basket), book, ANYBODY)


def pieces_of(basket: Sequence[tuple[str, int]]) -> Pieces:
    return tuple(sorted((item for item, count in basket for _ in range(count)), key=lambda item: (COSTS[item], item)))


def applied(rule: AnyPromotion, pieces: Pieces, times: int) -> tuple[int, Pieces] | None:
    """Apply a set so often to single pieces, the cheapest first: (saving, pieces left), None if it cannot be."""
    mine = [piece for piece in pieces if piece in rule.scope.items]
    left = list(pieces)
    if isinstance(rule, NForPrice):
        used = mine[::-1][: rule.n * times]
        sets = [used[start : start + rule.n] for start in range(0, len(used), rule.n)]
        if len(used) < rule.n * times or any(sum(COSTS[one] for one in each) <= rule.price_minor for each in sets):
            return None
        saving = sum(COSTS[one] for one in used) - times * rule.price_minor
    else:
        assert isinstance(rule, BuyXGetY)
        if len(mine) < (rule.buy + rule.get) * times:
            return None
        used = mine[: (rule.buy + rule.get) * times]
        saving = share_bp(sum(COSTS[one] for one in used[: rule.get * times]), rule.off_bp)
    for piece in used:
        left.remove(piece)
    return saving, tuple(left)


def every_way(rules: Sequence[AnyPromotion], pieces: Pieces) -> Iterator[int]:
    """Yield what every order of the rules, each applied any number of times, saves."""
    for order in permutations(rules):
        for times in product(range(len(pieces) + 1), repeat=len(order)):
            total, left = 0, pieces
            for rule, count in zip(order, times, strict=True):
                step = applied(rule, left, count) if count else (0, left)
                if step is None:
                    break
                total, left = total + step[0], step[1]
            else:
                yield total


def sets(name: str) -> st.SearchStrategy[AnyPromotion]:
    return st.one_of(
        st.builds(
            NForPrice,
            promotion=st.just(name),
            scope=scopes,
            n=st.integers(2, 4),
            price_minor=st.sampled_from([600, 900, 1500]),
        ),
        st.builds(
            BuyXGetY,
            promotion=st.just(name),
            scope=scopes,
            buy=st.integers(1, 2),
            off_bp=st.sampled_from([5000, 10_000]),
        ),
    )


@given(st.tuples(sets("p"), sets("q")), baskets)
@settings(max_examples=40, deadline=None)
def test_p4_of_two_sets_the_best_way_is_found(rules: tuple[AnyPromotion, ...], basket: list[tuple[str, int]]) -> None:
    assert saved(rules, basket).saved_minor == max(every_way(rules, pieces_of(basket)))


@given(st.tuples(sets("p"), sets("q"), sets("r")), st.lists(st.sampled_from(list(COSTS)), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None)
def test_p4_of_three_sets_the_best_way_is_found(rules: tuple[AnyPromotion, ...], pieces: list[str]) -> None:
    basket = [(piece, 1) for piece in pieces]
    assert saved(rules, basket).saved_minor == max(every_way(rules, pieces_of(basket)))


def items(name: str) -> st.SearchStrategy[AnyPromotion]:
    return st.one_of(
        st.builds(
            PercentOff, promotion=st.just(name), scope=scopes, off_bp=st.sampled_from([500, 1234, 3000]),
            cap_minor=st.sampled_from([None, 200]),
        ),
        st.builds(
            AmountOff, promotion=st.just(name), scope=scopes, off_minor=st.sampled_from([50, 120, 400]),
            each=st.sampled_from([Each.UNIT, Each.LINE, Each.SCOPE]),
        ),
    )  # fmt: skip


def taken(rule: AnyPromotion, articles: Sequence[tuple[str, int]]) -> int:
    """Say what an item promotion takes off articles that are its own."""
    costs = [COSTS[item] * count for item, count in articles]
    if isinstance(rule, PercentOff):
        return min(share_bp(sum(costs), rule.off_bp), rule.cap_minor or sum(costs))
    assert isinstance(rule, AmountOff)
    if rule.each is Each.SCOPE:
        return min(rule.off_minor, sum(costs))
    each = [rule.off_minor * (count if rule.each is Each.UNIT else 1) for _, count in articles]
    return sum(min(off, cost) for off, cost in zip(each, costs, strict=True))


@given(
    st.tuples(items("p"), items("q"), items("r")),
    st.dictionaries(st.sampled_from(list(COSTS)), st.integers(1, 3), min_size=1),
)
@settings(max_examples=60, deadline=None)
def test_p4_each_article_goes_to_the_item_promotion_that_makes_the_most_of_all(
    rules: tuple[AnyPromotion, ...], basket: dict[str, int]
) -> None:
    ways = []
    for owners in product((None, *rules), repeat=len(basket)):
        given = list(zip(owners, basket.items(), strict=True))
        if all(owner is None or item in owner.scope.items for owner, (item, _) in given):
            ways.append(sum(taken(rule, [article for owner, article in given if owner is rule]) for rule in rules))
    assert saved(rules, list(basket.items())).saved_minor == max(ways)


def orders(name: str) -> st.SearchStrategy[AnyPromotion]:
    step = st.builds(Step, at_minor=st.sampled_from([300, 1000]), off_minor=st.sampled_from([100, 250]))
    return st.one_of(
        st.builds(OrderPercent, promotion=st.just(name), scope=scopes, off_bp=st.sampled_from([500, 2000])),
        st.builds(SpendAndGet, promotion=st.just(name), scope=scopes, steps=step.map(lambda one: [one])),
    )


@given(
    st.tuples(orders("p"), orders("q"), orders("r")),
    st.dictionaries(st.sampled_from(list(COSTS)), st.integers(1, 3), min_size=1),
)
@settings(max_examples=60, deadline=None)
def test_p4_of_the_orders_promotions_the_best_that_share_nothing_are_chosen(
    rules: tuple[AnyPromotion, ...], basket: dict[str, int]
) -> None:
    alone = {rule.promotion: saved([rule], list(basket.items())).saved_minor for rule in rules}
    best = 0
    for chosen in product((False, True), repeat=len(rules)):
        picked = [rule for rule, on in zip(rules, chosen, strict=True) if on and alone[rule.promotion]]
        goods = [item for rule in picked for item in rule.scope.items if item in basket]
        if len(set(goods)) == len(goods):
            best = max(best, sum(alone[rule.promotion] for rule in picked))
    assert saved(rules, list(basket.items())).saved_minor == best


@pytest.mark.parametrize("most_compared", [packing.MOST_COMPARED, 0])
def test_p4_many_narrow_promotions_beat_a_wide_one_that_saves_more_than_each(
    most_compared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen of one article each, one for everything: more than any search by subsets would try."""
    monkeypatch.setattr(packing, "MOST_COMPARED", most_compared)
    goods = [make_item(f"n{number:02}") for number in range(16)]
    narrow: list[AnyPromotion] = [
        OrderPercent(promotion=item.item, scope=Scope(items=[item.item]), off_bp=5_000) for item in goods
    ]
    wide = [
        OrderPercent(promotion="wide", off_bp=3_000),
        OrderPercent(promotion="half", off_bp=8_000, scope=Scope(items=["n00", "n01", "n02"])),
    ]
    prices = [Price(item=item.item, regular_minor=1_000) for item in goods]
    book = make_price_book(items=goods, prices=prices, promotions=[*narrow, *wide])
    priced = price_basket(lines_of([(item.item, 1) for item in goods]), book, ANYBODY)
    assert priced.saved_minor == 13 * 500 + 3 * 800


def coupons(name: str) -> st.SearchStrategy[CouponOff]:
    return st.one_of(
        st.builds(CouponOff, promotion=st.just(name), stackable=st.booleans(), off_minor=st.integers(1, 1500)),
        st.builds(
            CouponOff, promotion=st.just(name), stackable=st.booleans(), off_bp=st.sampled_from([500, 1234, 3000]),
            cap_minor=st.sampled_from([None, 200]),
        ),
    )  # fmt: skip


def after(total: int, rules: Sequence[CouponOff]) -> int:
    """Say what coupons leave of a total, one after another."""
    for rule in rules:
        total -= min(total, rule.off_minor or min(share_bp(total, rule.off_bp), rule.cap_minor or total))
    return total


@given(st.tuples(coupons("p"), coupons("q"), coupons("r")), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_p4_coupons_go_in_the_order_that_leaves_least(rules: tuple[CouponOff, ...], pieces: int) -> None:
    context = msgspec.structs.replace(
        ANYBODY, coupons=[Coupon(rule.promotion.upper(), rule.promotion) for rule in rules]
    )
    book = make_price_book(items=ITEMS, prices=PRICES, promotions=rules)
    total = COSTS["c"] * pieces
    ways = [after(total, [rule]) for rule in rules]
    ways += [after(total, order) for order in permutations([rule for rule in rules if rule.stackable])]
    assert price_basket(lines_of([("c", pieces)]), book, context).total_minor == min(ways)


_SOON = When(last=date(2099, 1, 1))
TIES = [
    # Equal savings: larger face value, then higher threshold, sooner end, lower id.
    (PercentOff(promotion="z", off_bp=1000), AmountOff(promotion="a", off_minor=50, each=Each.SCOPE), "z"),
    (PercentOff(promotion="b", off_bp=1000), PercentOff(promotion="a", off_bp=1000), "a"),
    (
        PercentOff(promotion="a", off_bp=1000),
        PercentOff(promotion="b", off_bp=1000, need=Need(spend_minor=100)),
        "b",
    ),
    (
        PercentOff(promotion="a", off_bp=1000, when=When(last=date(2099, 1, 2))),
        PercentOff(promotion="b", off_bp=1000, when=When(last=date(2099, 1, 1))),
        "b",
    ),
    (PercentOff(promotion="a", off_bp=1000), PercentOff(promotion="b", off_bp=1000, when=_SOON), "b"),
]


@pytest.mark.parametrize(("one", "other", "winner"), TIES)
def test_p4_ties_have_one_answer(one: AnyPromotion, other: AnyPromotion, winner: str) -> None:
    for rules in permutations([one, other]):
        priced = saved(rules, [("a", 1)])
        assert {discount.source for discount in priced.lines[0].discounts} == {winner}


def test_p4_of_equal_coupons_the_one_claimed_earlier_goes_and_the_later_one_stays() -> None:
    rule = CouponOff(promotion="five", off_minor=50)
    for claims in permutations([("Z", 1), ("A", 2), ("M", 3)]):
        context = msgspec.structs.replace(ANYBODY, coupons=[Coupon(code, "five", at) for code, at in claims])
        book = make_price_book(items=ITEMS, prices=PRICES, promotions=[rule])
        outcomes = {one.coupon: one for one in price_basket(lines_of([("a", 1)]), book, context).outcomes}
        assert {code: one.reason for code, one in outcomes.items()} == {
            "Z": "", "A": "coupons_used_up", "M": "coupons_used_up",
        }  # fmt: skip


def test_beyond_the_limit_of_the_search_the_answer_is_still_one() -> None:
    rules = [
        NForPrice(promotion=f"p{n}", n=2 + n % 3, price_minor=500 + 130 * n, scope=Scope(items=["a", "b"]))
        for n in range(8)
    ]
    basket = [("a", 9), ("b", 8)]
    first = saved(rules, basket)
    assert first.saved_minor >= max(saved([rule], basket).saved_minor for rule in rules)
    assert saved(rules[::-1], basket[::-1]).total_minor == first.total_minor
