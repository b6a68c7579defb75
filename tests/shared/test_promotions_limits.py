"""Pieces, budgets and points of a basket are used once, also with prices asked for and gifts that repeat."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Sequence

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.pricing import (
    AnyPromotion,
    BasketLine,
    Counter,
    Outcome,
    Per,
    Price,
    PricedBasket,
    PricingContext,
    Status,
    price_basket,
)
from shared.pricing.kinds import BuyWithPurchase, FreeGift, PointsRedemption, SpecialPrice, SpendAndGet
from shared.pricing.kinds.buy_with_purchase import Offer
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Layer, Limit, Need, Stacking
from shared.pricing.scope import Scope
from tests.factories import MemoryPriceBook, make_item, make_price_book
from tests.shared.promotion_baskets import (
    COUPONS,
    ITEMS,
    PRICES,
    amounts,
    bps,
    contexts,
    kinds,
    limits,
    limits_of,
    needs,
    scopes,
    stackings,
)

ASKED_FOR = (*ITEMS, make_item("o", category="home/o"), make_item("e", category="home/d"))
THEIR_PRICES = (
    *PRICES,
    Price(item="o", regular_minor=1_000, floor_minor=300),
    Price(item="e", regular_minor=99, floor_minor=50),
)
OFFERS = [
    Offer(item="c", price_minor=500, points=200),
    Offer(item="d", price_minor=10, points=50),
    Offer(item="b", price_minor=100),
]
LADDER = [
    Step(at_minor=300, off_minor=30),
    Step(at_minor=900, off_bp=2_000),
    Step(at_minor=1_500, gift="e", gift_quantity=2),
]
Rungs = list[tuple[str, int, int | None]]


def rivals(name: str) -> list[st.SearchStrategy[AnyPromotion]]:
    """Return kinds that share gifts, points and budgets, all of this name."""
    who, every = st.just(name), st.just(True)
    wide = {"scope": scopes, "limits": limits, "stacking": stackings}
    return [
        st.builds(
            FreeGift, promotion=who, gifts=st.sampled_from([["d"], ["d", "e"]]), every=every,
            quantity=st.integers(1, 2),
            need=st.sampled_from([Need(spend_minor=500), Need(spend_minor=300, scope=Scope(items=["a"]))]), **wide,
        ),
        st.builds(
            BuyWithPurchase, promotion=who, most_pieces=st.integers(1, 3), offers=st.just(OFFERS), need=needs, **wide
        ),
        st.builds(
            PointsRedemption, promotion=who, scope=scopes, cap_bp=bps, points=st.sampled_from([7, 100]),
            worth_minor=st.sampled_from([3, 100]), step_points=st.sampled_from([1, 50, 200]),
        ),
        st.builds(
            SpendAndGet, promotion=who, repeating=every, add_gifts=st.booleans(),
            steps=st.sampled_from([[Step(at_minor=400, gift="d")], [Step(at_minor=400, coupon="coupon1")]]), **wide,
        ),
        st.builds(SpendAndGet, promotion=who, steps=st.just(LADDER), **wide),
        st.builds(
            SpecialPrice, promotion=who, scope=scopes, price_minor=amounts, most_pieces=limits_of,
            limits=st.sampled_from([[Limit(per=Per.STORE, minor=300)], [Limit(per=Per.MEMBER, uses=2)]]),
        ),
    ]  # fmt: skip


_any = [st.one_of(kinds(f"p{number}") + 2 * rivals(f"p{number}")) for number in range(5)]
rules_of = st.tuples(st.integers(1, 5), st.tuples(*_any), st.sampled_from([[], COUPONS])).map(
    lambda drawn: [*drawn[1][: drawn[0]], *drawn[2]]
)
rungs = st.one_of(
    st.tuples(st.sampled_from(["a", "b", "c", "d", "e"]), st.integers(1, 4), st.none()),
    st.tuples(st.just("w"), st.sampled_from([137, 500, 1_234]), st.sampled_from([None, 600])),
    st.tuples(st.just("o"), st.integers(1, 3), st.sampled_from([None, 500, 900, 1_501])),
)
used_before = st.sampled_from([[], [Counter("p0", Per.STORE, 1, 150), Counter("p1", Per.BASKET, 0, 0)]])
some = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def lines_of(basket: Rungs) -> list[BasketLine]:
    """Return lines, those with an amount at a price that was asked for or stands on a label."""
    return [
        BasketLine(n=n, item=item, quantity=count, label_minor=amount)
        for n, (item, count, amount) in enumerate(basket, 1)
    ]


def book_of(rules: Sequence[AnyPromotion]) -> MemoryPriceBook:
    """Return the shop's book with these promotions."""
    return make_price_book(items=ASKED_FOR, prices=THEIR_PRICES, promotions=rules)


