"""A till's last price: given again for the same question only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge_agent.till import last_price
from edge_agent.till.last_price import LastPrice
from shared.pricing import BasketLine, Item, MemberFacts, PaperCoupon, Price, PriceMissing, PricingContext
from tests.edge.tills import MemoryTillBook
from tests.factories import STANDARD_ITEMS, STANDARD_PRICES, START_MS, ZONE

LINES = [BasketLine(n=1, item="1001", quantity=2), BasketLine(n=2, item="1002", quantity=1)]
CONTEXT = PricingContext(at_ms=START_MS, time_zone=ZONE)
COUPON = PaperCoupon(code="c", line=1, supplier_minor=50)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one whenever the engine is asked."""
    calls: list[int] = []
    engine = last_price.price_basket

    def counting(*arguments: Any) -> Any:
        calls.append(len(calls))
        return engine(*arguments)

    monkeypatch.setattr(last_price, "price_basket", counting)
    return calls


def book(version: int = 1) -> MemoryTillBook:
    return MemoryTillBook(version, STANDARD_ITEMS, STANDARD_PRICES)


def test_the_same_question_is_put_to_the_engine_once(asked: list[int]) -> None:
    price = LastPrice()
    first = price(LINES, book(), CONTEXT, [])
    assert price(list(LINES), book(), PricingContext(at_ms=START_MS, time_zone=ZONE), []) == first
    assert len(asked) == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda price: price(LINES[:1], book(), CONTEXT, []),
        lambda price: price([*LINES[:1], BasketLine(n=2, item="1002", quantity=3)], book(), CONTEXT, []),
        lambda price: price(LINES, book(2), CONTEXT, []),
        lambda price: price(LINES, book(), PricingContext(at_ms=START_MS + 1, time_zone=ZONE), []),
        lambda price: price(
            LINES, book(), PricingContext(at_ms=START_MS, time_zone=ZONE, member=MemberFacts(tier="gold")), []
        ),
        lambda price: price(LINES, book(), CONTEXT, [COUPON]),
    ],
)
def test_any_other_question_is_asked_anew_and_forgets_the_first(
    asked: list[int], other: Callable[[LastPrice], Any]
) -> None:
    price = LastPrice()
    price(LINES, book(), CONTEXT, [])
    assert other(price) == other(LastPrice())
    price(LINES, book(), CONTEXT, [])
    assert len(asked) == 4


def test_lines_changed_after_the_answer_are_another_question(asked: list[int]) -> None:
    price, lines = LastPrice(), list(LINES)
    before = price(lines, book(), CONTEXT, []).total_minor
    lines.pop()
    assert price(lines, book(), CONTEXT, []).total_minor < before
    assert len(asked) == 2


def test_what_could_not_be_priced_is_asked_again() -> None:
    price = LastPrice()
    for _ in range(2):
        with pytest.raises(PriceMissing):
            price([BasketLine(n=1, item="none", quantity=1)], book(), CONTEXT, [])
    known = Item(item="none", names={"en": "now known"}, receipt_name="now known")
    grown = MemoryTillBook(1, [*STANDARD_ITEMS, known], [*STANDARD_PRICES, Price(item="none", regular_minor=1)])
    assert price([BasketLine(n=1, item="none", quantity=1)], grown, CONTEXT, []).total_minor == 1
