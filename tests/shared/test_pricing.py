"""The engine: one price for one basket, explained, never below zero, never from a missing price."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pricing import (
    KINDS,
    BasketLine,
    MemberFacts,
    PaperCoupon,
    Payer,
    Price,
    PricedBasket,
    PricedLine,
    PriceMissing,
    PricingContext,
    price_basket,
)
from shared.pricing.layers import COUPON_MATCH, MEMBER_PRICE, PAPER_COUPON, REASONS
from shared.wire.till_events import AdjustmentKind
from tests.factories import STANDARD_ITEMS, START_MS, ZONE, make_price_book, make_sale

BOOK = make_price_book()
ANYBODY = PricingContext(at_ms=START_MS, time_zone=ZONE)
MEMBER = PricingContext(at_ms=START_MS, time_zone=ZONE, member=MemberFacts())

contexts = st.sampled_from([ANYBODY, MEMBER])
baskets = st.lists(
    st.tuples(st.sampled_from([item.item for item in STANDARD_ITEMS]), st.integers(min_value=1, max_value=3_000)),
    min_size=1,
    max_size=12,
).map(lambda rung: [BasketLine(n=n, item=item, quantity=quantity) for n, (item, quantity) in enumerate(rung, 1)])
coupons = st.lists(
    st.builds(
        PaperCoupon,
        code=st.text("0123456789", min_size=1, max_size=6),
        line=st.integers(min_value=1, max_value=12),
        supplier_minor=st.integers(min_value=0, max_value=5_000),
        chain_minor=st.integers(min_value=0, max_value=5_000),
    ),
    max_size=6,
)


def one(item: str, quantity: int, context: PricingContext = ANYBODY, *handed: PaperCoupon) -> PricedLine:
    priced = price_basket([BasketLine(n=1, item=item, quantity=quantity)], BOOK, context, handed)
    return priced.lines[0]


@pytest.mark.parametrize(
    ("item", "quantity", "context", "gross", "net"),
    [
        ("1001", 1, ANYBODY, 500, 500),
        ("1001", 3, MEMBER, 1500, 1350),
        ("1002", 2, MEMBER, 2598, 2598),  # no member price
        ("1003", 1236, ANYBODY, 4942, 4942),  # 39.98 a kilo: rounded once, on the line
        ("1003", 1236, MEMBER, 4942, 4447),
    ],
)
def test_p4_a_line(item: str, quantity: int, context: PricingContext, gross: int, net: int) -> None:
    line = one(item, quantity, context)
    assert (line.gross_minor, line.net_minor) == (gross, net)


def test_p4_a_member_price_names_itself() -> None:
    (discount,) = one("1001", 2, MEMBER).discounts
    assert (discount.reason, discount.minor, discount.payers) == (MEMBER_PRICE, 100, {})


def test_p4_a_member_price_above_the_regular_one_is_no_price() -> None:
    book = make_price_book(prices=[Price(item="1001", regular_minor=500, member_minor=600)])
    (line,) = price_basket([BasketLine(n=1, item="1001", quantity=2)], book, MEMBER).lines
    assert (line.net_minor, line.discounts) == (1000, [])


@pytest.mark.parametrize(
    ("supplier", "chain", "taken"),
    [
        (50, 0, [(PAPER_COUPON, 50)]),
        (50, 50, [(PAPER_COUPON, 50), (COUPON_MATCH, 50)]),
        (480, 480, [(PAPER_COUPON, 480), (COUPON_MATCH, 20)]),
        (900, 100, [(PAPER_COUPON, 500)]),
        (0, 30, [(COUPON_MATCH, 30)]),
        (0, 0, []),
    ],
)
def test_p4_a_coupon_takes_what_is_left_suppliers_share_first(
    supplier: int, chain: int, taken: list[tuple[str, int]]
) -> None:
    line = one("1001", 1, ANYBODY, PaperCoupon(code="c", line=1, supplier_minor=supplier, chain_minor=chain))
    assert [(discount.reason, discount.minor) for discount in line.discounts] == taken
    for discount in line.discounts:
        assert discount.payers == ({Payer.SUPPLIER: 10_000} if discount.reason == PAPER_COUPON else {})


def test_p4_a_second_coupon_takes_what_the_first_left() -> None:
    handed = [PaperCoupon(code=code, line=1, supplier_minor=400) for code in ("a", "b")]
    line = one("1001", 1, ANYBODY, *handed)
    assert [(discount.source, discount.minor) for discount in line.discounts] == [("a", 400), ("b", 100)]
    assert line.net_minor == 0


def test_p4_a_coupon_for_another_line_takes_nothing() -> None:
    assert one("1001", 1, ANYBODY, PaperCoupon(code="c", line=2, supplier_minor=50)).discounts == []


@pytest.mark.parametrize("book", [make_price_book(items=[]), make_price_book(7, prices=[])])
def test_p4_a_missing_price_is_never_zero(book: object) -> None:
    with pytest.raises(PriceMissing, match="item 1001 has no price in price book") as refused:
        price_basket([BasketLine(n=1, item="1001", quantity=1)], book, ANYBODY)  # type: ignore[arg-type]
    assert refused.value.item == "1001"
    assert refused.value.version == book.version  # type: ignore[attr-defined]


@given(baskets, contexts, coupons)
def test_p4_the_figures_of_a_basket_agree(
    lines: list[BasketLine], context: PricingContext, handed: list[PaperCoupon]
) -> None:
    priced = price_basket(lines, BOOK, context, handed)
    assert [line.n for line in priced.lines] == [line.n for line in lines]
    for line in priced.lines:
        assert 0 <= line.net_minor <= line.gross_minor
        assert line.net_minor == line.gross_minor - sum(discount.minor for discount in line.discounts)
        assert all(discount.minor > 0 for discount in line.discounts)
        assert 0 <= line.tax_minor <= line.net_minor
    assert priced.total_minor == sum(line.net_minor for line in priced.lines)
    assert priced.saved_minor == sum(discount.minor for line in priced.lines for discount in line.discounts)


def by_number(priced: PricedBasket) -> dict[int, PricedLine]:
    return {line.n: line for line in priced.lines}


@given(baskets, contexts, coupons, st.data())
def test_p4_the_order_of_scanning_changes_nothing(
    lines: list[BasketLine], context: PricingContext, handed: list[PaperCoupon], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(lines))
    straight, turned = price_basket(lines, BOOK, context, handed), price_basket(shuffled, BOOK, context, handed)
    assert by_number(straight) == by_number(turned)
    assert straight.total_minor == turned.total_minor


@given(baskets)
def test_p4_a_member_never_pays_more(lines: list[BasketLine]) -> None:
    assert price_basket(lines, BOOK, MEMBER).total_minor <= price_basket(lines, BOOK, ANYBODY).total_minor


@given(baskets, contexts, coupons)
def test_p4_a_priced_line_survives_the_wire(
    lines: list[BasketLine], context: PricingContext, handed: list[PaperCoupon]
) -> None:
    priced = price_basket(lines, BOOK, context, handed)
    assert msgspec.json.decode(msgspec.json.encode(priced), type=PricedBasket) == priced


def test_p4_a_recorded_sale_prices_to_the_same_lines_again() -> None:
    coupon = PaperCoupon(code="c", line=1, supplier_minor=70, chain_minor=30)
    sale = make_sale([("1001", 2), ("1003", 777)], coupons=[coupon])
    again = price_basket(
        [BasketLine(n=line.n, item=line.item, quantity=line.quantity, code=line.code) for line in sale.lines],
        BOOK,
        PricingContext(at_ms=sale.priced_ms, time_zone=sale.book.zone),
        sale.coupons,
    )
    assert again.lines == sale.lines
    assert again.total_minor == sale.total_minor


def test_every_reason_has_words_in_both_languages() -> None:
    assert set(REASONS) == {MEMBER_PRICE, PAPER_COUPON, COUPON_MATCH, *AdjustmentKind, *KINDS}
    for words in REASONS.values():
        assert words["en"]
        assert words["zh"]