@some
@given(rules_of, st.lists(rungs, min_size=1, max_size=7), contexts, used_before)
def test_p4_what_a_basket_may_use_is_used_once(
    rules: list[AnyPromotion], basket: Rungs, context: PricingContext, before: list[Counter]
) -> None:
    context = msgspec.structs.replace(context, counters=before)
    priced = price_basket(lines_of(basket), book_of(rules), context)
    by_name = {rule.promotion: rule for rule in rules}
    names = [(one.promotion, one.coupon) for one in priced.outcomes]
    assert len(set(names)) == len(names)
    applied = [(by_name[one.promotion], one) for one in priced.outcomes if one.status is Status.APPLIED]
    for rule, outcome in applied:
        _within_budget(rule, outcome, before)
        assert sum(line.minor for line in outcome.lines) == outcome.minor
    _points_once(applied, may_spend=5_000 if context.points else 0, as_money=2_000)
    _pieces_once(rules, applied, [count for _, count, _ in basket])


def _within_budget(rule: AnyPromotion, outcome: Outcome, before: Sequence[Counter]) -> None:
    counted = {(one.promotion, one.per): one for one in before}
    for limit in rule.limits:
        used = counted.get((rule.promotion, limit.per), Counter(rule.promotion, limit.per))
        assert limit.uses is None or outcome.uses <= limit.uses - used.uses
        assert limit.minor is None or outcome.minor <= limit.minor - used.minor
    if isinstance(rule, SpecialPrice) and rule.most_pieces is not None:
        assert outcome.uses <= rule.most_pieces


def _points_once(applied: Sequence[tuple[AnyPromotion, Outcome]], *, may_spend: int, as_money: int) -> None:
    redeemed = [(rule, one) for rule, one in applied if isinstance(rule, PointsRedemption)]
    assert sum(one.spent_points for _, one in applied) <= may_spend
    assert sum(one.spent_points for _, one in redeemed) <= as_money
    for rule, outcome in redeemed:
        assert outcome.minor * rule.points <= outcome.spent_points * rule.worth_minor
        assert outcome.spent_points % rule.step_points == 0


def _pieces_once(
    rules: Sequence[AnyPromotion], applied: Sequence[tuple[AnyPromotion, Outcome]], bought: Sequence[int]
) -> None:
    used: Count[tuple[Layer, str, int]] = Count()
    for rule, outcome in applied:
        if rule.layer is Layer.SET or rule.BY_PIECE:
            for line in outcome.lines:
                used[rule.layer, rule.group or rule.family, line.n] += line.quantity
    stacked = {(rule.layer, rule.group or rule.family) for rule in rules if rule.stacking is Stacking.STACK_ALL}
    for (layer, group, n), pieces in used.items():
        assert pieces <= bought[n - 1] or (layer is Layer.ORDER and (layer, group) in stacked)


@some
@given(rules_of, st.lists(rungs, min_size=1, max_size=7), contexts, st.data())
def test_p4_prices_asked_for_and_labels_come_in_any_order(
    rules: list[AnyPromotion], basket: Rungs, context: PricingContext, data: st.DataObject
) -> None:
    """By quantity or one by one, in whatever order: the same per article."""
    single: Rungs = []
    for item, count, amount in basket:
        apart = item != "w" and not (amount or 0) % count
        single += [(item, 1, amount and amount // count)] * count if apart else [(item, count, amount)]
    straight = price_basket(lines_of(basket), book_of(rules), context)
    turned = price_basket(lines_of(data.draw(st.permutations(single))), book_of(rules), context)
    assert _by_item(turned) == _by_item(straight)


def _by_item(priced: PricedBasket) -> Count[str]:
    paid: Count[str] = Count()
    for line in priced.lines:
        paid[line.item] += line.net_minor
    return paid
