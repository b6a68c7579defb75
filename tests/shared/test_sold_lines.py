"""Lines on the wire: shorter than they are worked with, and the same again when they are read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import UnitPrice
from shared.pricing.model import Discount, Payer, PricedLine
from shared.pricing.price_list import Unit
from shared.wire.events import decode_event, encode_event
from shared.wire.sold_lines import LineTax, SoldLine, fold, unfold
from tests.factories import make_sale

_MINOR = st.integers(min_value=-(10**12), max_value=10**12)
_SIGNS = st.text("abc12", max_size=5)
_DISCOUNTS = st.builds(
    Discount, reason=_SIGNS, minor=_MINOR, source=_SIGNS, payers=st.dictionaries(st.sampled_from(Payer), _MINOR)
)
_LINES = st.builds(
    PricedLine,
    n=st.integers(min_value=-3, max_value=2000),
    item=_SIGNS,
    quantity=st.integers(min_value=-(10**6), max_value=10**6),
    price=st.builds(UnitPrice, st.integers(0, 10**9), st.integers(1, 10_000)),
    net_minor=_MINOR,
    discounts=st.lists(_DISCOUNTS, max_size=3),
    unit=st.sampled_from(Unit),
    tax_code=st.sampled_from(["standard", "reduced", "zero"]),
    tax_rate_bp=st.integers(min_value=-20_000, max_value=20_000),
    tax_minor=_MINOR,
    code=_SIGNS,
    category=_SIGNS,
    cost_minor=st.none() | _MINOR,
)


def travelled(lines: list[PricedLine]) -> list[PricedLine]:
    folded, taxes = fold(lines)
    content = msgspec.json.encode((folded, taxes))
    return unfold(*msgspec.json.decode(content, type=tuple[list[SoldLine], list[LineTax]]))


@given(st.lists(_LINES, max_size=8))
def test_any_lines_read_back_as_they_were_recorded(lines: list[PricedLine]) -> None:
    assert travelled(lines) == lines


def test_what_the_engine_priced_says_nothing_twice() -> None:
    lines = make_sale([("1001", 2), ("1002", 1), ("1003", 1236), ("1004", 1)]).lines
    folded, taxes = fold(lines)
    assert msgspec.json.encode(folded) == (
        b'[["1001",2,500],["1002",1,1299],["1003",1236,[3998,1000],[],{"unit":"g"}],["1004",1,10000,[],{"tax":1}]]'
    )
    assert taxes == [LineTax("standard", 900), LineTax("standard", 0)]
    assert travelled(lines) == lines


def test_a_line_voided_before_leaves_its_number_unused() -> None:
    first, _, third = make_sale([("1001", 1), ("1002", 1), ("1002", 2)]).lines
    assert fold([first, third])[0][1][-1] == {"n": 3}
    assert travelled([first, third]) == [first, third]


def test_a_sale_in_the_future_s_form_still_reads() -> None:
    sale = make_sale([("1001", 1)])
    grown = encode_event(sale).replace(b'["1001",1,500]', b'["1001",1,500,[],{"n":1,"from_the_future":[1]},"more"]')
    assert decode_event(grown) == sale


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'["1001",1,-1]', "a price is not negative"),
        (b'["1001",1,[1,0]]', "basis must be at least 1"),
        (b'["1001",1,500,[],{"tax":2}]', "a line has tax 2, the sale lists 1"),
        (b'["1001",1,500,[],{"tax":-1}]', "a line has tax -1"),
        (b'["1001"]', "lines"),
        (b'["1001",1,500,[],{"unit":"furlong"}]', "furlong"),
    ],
)
def test_lines_that_cannot_be_are_refused_with_words(line: bytes, reason: str) -> None:
    content = encode_event(make_sale([("1001", 1)])).replace(b'["1001",1,500]', line)
    assert line in content
    with pytest.raises(msgspec.ValidationError, match=reason):
        decode_event(content)


@pytest.mark.parametrize("rate_bp", [-1, -10_000, -20_000])
def test_a_rate_below_nothing_is_read_for_ingest_to_judge(rate_bp: int) -> None:
    content = encode_event(make_sale([("1001", 1)])).replace(b'["standard",900]', b'["standard",%d]' % rate_bp)
    sale = decode_event(content)
    assert [(line.tax_rate_bp, line.tax_minor) for line in sale.lines] == [(rate_bp, 0)]  # type: ignore[union-attr]
