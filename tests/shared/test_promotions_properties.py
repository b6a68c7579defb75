"""What holds of every basket under every combination of promotions."""

from __future__ import annotations

from collections import defaultdict
from itertools import permutations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.adjustments import RoundOff, adjust
from shared.money import refund_share, tax_included
from shared.pricing import (
    AnyPromotion,
    BasketLine,
    Coupon,
    Payer,
    Price,
    PricedBasket,
    PricingContext,
    Status,
    price_basket,
)
from shared.pricing.explain import WHY_NOT, explain
from shared.pricing.kinds import (
    AmountOff,
    BundlePrice,
    BuyXGetY,
    CheapestFree,
    CouponOff,
    NForPrice,
    NthPiece,
    PercentOff,
    SpecialPrice,
)
from shared.pricing.kinds.amount_off import Each
from shared.pricing.kinds.bundle_price import Part
from shared.pricing.scope import Scope
from tests.factories import make_item, make_price_book
from tests.shared.promotion_baskets import ANYBODY, PRICES, baskets, book_of, contexts, lines_of, price, promotions

Basket = list[tuple[str, int]]
ITEM_B = Scope(items=["b"])
SETS = [
    NForPrice(promotion="p", n=2, price_minor=1, scope=ITEM_B),
    BuyXGetY(promotion="p", buy=1, scope=ITEM_B),
    NthPiece(promotion="p", off_bp=10_000, scope=ITEM_B),
    CheapestFree(promotion="p", n=2, scope=ITEM_B),
    BundlePrice(promotion="p", parts=[Part(scope=ITEM_B, quantity=3)], price_minor=1),
]
some = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def by_item(priced: PricedBasket) -> dict[str, int]:
    """Return what is paid per article."""
    paid: defaultdict[str, int] = defaultdict(int)
    for line in priced.lines:
        paid[line.item] += line.net_minor
    return dict(paid)


def money_of(priced: PricedBasket) -> list[tuple[str, str, int, int, int]]:
    return [(one.promotion, one.status, one.minor, one.points, one.uses) for one in priced.outcomes]


@some
@given(promotions, baskets, contexts)
def test_p4_figures_agree_and_nothing_falls_below_zero(
    rules: list[AnyPromotion], basket: Basket, context: PricingContext
) -> None:
    priced = price(rules, basket, context)
    for line in priced.lines:
        assert 0 <= line.net_minor <= line.gross_minor
        assert line.net_minor == line.gross_minor - sum(discount.minor for discount in line.discounts)
        assert all(discount.minor > 0 for discount in line.discounts)
        assert line.tax_minor == tax_included(line.net_minor, 900)
    assert priced.total_minor == sum(line.net_minor for line in priced.lines)
    assert priced.saved_minor == sum(discount.minor for line in priced.lines for discount in line.discounts)


@some
@given(promotions, baskets, contexts)
def test_p4_a_promotions_parts_add_up_to_it(rules: list[AnyPromotion], basket: Basket, context: PricingContext) -> None:
    priced = price(rules, basket, context)
    taken: defaultdict[str, int] = defaultdict(int)
    for line in priced.lines:
        for discount in line.discounts:
            taken[discount.source] += discount.minor
            payers = {rule.promotion: rule.payers for rule in rules}.get(discount.source, {})
            assert discount.payers == payers
    for name, minor in taken.items():
        if name:
            applied = [one for one in priced.outcomes if one.promotion == name and one.status is Status.APPLIED]
            assert sum(one.minor for one in applied) == minor
            assert sum(line.minor for one in applied for line in one.lines) == minor


@some
@given(promotions, baskets, contexts)
def test_p4_floors_are_kept(rules: list[AnyPromotion], basket: Basket, context: PricingContext) -> None:
    floors = {one.item: one.floor_minor or 0 for one in PRICES}
    bought: defaultdict[str, int] = defaultdict(int)
    for item, quantity in basket:
        bought[item] += quantity
    for item, paid in by_item(price(rules, basket, context)).items():
        assert paid >= floors[item] * bought[item]


@some
@given(promotions, baskets, contexts, st.data())
def test_p4_the_order_of_lines_and_rules_changes_nothing(
    rules: list[AnyPromotion], basket: Basket, context: PricingContext, data: st.DataObject
) -> None:
    straight = price(rules, basket, context)
    lines = data.draw(st.permutations(lines_of(basket)))
    turned = price_basket(lines, book_of(data.draw(st.permutations(rules))), context)
    assert {line.n: line for line in turned.lines} == {line.n: line for line in straight.lines}
    assert turned.outcomes == straight.outcomes


@some
@given(promotions, baskets, contexts, st.data())
def test_p4_the_order_and_manner_of_scanning_changes_nothing(
    rules: list[AnyPromotion], basket: Basket, context: PricingContext, data: st.DataObject
) -> None:
    """By quantity or one by one, in whatever order: the same per article and per promotion (lesson B7 71)."""
    single = [
        (item, 1) if item != "w" else (item, count)
        for item, count in basket
        for _ in range(1 if item == "w" else count)
    ]
    straight = price(rules, basket, context)
    turned = price(rules, data.draw(st.permutations(single)), context)
    assert by_item(turned) == by_item(straight)
    assert money_of(turned) == money_of(straight)


@some
@given(promotions, baskets, contexts)
def test_p4_a_promotion_for_other_goods_changes_nothing(
    rules: list[AnyPromotion], basket: Basket, context: PricingContext
) -> None:
    other = PercentOff(promotion="other", scope=Scope(items=["elsewhere"]), off_bp=10_000)
    assert price([*rules, other], basket, context) == price(rules, basket, context)


