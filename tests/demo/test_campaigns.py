"""Campaigns of the source: matched alike by demo and checker, taken off alike by engine and checker."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo import baskets, campaigns, coupon_rows, dataset, schedule
from deploy.demo.campaigns import CampaignCoupon
from deploy.demo.check.coupon_account import FACE, GOODS, CouponAccount
from deploy.demo.check.coupons import HandedOver, read_campaigns, take_off
from shared.pricing import BasketLine, Coupon, MemberFacts, Price, PricingContext, Status, price_basket
from shared.pricing.promotion_rows import read_promotion
from tests.demo.test_baskets import basket, row
from tests.demo.test_baskets import dataset as source
from tests.factories import make_item, make_price_book

DAY = date(2017, 5, 8)


@pytest.fixture(scope="module")
def folder():
    pytest.importorskip("pyarrow")
    try:
        return dataset.data_folder()
    except dataset.DatasetMissing as missing:
        pytest.skip(str(missing))


def coupon(number=50000000001, face=100, products=(1, 2), *, campaign=8, days=30):
    return CampaignCoupon(campaign, number, DAY, DAY + timedelta(days=days), face, frozenset(products))


def test_demo_and_checker_match_the_same_coupons_to_the_same_lines(folder):
    ours, theirs = campaigns.load(folder), read_campaigns(folder)
    found = {
        (number, one.product): (one.promotion, one.face_minor, one.products)
        for number, handed in theirs.handed.items()
        for one in handed
    }
    assert found == {place: (one.promotion, one.face_minor, one.products) for place, one in ours.handed.items()}
    assert len(found) == 1035
    assert theirs.redemptions == 2102 == len(found) + len(theirs.refused)


def test_a_coupon_of_a_campaign_is_a_code_and_no_paper_and_its_match_stays_paper():
    given = campaigns.Campaigns((coupon(),), {8: frozenset({900})}, {(31198570044, 1): coupon()})
    year = dataset.Dataset((330,), {}, (), (), frozenset(), frozenset(), given)
    found = baskets.till_basket(basket(row(1, coupon=100, match=50), row(2, coupon=30)), year, 1)
    assert found is not None
    assert found.hands_over
    steps = [next(iter(step)) for step in found.steps]
    assert steps.index("code") > max(steps.index("card"), steps.index("scan"))
    assert steps[-1] == "tender"
    assert [step["code"] for step in found.steps if "code" in step] == ["C8-50000000001"]
    paper = [step["coupon"] for step in found.steps if "coupon" in step]
    assert [(one["code"], one["supplier_minor"], one["chain_minor"]) for one in paper] == [("P1", 0, 50), ("P2", 30, 0)]


def test_whoever_gets_no_campaign_hands_none_over():
    found = baskets.till_basket(basket(row(1, coupon=100)), source(), 1)
    assert found is not None
    assert not found.hands_over


def test_a_books_promotions_follow_the_weeks_in_which_they_run():
    week = next(week for week in range(1, 54) if schedule.week_starts_local(week).date() == DAY)
    one, later = coupon(days=6), coupon(50000000002, days=13)
    assert coupon_rows.on_in(week - 1, [one, later]) == {}
    assert set(coupon_rows.on_in(week, [one, later])) == {one.promotion, later.promotion}
    assert set(coupon_rows.on_in(week + 1, [one, later])) == {later.promotion}
    put = coupon_rows.changes((), {one.promotion: one}, {1})
    assert [(change["key"], change["row"]["scope"]) for change in put] == [("c8-50000000001", {"items": ["p1"]})]
    assert coupon_rows.changes({one.promotion}, {}, {1})[0] == {
        "kind": "promotions", "scope": "chain", "key": one.promotion, "row": None,
    }  # fmt: skip


PRODUCTS = (1, 2, 3, 10, 20)
COUPONS = st.lists(
    st.tuples(st.integers(1, 400), st.sets(st.sampled_from(PRODUCTS), min_size=1), st.integers(0, 3)), max_size=4
)


@given(
    prices=st.lists(st.integers(1, 500), min_size=5, max_size=5),
    bought=st.sets(st.sampled_from(PRODUCTS), min_size=1),
    drawn=COUPONS,
)
def test_the_checker_takes_coupons_off_as_the_engine_does(prices, bought, drawn):
    wanted = [coupon(50000000000 + n, face, goods, days=30 + days) for n, (face, goods, days) in enumerate(drawn)]
    price_of = dict(zip(PRODUCTS, prices, strict=True))
    rows = [read_promotion(msgspec.json.encode(coupon_rows.row(one, PRODUCTS))) for one in wanted]
    book = make_price_book(
        items=[make_item(f"p{product}") for product in PRODUCTS],
        prices=[Price(item=f"p{product}", regular_minor=minor) for product, minor in price_of.items()],
        promotions=rows,
    )
    context = PricingContext(
        at_ms=schedule.week_starts_ms(20) + 3_600_000 * 12,
        time_zone=schedule.ZONE_NAME,
        member=MemberFacts(segments=["campaign-8"]),
        coupons=[Coupon(one.code, one.promotion) for one in wanted],
    )
    lines = [BasketLine(n=n, item=f"p{product}", quantity=1) for n, product in enumerate(sorted(bought), 1)]
    priced = price_basket(lines, book, context)
    left = {product: price_of[product] for product in bought}
    handed = [HandedOver(one.promotion, 0, 0, one.face_minor, one.last, one.products) for one in wanted]
    taken = take_off(handed, left)
    assert [one.net_minor for one in priced.lines] == [left[product] for product in sorted(bought)]
    applied = {one.promotion: one.minor for one in priced.outcomes if one.status is Status.APPLIED}
    assert applied == {promotion: minor for promotion, minor in taken.items() if minor}


def test_every_cent_that_coupons_take_otherwise_has_its_cause():
    account = CouponAccount()
    first = HandedOver("c8-1", 1, 120, 100, DAY, frozenset({1}))
    second = HandedOver("c8-2", 2, 50, 50, DAY, frozenset({2}))
    account.hand_in([first, second], {"c8-1": 100, "c8-2": 30}, difference_minor=45)
    assert account.report()["differences"] == {
        FACE: {"times": 1, "minor": 20},
        GOODS: {"times": 1, "minor": 20},
        "paper_coupons_found_more_left": {"times": 1, "minor": 5},
    }
    assert account.total_difference_minor == 45
