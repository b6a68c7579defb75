"""Prices, exchanges, gifts and sets of several scopes, against every way to give single pieces to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.pricing import AnyPromotion, Price, price_basket
from shared.pricing.kinds import BundlePrice, BuyWithPurchase, BuyXGetY, FreeGift, SpecialPrice
from shared.pricing.kinds.bundle_price import Part
from shared.pricing.kinds.buy_with_purchase import Offer
from shared.pricing.promotion import Need
from shared.pricing.scope import Scope
from tests.factories import make_item, make_price_book
from tests.shared.promotion_baskets import ANYBODY, EVERYTHING, lines_of

COSTS = {"a": 500, "b": 330, "c": 1290}
MEMBER_COSTS = {"a": 450, "b": 330, "c": 900}
ITEMS = [make_item(item) for item in COSTS]
PRICES = [Price(item=item, regular_minor=minor, member_minor=MEMBER_COSTS[item]) for item, minor in COSTS.items()]
Basket = dict[str, int]

scopes = st.sampled_from([["a"], ["b"], ["a", "b"], ["a", "b", "c"], ["b", "c"]]).map(lambda items: Scope(items=items))
baskets = st.dictionaries(st.sampled_from(list(COSTS)), st.integers(1, 2), min_size=1)
some = settings(max_examples=60, deadline=None)


def paid(rules: Sequence[AnyPromotion], basket: Basket, *, member: bool = False) -> int:
    book = make_price_book(items=ITEMS, prices=PRICES, promotions=rules)
    return price_basket(lines_of(list(basket.items())), book, EVERYTHING if member else ANYBODY).total_minor


def given_to(rules: Sequence[AnyPromotion], basket: Basket) -> Iterator[list[tuple[str, AnyPromotion | None]]]:
    """Yield every way to give each piece to one of the rules, or to none."""
    pieces = [item for item, count in basket.items() for _ in range(count)]
    for owners in product((None, *rules), repeat=len(pieces)):
        yield list(zip(pieces, owners, strict=True))


def special(name: str, most: st.SearchStrategy[int | None]) -> st.SearchStrategy[SpecialPrice]:
    prices = st.sampled_from([100, 300, 480, 1000])
    return st.builds(SpecialPrice, promotion=st.just(name), scope=scopes, price_minor=prices, most_pieces=most)


@some
@given(
    st.tuples(special("p", st.just(None)), special("q", st.just(None)), special("r", st.sampled_from([1, 2, 3]))),
    baskets,
    st.booleans(),
)
def test_p4_a_limited_price_goes_where_it_saves_most_of_all(
    rules: tuple[SpecialPrice, ...], basket: Basket, member: bool
) -> None:
    own = MEMBER_COSTS if member else COSTS
    ways = []
    for way in given_to(rules, basket):
        counted = Counter(owner.promotion for _, owner in way if owner)
        if all(owner is None or item in owner.scope.items for item, owner in way) and all(
            counted[rule.promotion] <= (rule.most_pieces or len(way)) for rule in rules
        ):
            ways.append(sum(owner.price_minor if owner else own[item] for item, owner in way))
    assert paid(rules, basket, member=member) == min(ways)


def exchanges(name: str) -> st.SearchStrategy[BuyWithPurchase]:
    offers = st.dictionaries(st.sampled_from(list(COSTS)), st.sampled_from([10, 200, 320]), min_size=1).map(
        lambda prices: [Offer(item=item, price_minor=minor) for item, minor in sorted(prices.items())]
    )
    needs = st.sampled_from([0, 500, 1500]).map(lambda minor: Need(spend_minor=minor))
    return st.builds(BuyWithPurchase, promotion=st.just(name), scope=scopes, need=needs, offers=offers)


def spent_apart(rule: AnyPromotion, way: Sequence[tuple[str, AnyPromotion | None]]) -> int:
    """Say what counts towards a rule's threshold: its scope without the pieces it gives."""
    return sum(COSTS[item] for item, owner in way if item in rule.scope.items and owner is not rule)