@some
@given(promotions, baskets, contexts)
def test_p4_a_priced_basket_survives_the_wire(
    rules: list[AnyPromotion], basket: Basket, context: PricingContext
) -> None:
    priced = price(rules, basket, context)
    assert msgspec.json.decode(msgspec.json.encode(priced), type=PricedBasket) == priced
    written = msgspec.json.encode(context)
    assert msgspec.json.decode(written, type=PricingContext) == context
    for rule in rules:
        assert msgspec.json.decode(msgspec.json.encode(rule), type=AnyPromotion) == rule


@some
@given(promotions, baskets, contexts)
def test_every_outcome_has_words(rules: list[AnyPromotion], basket: Basket, context: PricingContext) -> None:
    by_name = {rule.promotion: rule for rule in rules}
    for outcome in price(rules, basket, context).outcomes:
        assert not outcome.reason or outcome.reason in WHY_NOT
        words = explain(outcome, by_name.get(outcome.promotion))
        assert words["en"].isascii()
        assert not words["zh"].isascii()


@given(promotions, baskets, st.sampled_from([5, 10, 100]))
@settings(max_examples=30, deadline=None)
def test_p4_an_adjustment_comes_last_and_adds_up(rules: list[AnyPromotion], basket: Basket, step: int) -> None:
    before = price(rules, basket)
    off = before.total_minor % step
    adjusted = adjust(before, round_off=RoundOff(minor=off, by="c1"))
    after = adjusted.priced
    assert after.total_minor % step == 0
    assert before.total_minor - after.total_minor == off == sum(one.minor for one in adjusted.adjustments)
    assert after.saved_minor == sum(line.gross_minor - line.net_minor for line in after.lines)
    assert all(line.net_minor >= 0 for line in after.lines)
    assert all(line.tax_minor == tax_included(line.net_minor, 900) for line in after.lines)
    dropped = [one for line in after.lines for one in line.discounts if one.reason == "rounding"]
    assert all(one.payers == {Payer.STORE: 10_000} for one in dropped)


@given(st.integers(0, 100_000), st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_partial_returns_settle_exactly(share: int, parts: list[int]) -> None:
    sold = sum(parts) or 1
    parts = parts if sum(parts) else [1]
    back, returned = 0, 0
    for count in parts:
        returned += count
        now = refund_share(share, returned, sold, back)
        assert now >= 0
        back += now
        assert abs(back * sold - share * returned) * 2 <= sold
    assert back == share


def test_a_return_beyond_what_was_sold_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot return 4 of 3"):
        refund_share(100, 4, 3)


def test_a_lower_price_than_the_floor_stops_at_it() -> None:
    priced = price([SpecialPrice(promotion="p", price_minor=100, scope=Scope(items=["b"]))], [("b", 3)])
    assert priced.total_minor == 600
    assert priced.outcomes[0].withheld_minor == 300


def test_p4_labels_of_equal_weights_are_told_apart_by_what_they_say() -> None:
    rules = [AmountOff(promotion="o", off_minor=101, each=Each.ORDER)]
    for labels in permutations([600, 601]):
        lines = [BasketLine(n=n, item="w", quantity=137, label_minor=label) for n, label in enumerate(labels, 1)]
        priced = price_basket(lines, book_of(rules), ANYBODY)
        assert sorted((line.gross_minor, line.net_minor) for line in priced.lines) == [(600, 550), (601, 550)]


def test_p4_of_labels_that_come_to_one_price_the_same_bears_the_cent_in_whatever_order_they_were_scanned() -> None:
    rules = [SpecialPrice(promotion="s", price_minor=500), AmountOff(promotion="o", off_minor=1, each=Each.ORDER)]
    for labels in permutations([600, 601]):
        lines = [BasketLine(n=n, item="o", quantity=1, label_minor=label) for n, label in enumerate(labels, 1)]
        book = make_price_book(items=[make_item("o")], prices=[Price(item="o", regular_minor=900)], promotions=rules)
        priced = price_basket(lines, book, ANYBODY)
        assert sorted((line.gross_minor, line.net_minor) for line in priced.lines) == [(600, 499), (601, 500)]


EQUAL = [make_item(item) for item in ("e1", "e2", "e3")]


@pytest.mark.parametrize("scanned", list(permutations(["e1", "e2", "e3"])))
def test_p4_the_cent_that_is_left_falls_on_the_same_article_in_whatever_order_it_was_scanned(
    scanned: tuple[str, ...],
) -> None:
    rules = [
        AmountOff(promotion="o", off_minor=100, each=Each.ORDER),
        CouponOff(promotion="k", off_bp=5_000, scope=Scope(items=["e1"])),
    ]
    prices = [Price(item=item.item, regular_minor=500) for item in EQUAL]
    book = make_price_book(items=EQUAL, prices=prices, promotions=rules)
    context = msgspec.structs.replace(ANYBODY, coupons=[Coupon("c", "k")])
    priced = price_basket(lines_of([(item, 1) for item in scanned]), book, context)
    assert by_item(priced) == {"e1": 233, "e2": 467, "e3": 467}


@pytest.mark.parametrize("rule", SETS, ids=lambda rule: type(rule).__name__)
def test_p4_no_set_goes_below_a_floor(rule: AnyPromotion) -> None:
    """Item b costs 3.33 and never less than 2.00."""
    priced = price([rule], [("b", 6)])
    assert priced.total_minor == 6 * 200
    assert priced.outcomes[0].withheld_minor > 0
