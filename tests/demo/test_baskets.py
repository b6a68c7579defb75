"""Source baskets become what a cashier does; every odd row has its way or its named reason."""

from __future__ import annotations

import re

import pytest

from deploy.demo import draws, members, schedule
from deploy.demo.baskets import lines_of, sale_id, till_basket
from deploy.demo.catalogue import barcode, catalogue
from deploy.demo.dataset import Dataset, Product, Row, SourceBasket, sample
from deploy.demo.oddities import Skip, Way, way_of
from shared.codes import CodeTables, ItemCode, MemberCard, classify
from shared.ids import uuid7_ms

PUMPED, PREPAID = 700, 701
AT_MS = 1_483_271_606_000


def row(product=1, quantity=1, sales=100, *, retail=0, coupon=0, match=0):
    return Row(product, quantity, sales, retail, coupon, match)


def basket(*rows, id_=31198570044, household=900):
    return SourceBasket(id_, 330, household, 1, AT_MS, rows)


def dataset(**fields):
    return Dataset((330,), fields.get("products", {}), (), (), frozenset({PUMPED}), frozenset({PREPAID}))


def steps(*rows):
    found = till_basket(basket(*rows), dataset(), 1)
    assert found is not None
    return [step for step in found.steps if "card" not in step and "tender" not in step]


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        (row(), Way.ORDINARY),
        (row(sales=0, retail=299), Way.FREE),
        (row(sales=0, match=50, coupon=50), Way.ORDINARY),
        (row(quantity=0, sales=0, coupon=200), Way.LOOSE_COUPON),
        (row(quantity=0, sales=0), Skip.EMPTY_ROW),
        (row(quantity=0, sales=50), Skip.VALUE_WITHOUT_QUANTITY),
        (row(sales=0), Skip.NO_VALUE),
        (row(sales=0, coupon=100), Skip.NO_VALUE),
    ],
)
def test_every_kind_of_row_has_its_way_or_its_reason(odd, expected):
    assert way_of(odd) == expected


def test_an_ordinary_line_is_a_scan_and_a_quantity_where_it_is_not_one():
    assert steps(row(1), row(2, 3, 300)) == [{"scan": barcode(1)}, {"scan": barcode(2)}, {"quantity": 3}]


def test_petrol_is_rung_by_volume_and_petrol_paid_ahead_by_amount():
    assert steps(row(PUMPED, 8725, 2006), row(PREPAID, 1, 1500)) == [
        {"scan": barcode(PUMPED)},
        {"volume_ml": 8725},
        {"scan": barcode(PREPAID)},
        {"volume_ml": 1500},
    ]


def test_a_paper_coupon_goes_with_its_line_in_both_parts():
    coupon = {"coupon": {"code": "P1", "supplier_minor": 55, "chain_minor": 45}}
    assert steps(row(1, sales=355, coupon=55, match=45)) == [{"scan": barcode(1)}, coupon]


def test_goods_given_free_are_rung_and_taken_off_by_the_chain():
    coupon = {"coupon": {"code": "F1", "supplier_minor": 0, "chain_minor": 299}}
    assert steps(row(1, sales=0, retail=299)) == [{"scan": barcode(1)}, coupon]


def test_a_coupon_of_its_own_goes_to_the_line_with_most_left_to_pay():
    lines = lines_of(basket(row(1, sales=300), row(2, sales=500), row(3, 0, 0, coupon=250)), dataset())
    assert [[coupon.code for coupon in line.coupons] for line in lines] == [[], ["B3"]]
    # A second one finds 250 left of the dearer line, so it takes the other.
    lines = lines_of(
        basket(row(1, sales=300), row(2, sales=500), row(3, 0, 0, coupon=250), row(4, 0, 0, coupon=10)), dataset()
    )
    assert [[coupon.code for coupon in line.coupons] for line in lines] == [["B4"], ["B3"]]


def test_a_basket_without_a_line_is_no_sale():
    assert till_basket(basket(row(3, 0, 0, coupon=250), row(4, 0, 0)), dataset(), 1) is None


def test_the_card_comes_first_or_last_and_the_money_after_it():
    for number in range(40):
        found = till_basket(basket(row(), id_=number), dataset(), 1)
        assert found is not None
        assert list(found.steps[-1]) == ["tender"]
        assert {"card": "8800000900"} in (found.steps[0], found.steps[-2])


def test_a_sale_id_is_a_uuid7_of_the_moment_and_the_same_every_time():
    made = sale_id(AT_MS, 31198570044, 1)
    assert made == sale_id(AT_MS, 31198570044, 1)
    assert made != sale_id(AT_MS, 31198570044, 2)
    assert (made.version, uuid7_ms(made)) == (7, AT_MS)


def test_generated_barcodes_are_valid_gtins_and_cards_are_never_taken_for_one():
    for product in (1, 25671, 6534178, 18316298):
        assert classify(barcode(product)) == ItemCode(barcode(product))
    card = members.card_number(2500)
    tables = CodeTables(card_prefixes=[members.CARD_PREFIX], card_digits=members.CARD_DIGITS)
    assert classify(card, tables) == MemberCard(card)


def test_the_catalogue_names_what_the_source_describes():
    products = {9: Product(9, "GROCERY", "CONDIMENTS/SAUCES", "BBQ SAUCE", "National", "18 OZ")}
    known, unknown = catalogue(dataset(products=products), [10, 9])
    assert (known.item, known.name, known.category) == (
        "p9",
        "Bbq sauce 18 oz",
        "grocery/condiments & sauces/bbq sauce",
    )
    assert (unknown.name, unknown.category) == ("Item 10", "")


def test_about_one_household_in_twenty_is_registered_late_and_always_the_same():
    early, late = members.split_by_registration(range(2000), (), 1)
    assert 60 < len(late) < 140
    assert (early, late) == members.split_by_registration(reversed(range(2000)), (), 1)


def test_whoever_a_campaign_was_mailed_to_is_never_late():
    _, late = members.split_by_registration(range(2000), (), 1)
    early, still = members.split_by_registration(range(2000), set(late[:50]), 1)
    assert still == late[50:]
    assert set(late[:50]) <= set(early)


def test_a_sample_is_drawn_by_seed_and_kept_in_order():
    baskets = [basket(row(), id_=number) for number in range(100)]
    drawn = sample(baskets, 10, 1)
    assert len(drawn) == 10
    assert list(drawn) == sorted(drawn, key=lambda one: one.id)
    assert {one.id for one in drawn} != {one.id for one in sample(baskets, 10, 2)}
    assert sample(baskets, 0, 1) == tuple(baskets)


@pytest.mark.parametrize(
    ("week", "local", "offset_hours"),
    [(1, "2016-12-26", 5), (2, "2017-01-02", 5), (12, "2017-03-13", 4), (46, "2017-11-06", 5)],
)
def test_weeks_begin_on_monday_at_local_midnight_on_both_sides_of_dst(week, local, offset_hours):
    assert schedule.week_starts_local(week).isoformat() == f"{local}T00:00:00"
    assert schedule.week_starts_ms(week) // 3_600_000 % 24 == offset_hours


def test_draws_do_not_depend_on_order():
    assert re.fullmatch(r"\d+", str(draws.bits(1, "a", 2)))
    assert draws.bits(1, "a", 2) == draws.bits(1, "a", 2) != draws.bits(1, "a", 3)
