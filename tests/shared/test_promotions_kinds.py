"""Each kind by its own table of examples, what it refuses to be, and how rows become promotions."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.pricing import (
    ENGINE_LEVEL,
    KINDS,
    AnyPromotion,
    Item,
    PaperCoupon,
    Payer,
    PromotionIndex,
    Status,
    price_basket,
)
from shared.pricing.context import Choice, Coupon, Per, PointsOffer, PricingContext
from shared.pricing.index import strictest
from shared.pricing.kinds import (
    AmountOff,
    BuyWithPurchase,
    BuyXGetY,
    CouponOff,
    FreeGift,
    NForPrice,
    OrderPercent,
    PercentOff,
    PointsRedemption,
    SpecialPrice,
    SpendAndGet,
    TimeLimitedPrice,
)
from shared.pricing.kinds.amount_off import Each
from shared.pricing.kinds.buy_with_purchase import Offer
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Layer, Limit, Money, Need, Promotion, Stacking, percent, tenths
from shared.pricing.promotion_rows import PromotionUnreadable, disagreements, engine_needed, index_rows, read_promotion
from shared.pricing.scope import Except, Scope
from shared.pricing.window import Hours, When
from tests.factories import make_item
from tests.shared.promotion_baskets import ANYBODY, EVERYTHING, ITEMS, book_of, kinds, lines_of, price

EXAMPLES: dict[str, dict[str, object]] = {
    "special_price": {"price_minor": 400},
    "member_price": {"price_minor": 400},
    "tier_price": {"tier_minor": {"gold": 400}},
    "time_limited_price": {"price_minor": 400, "when": {"weekdays": [1]}},
    "percent_off": {"off_bp": 1000},
    "amount_off": {"off_minor": 100},
    "n_for_price": {"n": 3, "price_minor": 1200},
    "buy_x_get_y": {"buy": 2},
    "nth_piece": {},
    "cheapest_free": {"n": 3},
    "bundle_price": {"parts": [{"scope": {"items": ["a"]}}], "price_minor": 400},
    "spend_and_get": {"steps": [{"at_minor": 10_000, "off_minor": 1_000}]},
    "free_gift": {"gifts": ["a"]},
    "buy_with_purchase": {"offers": [{"item": "a", "price_minor": 100}]},
    "order_percent": {"off_bp": 1000},
    "coupon": {"off_minor": 500},
    "points_redemption": {},
    "points_multiplier": {"multiplier_bp": 20_000},
    "extra_points": {"points": 5},
}


def row(kind: str, **fields: object) -> bytes:
    return msgspec.json.encode({"kind": kind, "promotion": "p", **EXAMPLES[kind], **fields})


def test_the_registry_is_complete() -> None:
    assert set(get_args(AnyPromotion)) == set(KINDS.values())
    assert {kind: known.__struct_config__.tag for kind, known in KINDS.items()} == {kind: kind for kind in KINDS}
    assert set(EXAMPLES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_what_it_is_and_reads_back(kind: str) -> None:
    promotion = read_promotion(row(kind))
    assert type(promotion) is KINDS[kind]
    assert read_promotion(msgspec.json.encode(promotion)) == promotion
    assert re.search(r"^    \|.*\|$", type(promotion).__doc__ or "", re.MULTILINE), "a kind shows a table of examples"
    for language, words in promotion.gives(Money()).items():
        assert words
        assert language in {"en", "zh"}
    assert engine_needed([row(kind)]) == 2 <= ENGINE_LEVEL


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_nobody_knows_is_refused_in_every_kind(kind: str) -> None:
    with pytest.raises(PromotionUnreadable, match="sundays"):
        read_promotion(row(kind, sundays=True))


WRONG = [
    ("special_price", {"price_minor": -1}),
    ("time_limited_price", {"when": {}}),
    ("tier_price", {"tier_minor": {}}),
    ("percent_off", {"off_bp": 10_001}),
    ("percent_off", {"cap_minor": 0}),
    ("amount_off", {"off_minor": 0}),
    ("n_for_price", {"n": 0}),
    ("buy_x_get_y", {"buy": 0}),
    ("buy_x_get_y", {"get_scope": {"items": ["a"]}, "same_item": True}),
    ("nth_piece", {"n": 1}),
    ("cheapest_free", {"free": 3}),
    ("bundle_price", {"off_bp": 500}),
    ("bundle_price", {"parts": []}),
    ("spend_and_get", {"steps": []}),
    ("spend_and_get", {"steps": [{"at_minor": 100, "off_minor": 1, "points": 1}]}),
    ("spend_and_get", {"steps": [{"at_minor": 200, "points": 1}, {"at_minor": 100, "points": 2}]}),
    ("spend_and_get", {"repeating": True, "steps": [{"at_minor": 1, "points": 1}, {"at_minor": 2, "points": 2}]}),
    ("free_gift", {"gifts": []}),
    ("free_gift", {"gifts": ["a", "b"], "add": True}),
    ("free_gift", {"every": True}),
    ("buy_with_purchase", {"offers": []}),
    ("order_percent", {"off_bp": 0}),
    ("coupon", {"off_bp": 500}),
    ("coupon", {"issue": "public"}),
    ("points_redemption", {"step_points": 0}),
    ("points_multiplier", {"multiplier_bp": 10_000}),
    ("extra_points", {"once": "spend"}),
    ("percent_off", {"promotion": ""}),
    ("percent_off", {"payers": {"chain": 5_000}}),
    ("percent_off", {"limits": [{"per": "day"}]}),
    ("percent_off", {"need": {"quantity": -1}}),
]


@pytest.mark.parametrize(("kind", "fields"), WRONG)
def test_what_makes_no_sense_is_refused(kind: str, fields: dict[str, object]) -> None:
    with pytest.raises(PromotionUnreadable):
        read_promotion(row(kind, **fields))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"kind":7}', b'{"kind":"lottery","promotion":"x"}', b"\xff"])
def test_what_is_no_promotion_says_so(content: bytes) -> None:
    with pytest.raises(PromotionUnreadable, match=r"^promotion "):
        engine_needed([row("percent_off"), content])


def test_an_engine_level_is_the_highest_of_its_rows() -> None:
    assert engine_needed([]) == 1
    assert engine_needed([row("percent_off"), row("coupon", engine=5)]) == 5


def test_two_promotions_of_one_id_are_no_book() -> None:
    with pytest.raises(ValueError, match="same id"):
        index_rows([row("percent_off"), row("coupon")])


@given(st.lists(st.one_of(kinds("p")), max_size=6), st.sampled_from(ITEMS))
@settings(max_examples=60, deadline=None)
def test_the_index_finds_what_a_scope_covers(rules: list[Promotion], item: object) -> None:
    named = [msgspec.structs.replace(rule, promotion=f"p{number}") for number, rule in enumerate(rules)]
    index = PromotionIndex(named)
    found = {*index.matches(item), *index.everywhere}  # type: ignore[arg-type]
    for listed in index.listed:
        for number, scope in enumerate(listed.scopes):
            assert ((listed.position, number) in found) is scope.covers(item)  # type: ignore[arg-type]


def test_a_scope_is_any_of_each_list_and_none_of_the_exceptions() -> None:
    tea = make_item("7", category="food/tea/green")
    assert Scope(categories=["food"]).covers(tea)
    assert Scope(categories=["food/tea"], leave_out=Except(items=["8"])).covers(tea)
    assert not Scope(categories=["food"], leave_out=Except(categories=["food/tea"])).covers(tea)
    assert not Scope(categories=["food"], brands=["Leaf"]).covers(tea)
    assert Scope(items=["7"], brands=["Leaf"]).covers(tea)
    assert not Scope(categories=["food/te"]).covers(tea)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (["best", "stack_all"], "best"),
        (["stack_all", "stack_all"], "stack_all"),
        (["best", "exclusive", "stack_all"], "exclusive"),
    ],
)
def test_the_strictest_way_of_stacking_counts(said: list[str], counts: str) -> None:
    assert strictest(map(Stacking, said)) is Stacking(counts)


def test_groups_that_disagree_are_named() -> None:
    rules = [
        PercentOff(promotion="1", off_bp=100, group="g", stacking=Stacking.STACK_ALL),
        PercentOff(promotion="2", off_bp=100, group="g"),
        PercentOff(promotion="3", off_bp=100),
        NForPrice(promotion="4", n=2, price_minor=1, stacking=Stacking.EXCLUSIVE),
    ]
    assert disagreements(rules) == [("g", ["1", "2"])]


def test_layers_are_in_their_order() -> None:
    """10.00 less 20 % (8.00) less 1.00 a piece for two (6.00 with a set), less 10 %, less a coupon, less points."""
    rules = [
        SpecialPrice(promotion="1", price_minor=400, scope=Scope(items=["a"])),
        PercentOff(promotion="2", off_bp=2_500, scope=Scope(items=["a"])),
        NForPrice(promotion="3", n=2, price_minor=500, scope=Scope(items=["a"])),
        OrderPercent(promotion="4", off_bp=1_000),
        CouponOff(promotion="coupon1", off_minor=100),
    ]
    priced = price(rules, [("a", 2)], EVERYTHING)
    # 10.00 - 2.00 = 8.00; - 25 % = 6.00; two for 5.00; - 10 % = 4.50; - 1.00 = 3.50.
    assert [(one.source, one.minor) for one in priced.lines[0].discounts] == [
        ("1", 200), ("2", 200), ("3", 100), ("4", 50), ("coupon1", 100),
    ]  # fmt: skip
    assert priced.total_minor == 350
    assert [one.promotion for one in priced.outcomes if one.status is Status.APPLIED] == ["1", "2", "3", "4", "coupon1"]
    assert sorted(Layer) == list(Layer)


def test_every_discount_names_who_pays() -> None:
    shares = {Payer.SUPPLIER: 7_000, Payer.STORE: 3_000}
    priced = price([PercentOff(promotion="p", off_bp=1_000, payers=shares)], [("a", 2)])
    assert priced.lines[0].discounts[0].payers == shares


def test_an_exclusive_flash_price_shuts_out_every_later_layer() -> None:
    flash = TimeLimitedPrice(
        promotion="f",
        price_minor=300,
        exclusive=True,
        scope=Scope(items=["a"]),
        when=When(hours=[Hours("00:00", "24:00")]),
    )
    later = [
        PercentOff(promotion="1", off_bp=5_000),
        NForPrice(promotion="2", n=1, price_minor=1),
        AmountOff(promotion="3", off_minor=100, each=Each.ORDER),
        CouponOff(promotion="coupon1", off_minor=100),
        SpendAndGet(promotion="4", steps=[Step(at_minor=300, off_minor=100)]),
    ]
    assert price([flash, *later], [("a", 1)], EVERYTHING).total_minor == 300
    both = price([flash, *later], [("a", 1), ("c", 1)], EVERYTHING)
    assert (both.lines[0].net_minor, both.lines[1].net_minor) == (300, 0)
    handed = [PaperCoupon(code="x", line=1, supplier_minor=50), PaperCoupon(code="y", line=2, supplier_minor=50)]
    paper = price_basket(lines_of([("a", 1), ("c", 1)]), book_of([flash]), EVERYTHING, handed)
    assert [line.net_minor for line in paper.lines] == [300, 1_249]


def test_a_paper_coupon_comes_off_after_the_orders_discounts_and_before_points() -> None:
    rules = [OrderPercent(promotion="half", off_bp=5_000), PointsRedemption(promotion="points", cap_bp=5_000)]
    handed = [PaperCoupon(code="x", line=1, supplier_minor=50)]
    priced = price_basket(lines_of([("a", 2)]), book_of(rules), EVERYTHING, handed)
    assert [(one.source, one.minor) for one in priced.lines[0].discounts if one.source] == [
        ("half", 450), ("x", 50), ("points", 200),
    ]  # fmt: skip


def test_each_says_which_pieces_it_used_and_another_group_may_use_them_again() -> None:
    once = [Limit(per=Per.BASKET, uses=1)]
    first = NForPrice(promotion="1", n=1, price_minor=400, scope=Scope(items=["a"]), limits=once)
    other = NForPrice(promotion="2", n=1, price_minor=450, scope=Scope(items=["a"]), limits=once)
    again = NForPrice(promotion="3", n=1, price_minor=1, scope=Scope(items=["a"]), limits=once, group="late")
    outcomes = price([first, other, again], [("a", 1), ("a", 1), ("a", 1)]).outcomes
    used = {one.promotion: [(line.n, line.quantity) for line in one.lines if line.quantity] for one in outcomes}
    assert used == {"1": [(1, 1)], "2": [(2, 1)], "3": [(1, 1)]}


def test_a_till_counts_the_budget_of_a_coupon_for_everything_too() -> None:
    limited = [
        CouponOff(promotion="k", off_minor=1, limits=[Limit(per=Per.CHAIN, uses=1)]),
        PercentOff(promotion="p", off_bp=1, limits=[Limit(per=Per.CHAIN, uses=1)]),
        PercentOff(promotion="q", off_bp=1, limits=[Limit(per=Per.CHAIN, uses=1)], scope=Scope(items=["b"])),
        PercentOff(promotion="r", off_bp=1),
    ]
    index = PromotionIndex(limited)
    assert [one.promotion for one in index.limited(ITEMS[:1])] == ["k", "p"]


def test_a_budget_of_money_gives_its_rest_and_no_more() -> None:
    rule = PercentOff(promotion="p", off_bp=5_000, limits=[Limit(per=Per.STORE, minor=300)])
    assert price([rule], [("a", 2)]).saved_minor == 300


def test_a_gift_the_till_has_added_prices_to_the_same_again() -> None:
    rule = FreeGift(promotion="g", gifts=["d"], add=True, need=Need(spend_minor=1_000))
    first = price([rule], [("c", 1)])
    (gift,) = first.outcomes[0].gifts
    assert (gift.item, gift.quantity, gift.add) == ("d", 1, True)
    again = price([rule], [("c", 1), (gift.item, gift.quantity)])
    assert again.total_minor == first.total_minor
    assert again.outcomes[0].gifts == []


def test_a_member_shown_in_mid_basket_prices_everything_again() -> None:
    rule = BuyXGetY(promotion="p", buy=1, scope=Scope(items=["a"]))
    member = msgspec.structs.replace(EVERYTHING, coupons=[], points=None)
    assert price([rule], [("a", 2)], ANYBODY).total_minor == 500
    assert price([rule], [("a", 2)], member).total_minor == 450


def test_a_context_without_facts_is_small_on_the_wire() -> None:
    assert msgspec.json.encode(PricingContext(at_ms=1, time_zone="Z")) == b'{"at_ms":1,"time_zone":"Z"}'


@pytest.mark.parametrize(
    ("bp", "en", "zh"), [(1000, "10%", "9折"), (1500, "15%", "8.5折"), (1234, "12.34%", "8.766折")]
)
def test_percentages_are_written_as_shops_do(bp: int, en: str, zh: str) -> None:
    assert (percent(bp), tenths(bp)) == (en, zh)


@pytest.mark.parametrize(
    ("exponent", "minor", "long", "short"),
    [
        (2, 300, "3.00", "3"),
        (2, 1050, "10.50", "10.50"),
        (0, 300, "300", "300"),
        (3, 1500, "1.500", "1.500"),
        (2, -5, "-0.05", "-0.05"),
    ],
)
def test_money_is_written_with_its_digits(exponent: int, minor: int, long: str, short: str) -> None:
    money = Money(exponent)
    assert (money(minor), money(minor, short=True)) == (long, short)


def test_two_exchanges_never_spend_more_points_than_there_are() -> None:
    def exchange(name: str, item: str) -> BuyWithPurchase:
        return BuyWithPurchase(
            promotion=name, offers=[Offer(item=item, price_minor=10, points=300)], need=Need(quantity=1)
        )

    choices = [Choice("x", ["a"]), Choice("y", ["c"])]
    context = msgspec.structs.replace(EVERYTHING, coupons=[], choices=choices, points=PointsOffer(500))
    priced = price([exchange("x", "a"), exchange("y", "c")], [("a", 1), ("c", 1), ("d", 3)], context)
    spent = {one.promotion: one.spent_points for one in priced.outcomes if one.spent_points}
    assert sum(spent.values()) == 300
    assert {one.reason for one in priced.outcomes if one.promotion not in spent} == {"too_few_points"}


def test_coupons_of_one_kind_stay_within_their_budget_together() -> None:
    rule = CouponOff(
        promotion="k", off_minor=500, stackable=True, per_basket=3, limits=[Limit(per=Per.STORE, minor=800)]
    )
    context = msgspec.structs.replace(ANYBODY, coupons=[Coupon(code, "k") for code in ("1", "2", "3")])
    priced = price([rule], [("c", 2)], context)
    assert priced.saved_minor == 800
    assert [one.reason for one in priced.outcomes] == ["", "", "budget_used"]


@pytest.mark.parametrize(("basket", "paid"), [([("a", 1), ("c", 1)], 1_699), ([("a", 1), ("d", 1)], 599)])
def test_a_price_may_ask_for_a_purchase_of_other_goods(basket: list[tuple[str, int]], paid: int) -> None:
    need = Need(spend_minor=1_000, scope=Scope(categories=["home"]))
    rule = SpecialPrice(promotion="p", price_minor=400, scope=Scope(items=["a"]), need=need)
    assert price([rule], basket).total_minor == paid


def test_t59_promotions_for_other_goods_cost_a_basket_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = PercentOff(promotion="mine", off_bp=1_000, scope=Scope(items=["a"]))
    asked: list[Scope] = []
    covers = Scope.covers

    def noting(scope: Scope, item: Item) -> bool:
        asked.append(scope)
        return covers(scope, item)

    def looks(others: int) -> int:
        rules: list[AnyPromotion] = [
            PercentOff(promotion=f"p{n}", off_bp=500, scope=Scope(items=[f"x{n}"])) for n in range(others)
        ]
        asked.clear()
        assert price([mine, *rules], [("a", 3)]).total_minor == 1_350
        return len(asked)

    monkeypatch.setattr(Scope, "covers", noting)
    assert looks(2_000) == looks(2)
