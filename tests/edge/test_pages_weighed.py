"""What whoever weighs sees, and that a thing scanned again is said to be: on the till's page, in words and figures."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.devices.ports import Weight
from edge_agent.web.weighed import Weighing, weight_written
from shared import coupon_code
from shared.money import UnitPrice
from shared.pricing.kinds.coupon_off import CouponOff, Issue
from tests.edge.person import person
from tests.edge.test_till_offers import books
from tests.edge.tills import APPLES, MILK, PORK, store_settings

PORK_PRICE = UnitPrice(3_998, 1_000)
PUBLIC = "SAVE-1"


@pytest.mark.parametrize(
    ("grams", "tare_g", "kg", "jin"),
    [(1_236, 0, "1.236", "2.472"), (1_236, 36, "1.200", "2.400"), (20, 36, "-0.016", "-0.032"), (None, 0, "", "")],
)
def test_a_weight_is_shown_less_its_tare_in_both_units(grams: int | None, tare_g: int, kg: str, jin: str) -> None:
    shown = weight_written(Weight(grams, stable=True), Weighing(tare_g, PORK_PRICE), store_settings())
    assert (shown.kg, shown.jin, shown.per_kg, shown.per_jin) == (kg, jin, "39.98", "19.99")


@pytest.mark.parametrize(
    ("price", "per_kg", "per_jin"),
    [
        (UnitPrice(599, 1_000), "5.99", "2.995"),
        (UnitPrice(299, 500), "5.98", "2.99"),
        (UnitPrice(1, 3), "", ""),
        (None, "", ""),
    ],
)
def test_a_price_for_both_units_is_never_rounded(price: UnitPrice | None, per_kg: str, per_jin: str) -> None:
    shown = weight_written(None, Weighing(0, price), store_settings())
    assert (shown.per_kg, shown.per_jin) == (per_kg, per_jin)


def test_a_store_elsewhere_is_shown_no_jin() -> None:
    settings = msgspec.structs.replace(store_settings(), currency="EUR")
    shown = weight_written(Weight(500, stable=True), Weighing(0, PORK_PRICE), settings)
    assert (shown.kg, shown.jin, shown.per_jin) == ("0.500", "", "")


async def test_tare_and_state_of_the_scale_stand_large_beside_the_weight(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.types(PORK)
        assert at.asked == "weigh"
        await at.puts(1_236, stable=False)
        await at.types("-0.036")
        pane = (await at.shown())["pane"]
        assert "1.200 kg" in pane
        assert "2.400 斤" in pane
        assert "皮重 0.036 kg" in pane
        assert "￥39.98 / kg" in pane
        assert "￥19.99 / 斤" in pane
        assert "scale-state warn" in pane


async def test_a_thing_scanned_again_is_said_to_be_and_asks_nothing(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(APPLES, MILK)
        assert "本单第" not in (await at.shown())["lines"]
        await at.scans(APPLES)
        assert (at.asked, at.told) == ("", "")
        lines = (await at.shown())["lines"]
        assert lines.count("本单第 2 次") == 1
        await at.scans(MILK, APPLES)
        assert "本单第 3 次" in (await at.shown())["lines"]


@pytest.mark.parametrize("typed", [True, False])
async def test_a_public_coupon_is_taken_as_it_is_scanned_or_typed(tmp_path: Path, typed: bool) -> None:
    async with person(tmp_path) as at:
        rule = CouponOff(promotion="off", off_minor=100, code=PUBLIC, issue=Issue.PUBLIC)
        at.store.books.books[1] = books(rule).books[1]
        await at.scans(MILK)
        await (at.types(PUBLIC) if typed else at.scans(PUBLIC))
        assert await at.total() == 1_299 - 100


async def test_a_coupon_of_one_s_own_is_told_apart_from_a_code_that_is_unknown(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(MILK)
        await at.scans("NOCODE12345AB")
        assert at.told in {"unknown_item", "no_known_format"}
        await at.scans(coupon_code.make(99))
        assert at.told == "coupon_unanswered"
