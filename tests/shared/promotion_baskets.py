"""Small shops, baskets and promotions for the properties of pricing: everything overlaps, so that rules compete."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from shared.pricing import (
    AnyPromotion,
    BasketLine,
    Choice,
    Coupon,
    Item,
    MemberFacts,
    Payer,
    PointsOffer,
    Price,
    PricedBasket,
    PricingContext,
    Unit,
    price_basket,
)
from shared.pricing.context import Per
from shared.pricing.kinds import (
    AmountOff,
    BundlePrice,
    BuyWithPurchase,
    BuyXGetY,
    CheapestFree,
    CouponOff,
    ExtraPoints,
    FreeGift,
    MemberPrice,
    NForPrice,
    NthPiece,
    OrderPercent,
    PercentOff,
    PointsMultiplier,
    PointsRedemption,
    SpecialPrice,
    SpendAndGet,
    TierPrice,
    TimeLimitedPrice,
)
from shared.pricing.kinds.amount_off import Each
from shared.pricing.kinds.bundle_price import Part
from shared.pricing.kinds.buy_with_purchase import Offer
from shared.pricing.kinds.extra_points import Once
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Limit, Need, Stacking
from shared.pricing.scope import Scope
from shared.pricing.window import Hours, When
from tests.factories import START_MS, ZONE, MemoryPriceBook, make_item, make_price_book

ITEMS: Sequence[Item] = (
    make_item("a", category="food/a"),
    make_item("b", category="food/b"),
    make_item("c", category="home/c"),
    make_item("d", category="home/d"),
    make_item("w", category="food/w", unit=Unit.GRAM),
)
PRICES: Sequence[Price] = (
    Price(item="a", regular_minor=500, member_minor=450),
    Price(item="b", regular_minor=333, floor_minor=200),
    Price(item="c", regular_minor=1299),
    Price(item="d", regular_minor=99),
    Price(item="w", regular_minor=3998, basis=1000),
)
EVERYTHING = PricingContext(
    at_ms=START_MS,
    time_zone=ZONE,
    member=MemberFacts(tier="gold", segments=["vip"], birthday_month=1, purchases=0),
    store="s001",
    till_kind="staffed",
    coupons=[Coupon("k1", "coupon1"), Coupon("k2", "coupon2", 5), Coupon("k3", "coupon3")],
    choices=[Choice("exchange", ["c"])],
    points=PointsOffer(5_000, 2_000),
)
ANYBODY = PricingContext(at_ms=START_MS, time_zone=ZONE)

scopes = st.sampled_from(
    [
        Scope(),
        Scope(items=["a"]),
        Scope(items=["a", "b"]),
        Scope(items=["b", "d"]),
        Scope(categories=["food"]),
        Scope(categories=["home"]),
        Scope(items=["a", "c", "d"]),
    ]
)
groups = st.sampled_from(["", "", "", "g", "h"])
stackings = st.sampled_from([Stacking.BEST, Stacking.BEST, Stacking.EXCLUSIVE, Stacking.STACK_ALL])
limits = st.sampled_from([[], [], [], [Limit(per=Per.BASKET, uses=1)], [Limit(per=Per.STORE, minor=300)]])
bps = st.sampled_from([100, 500, 1000, 3333, 5000, 10_000])
amounts = st.sampled_from([1, 99, 100, 500, 2_000])
caps = st.sampled_from([None, None, 150])
needs = st.sampled_from([Need(), Need(), Need(quantity=2), Need(spend_minor=1_000)])
limits_of = st.sampled_from([None, 1, 3])
which = st.sampled_from(["cheapest", "each_set"])
once = st.sampled_from([Once.ORDER, Once.PIECE])
steps = st.builds(Step, at_minor=st.sampled_from([500, 1_500]), off_minor=amounts).map(lambda step: [step])
payers = st.sampled_from([{}, {Payer.SUPPLIER: 7_000, Payer.STORE: 3_000}])
shared = {
    "scope": scopes, "group": groups, "stacking": stackings, "limits": limits, "need": needs, "payers": payers,
}  # fmt: skip


def _named(name: str) -> st.SearchStrategy[str]:
    return st.just(name)


def kinds(name: str) -> list[st.SearchStrategy[AnyPromotion]]:
    """Return a strategy per kind, all of this name."""
    who = _named(name)
    wide = {key: value for key, value in shared.items() if key != "scope"}
    return [
        st.builds(SpecialPrice, promotion=who, price_minor=amounts, most_pieces=limits_of, **shared),
        st.builds(MemberPrice, promotion=who, price_minor=amounts, **shared),
        st.builds(TierPrice, promotion=who, tier_minor=st.just({"gold": 90}), **shared),
        st.builds(
            TimeLimitedPrice, promotion=who, price_minor=amounts, exclusive=st.booleans(),
            when=st.just(When(hours=[Hours("00:00", "24:00")])), **shared,
        ),
        st.builds(PercentOff, promotion=who, off_bp=bps, cap_minor=caps, **shared),
        st.builds(
            AmountOff, promotion=who, off_minor=amounts, each=st.sampled_from(list(Each)), cap_minor=caps, **shared
        ),
        st.builds(
            NForPrice, promotion=who, n=st.integers(1, 4), price_minor=amounts, same_item=st.booleans(), **shared
        ),
        st.builds(BuyXGetY, promotion=who, buy=st.integers(1, 3), get=st.integers(1, 2), off_bp=bps, **shared),
        st.builds(BuyXGetY, promotion=who, buy=st.integers(1, 2), get_scope=scopes, given_bear=st.booleans(), **shared),
        st.builds(NthPiece, promotion=who, n=st.integers(2, 3), which=which, **shared),
        st.builds(CheapestFree, promotion=who, n=st.integers(2, 4), each_set=st.booleans(), **shared),
        st.builds(
            BundlePrice, promotion=who, price_minor=amounts,
            parts=st.lists(st.builds(Part, scope=scopes, quantity=st.integers(1, 2)), min_size=1, max_size=3), **wide,
        ),
        st.builds(
            SpendAndGet, promotion=who, repeating=st.booleans(), cap_minor=caps,
            steps=steps,
            **shared,
        ),
        st.builds(SpendAndGet, promotion=who, steps=st.just([Step(at_minor=700, gift="d")]), **shared),
        st.builds(SpendAndGet, promotion=who, steps=st.just([Step(at_minor=700, points=9)]), **shared),
        st.builds(FreeGift, promotion=who, gifts=st.just(["d"]), add=st.booleans(), **shared),
        st.builds(
            BuyWithPurchase, promotion=who, most_pieces=st.integers(1, 2),
            offers=st.just([Offer(item="c", price_minor=500), Offer(item="b", price_minor=100)]), **shared,
        ),
        st.builds(OrderPercent, promotion=who, off_bp=bps, cap_minor=caps, **shared),
        st.builds(PointsRedemption, promotion=who, cap_bp=bps, **shared),
        st.builds(PointsMultiplier, promotion=who, multiplier_bp=st.just(20_000), **shared),
        st.builds(ExtraPoints, promotion=who, points=st.just(5), once=once, **shared),
    ]  # fmt: skip


COUPONS = [
    CouponOff(promotion="coupon1", off_minor=500),
    CouponOff(promotion="coupon2", off_bp=1_000, stackable=True),
    CouponOff(promotion="coupon3", off_minor=100, stackable=True, scope=Scope(categories=["food"])),
]
_any = [st.one_of(kinds(f"p{number}")) for number in range(4)]
promotions = st.tuples(st.integers(1, 4), st.tuples(*_any), st.sampled_from([[], COUPONS])).map(
    lambda drawn: [*drawn[1][: drawn[0]], *drawn[2]]
)
baskets = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d", "w"]), st.integers(1, 5)).map(
        lambda rung: (rung[0], rung[1] * 137 if rung[0] == "w" else rung[1])
    ),
    min_size=1,
    max_size=7,
)
contexts = st.sampled_from([ANYBODY, EVERYTHING])


def book_of(rules: Sequence[AnyPromotion]) -> MemoryPriceBook:
    """Return the shop's book with these promotions."""
    return make_price_book(items=ITEMS, prices=PRICES, promotions=rules)


def lines_of(basket: Sequence[tuple[str, int]]) -> list[BasketLine]:
    """Return lines in the order scanned."""
    return [BasketLine(n=n, item=item, quantity=quantity) for n, (item, quantity) in enumerate(basket, start=1)]


def price(
    rules: Sequence[AnyPromotion], basket: Sequence[tuple[str, int]], context: PricingContext = ANYBODY
) -> PricedBasket:
    """Price a basket by rules."""
    return price_basket(lines_of(basket), book_of(rules), context)
