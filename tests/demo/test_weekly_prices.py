"""Weekly books out of what customers were charged: modal unit prices, exact, in whole minor units per basis."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from deploy.demo.dataset import Dataset, Row, SourceBasket
from deploy.demo.weekly_prices import BookRow, Quote, book_row, modal, unit_price, units, week_quotes, weekly_changes

PUMPED, PREPAID = 700, 701


def row(product=1, quantity=1, sales=100, *, retail=0, coupon=0, match=0):
    return Row(product, quantity, sales, retail, coupon, match)


def basket(*rows, id_=1, week=1, store=10):
    return SourceBasket(id_, store, 5, week, 1_483_271_606_000 + id_, tuple(rows))


def dataset(*baskets):
    return Dataset((10,), {}, baskets, baskets, frozenset({PUMPED}), frozenset({PREPAID}))


def quotes(*rows):
    baskets = [basket(one, id_=number) for number, one in enumerate(rows, start=1)]
    return week_quotes(baskets, dataset(*baskets))


def test_the_modal_value_is_the_most_frequent_and_the_lower_of_equals():
    assert modal(Counter({Fraction(100): 2, Fraction(90): 1})) == 100
    assert modal(Counter({Fraction(100): 2, Fraction(90): 2, Fraction(50): 1})) == 90


def test_regular_and_member_price_add_back_what_cards_and_the_chain_took_off():
    found = quotes(row(sales=150, retail=48, coupon=50, match=1))
    assert found == {(10, 1): Quote(Fraction(199), Fraction(151))}


def test_a_member_price_is_stated_only_where_it_is_lower():
    assert quotes(row(sales=199)) == {(10, 1): Quote(Fraction(199), None)}
    # Twice 200 without the card, once 100 with it: the member price is the lower one of what members paid.
    found = quotes(row(sales=100, retail=100), row(sales=200), row(sales=200))
    assert found == {(10, 1): Quote(Fraction(200), None)}


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (Quote(Fraction(199)), BookRow(199, None, 1)),
        (Quote(Fraction(500, 3)), BookRow(500, None, 3)),
        (Quote(Fraction(199), Fraction(500, 3)), BookRow(597, 500, 3)),
        (Quote(Fraction(1, 2), Fraction(1, 3)), BookRow(3, 2, 6)),
        (Quote(Fraction(2299, 10_000)), BookRow(2299, None, 10_000)),
    ],
)
def test_a_quote_is_stated_per_the_smallest_basis_that_makes_it_whole(quote, expected):
    assert book_row(quote) == expected


def test_a_pump_price_is_the_tenth_of_a_cent_that_was_set_not_what_rounding_left_of_it():
    # 8,725 thousandths of a gallon at 2.299 a gallon are 20.058775, charged as 20.06.
    assert unit_price(2006, 8725, pumped=True) == Fraction(2299, 10_000)
    assert unit_price(1001, 1000, pumped=False) == Fraction(1001, 1000)


def test_petrol_paid_ahead_costs_one_cent_and_its_quantity_is_the_amount():
    ahead = row(PREPAID, 1, 1500)
    assert units(ahead, dataset()) == 1500
    assert quotes(ahead) == {(10, PREPAID): Quote(Fraction(1), None)}


def test_goods_given_free_say_what_everybody_pays_and_never_a_price_of_zero():
    assert quotes(row(sales=0, retail=299)) == {(10, 1): Quote(Fraction(299), None)}
    assert quotes(row(sales=0, retail=0)) == {}
    assert quotes(row(quantity=0, sales=50)) == {}


def test_a_week_publishes_only_what_differs_from_the_last_price_known():
    weeks = dataset(
        basket(row(1, sales=100), row(2, sales=50), id_=1, week=1),
        basket(row(1, sales=100), id_=2, week=2),
        basket(row(1, sales=120), row(2, sales=50), id_=3, week=4),
    )
    changes = dict(weekly_changes(weeks))
    assert changes[1] == {(10, 1): Quote(Fraction(100)), (10, 2): Quote(Fraction(50))}
    assert changes[2] == {}
    assert changes[4] == {(10, 1): Quote(Fraction(120))}