@some
@given(st.tuples(exchanges("p"), exchanges("q"), exchanges("r")), baskets)
def test_p4_exchanges_share_the_pieces_as_saves_most(rules: tuple[BuyWithPurchase, ...], basket: Basket) -> None:
    best = 0
    prices = {(rule.promotion, offer.item): offer.price_minor for rule in rules for offer in rule.offers}
    for way in given_to(rules, basket):
        counted = Counter(owner.promotion for _, owner in way if owner)
        if max(counted.values(), default=0) > 1:
            continue
        savings = [COSTS[item] - prices.get((owner.promotion, item), COSTS[item]) for item, owner in way if owner]
        users = [rule for rule in rules if counted[rule.promotion]]
        in_scope = all(any(item in rule.scope.items for item in basket) for rule in users)
        met = in_scope and all(spent_apart(rule, way) >= rule.need.spend_minor for rule in users)
        if met and all(saving > 0 for saving in savings):
            best = max(best, sum(savings))
    assert paid(rules, basket) == sum(COSTS[item] * count for item, count in basket.items()) - best


def gifts(name: str) -> st.SearchStrategy[FreeGift]:
    needs = st.sampled_from([300, 800, 1500]).map(lambda minor: Need(spend_minor=minor))
    return st.builds(
        FreeGift, promotion=st.just(name), scope=scopes, need=needs, gifts=st.sampled_from([["a"], ["b"], ["c"]])
    )


@some
@given(st.tuples(gifts("p"), gifts("q"), gifts("r")), baskets)
def test_p4_gifts_share_the_pieces_as_saves_most(rules: tuple[FreeGift, ...], basket: Basket) -> None:
    best = 0
    for way in given_to(rules, basket):
        owners = Counter(owner.promotion for _, owner in way if owner)
        fits = all(owner is None or item in owner.gifts for item, owner in way)
        if fits and max(owners.values(), default=0) <= 1:
            users = [rule for rule in rules if owners[rule.promotion]]
            if all(spent_apart(rule, way) >= rule.need.spend_minor for rule in users):
                best = max(best, sum(COSTS[item] for item, owner in way if owner))
    assert paid(rules, basket) == sum(COSTS[item] * count for item, count in basket.items()) - best


def fillings(scopes_of: Sequence[Scope], basket: Basket) -> Iterator[list[list[str]]]:
    """Yield every way to give each piece to one of the scopes it is in, or to none: the pieces of each scope."""
    pieces = [item for item, count in basket.items() for _ in range(count)]
    places = [[None, *(at for at, scope in enumerate(scopes_of) if item in scope.items)] for item in pieces]
    for way in product(*places):
        yield [[item for item, at in zip(pieces, way, strict=True) if at == place] for place in range(len(scopes_of))]


@some
@given(scopes, scopes, st.integers(1, 2), st.integers(1, 2), baskets)
def test_p4_what_is_given_of_other_goods_is_the_least_of_the_most_sets(
    bought: Scope, given_of: Scope, buy: int, get: int, basket: Basket
) -> None:
    rule = BuyXGetY(promotion="p", buy=buy, get=get, scope=bought, get_scope=given_of)
    sets = [
        (-len(taken) // buy, sum(COSTS[item] for item in free))
        for taken, free in fillings([bought, given_of], basket)
        if len(taken) % buy == 0 and len(free) == len(taken) // buy * get
    ]
    assert paid([rule], basket) == sum(COSTS[item] * count for item, count in basket.items()) - min(sets)[1]


@some
@given(st.lists(st.builds(Part, scope=scopes, quantity=st.integers(1, 2)), min_size=1, max_size=3), baskets)
def test_p4_as_many_bundles_are_made_as_can_be(parts: list[Part], basket: Basket) -> None:
    rule = BundlePrice(promotion="p", parts=parts, off_minor=7)
    most = max(
        min(len(filled) // part.quantity for part, filled in zip(parts, way, strict=True))
        for way in fillings([part.scope for part in parts], basket)
    )
    assert paid([rule], basket) == sum(COSTS[item] * count for item, count in basket.items()) - 7 * most
