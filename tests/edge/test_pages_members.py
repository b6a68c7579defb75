"""Somebody at the till's screen with members who pay with what is theirs: every way in, out, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.till.simulated_gateway import SimulatedGateway
from edge_agent.web.screen.screen import Screen
from shared.pricing import AnyPromotion
from shared.pricing.kinds.buy_with_purchase import BuyWithPurchase, Offer
from shared.pricing.kinds.coupon_off import CouponOff
from shared.value import POINTS
from tests.edge.person import Person
from tests.edge.tills import CARD, MILK
from tests.edge.value_hq import GIFT_CARD, ValueHq
from tests.edge.value_hq import Person as Somebody
from tests.edge.value_tills import CODE, POINTS_RULE, WANG_PHONE, selling, wait_too_long, wang

OFF = CouponOff(promotion="off", off_minor=100, names={"en": "One off", "zh": "减一元"})
DEAL = BuyWithPurchase(promotion="deal", offers=[Offer(item="1001", price_minor=100, points=300)])


@asynccontextmanager
async def at_till(
    folder: Path, *people: Somebody, rules: tuple[AnyPromotion, ...] = (POINTS_RULE, OFF), known: bool = False
) -> AsyncIterator[tuple[Person, ValueHq]]:
    gifts = {GIFT_CARD: 300}
    async with selling(folder, *people, rules=rules, known=known, gift_cards=gifts, others=SimulatedGateway()) as made:
        store, till, hq = made
        screen = Screen(till, lambda: store.settings, store.business)
        await screen.attend()
        try:
            yield Person(store, till, screen), hq
        finally:
            screen.end()


async def test_stored_value_asks_who_it_is_and_goes_on_by_phone(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang()) as (at, hq):
        await at.scans(MILK)
        await at.presses("+", "F6")
        assert at.asked == "member"
        await at.types(WANG_PHONE)
        assert at.asked == "value_amount"
        await at.types("")
        assert at.screen.paid is not None
        assert hq.aside() == 1_299


@pytest.mark.parametrize(("typed", "taken"), [("", 1_299), ("5", 500), ("12.99", 1_299)])
async def test_as_much_is_taken_as_was_typed_and_no_more_than_is_due(tmp_path: Path, typed: str, taken: int) -> None:
    async with at_till(tmp_path, wang(money=9_000), known=True) as (at, hq):
        await at.scans(MILK, CARD)
        await at.presses("+")
        await at.presses("F6", text=typed)
        assert at.asked == "value_amount"
        await at.types("")
        assert hq.aside() == taken


async def test_an_amount_typed_at_the_balance_is_money_and_not_the_choice_s_number(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(), known=True) as (at, hq):
        await at.scans(MILK, CARD)
        await at.presses("+", "F6")
        await at.types("1")
        assert hq.aside() == 100


async def test_somebody_else_s_card_pays_when_money_was_taken_already(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang()) as (at, hq):
        await at.scans(MILK)
        await at.presses("+")
        await at.types("5")
        await at.presses("F6")
        assert at.asked == "value_card"
        await at.scans(CARD)
        await at.types("")
        assert at.screen.paid is not None
        assert hq.aside() == 799


async def test_a_card_that_hq_does_not_know_is_asked_for_again(tmp_path: Path) -> None:
    async with at_till(tmp_path) as (at, _hq):
        await at.scans(MILK)
        await at.presses("+", "F7")
        await at.types("8800000404")
        assert (at.asked, at.told) == ("value_card", "value_card_unknown")
        await at.types(GIFT_CARD)
        assert at.asked == "value_amount"
        await at.presses("Escape", "Escape")
        assert at.asked == ""


async def test_points_are_used_changed_and_taken_off_by_keys(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(), known=True) as (at, hq):
        await at.scans(MILK)
        await at.presses("points")
        assert at.asked == "member"
        await at.scans(CARD)
        assert at.asked == "points"
        await at.types("many")
        assert at.screen.notice is not None
        assert at.asked == "points"
        await at.types("")
        assert (await at.total(), hq.aside(POINTS)) == (699, 600)
        await at.presses("points")
        await at.types("100")
        assert (await at.total(), hq.aside(POINTS)) == (1_199, 100)
        await at.presses("points", "Delete")
        await at.till.releases.step()
        assert (await at.total(), hq.aside(POINTS)) == (1_299, 0)


async def test_own_coupons_are_chosen_and_taken_off(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(coupons={CODE: "off"}), known=True) as (at, hq):
        await at.scans(MILK, CARD)
        await at.presses("own_coupons")
        await at.types("1")
        assert await at.total() == 1_199
        await at.presses("coupon_off")
        await at.types("1")
        await at.till.releases.step()
        assert (await at.total(), hq.reserved) == (1_299, {})
        await at.presses("coupon_off")
        assert at.told == "coupon_not_here"


async def test_own_coupons_need_hq_and_say_so(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(coupons={CODE: "off"}), known=True) as (at, hq):
        hq.online = False
        await at.scans(MILK, CARD)
        await at.presses("own_coupons")
        assert at.told == "coupons_offline"
        hq.online = True
        hq.people[0].coupons.clear()
        await at.presses("own_coupons")
        assert at.told == "no_coupons"


async def test_a_member_is_taken_off_by_a_key(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(), known=True) as (at, _hq):
        await at.scans(MILK, CARD)
        await at.presses("F2")
        await at.types("")
        view = await at.till.view()
        assert view is not None
        assert view.member is not None, "Enter alone goes on with the member"
        await at.presses("F2", "Delete")
        view = await at.till.view()
        assert view is not None
        assert view.member is None


async def test_an_item_for_points_is_chosen_rung_up_and_taken_back(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(), rules=(DEAL,), known=True) as (at, hq):
        await at.scans(MILK, CARD)
        await at.presses("gifts")
        assert at.asked == "gifts"
        await at.types("1")
        assert (await at.lines(), await at.total()) == ([("1002", 1), ("1001", 1)], 1_399)
        assert hq.aside(POINTS) == 300
        await at.presses("gifts")
        assert at.told == "no_gifts"


async def test_a_choice_that_costs_points_nobody_has_is_said(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(points=10), rules=(DEAL,), known=True) as (at, hq):
        await at.scans(MILK, CARD)
        await at.presses("gifts")
        await at.types("1")
        assert at.told == "points_refused"
        assert hq.aside(POINTS) == 0


async def test_a_hold_that_ended_is_renewed_under_the_cashier_s_hand(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(), known=True) as (at, hq):
        await at.scans(MILK, CARD)
        await at.presses("+")
        await at.presses("F6", text="5")
        await at.types("")
        await wait_too_long(at.store)
        hq.online = False
        await at.types("50")
        assert at.told == "hold_ended"
        assert (await at.shown())["sum"].count("12.99") == 1, "the whole is to pay again"
        hq.online = True
        await at.presses("+")
        await at.types("50")
        assert at.screen.paid is not None
        assert at.screen.paid.change_minor == 5_000 - 1_299


async def test_stored_value_comes_off_beside_a_payment_that_cannot_be_handed_back(tmp_path: Path) -> None:
    async with at_till(tmp_path, wang(), known=True) as (at, hq):
        await at.scans(MILK, CARD)
        await at.presses("+")
        await at.presses("F6", text="5")
        await at.types("")
        await at.presses("F3", text="2")
        await at.presses("Delete")
        assert at.told == "payment_by_gateway"
        question = at.screen.question
        assert question is not None
        (off,) = [one.value for one in question.options if one.value.startswith("off")]
        await at.screen.choose(off, at.seen)
        await at.till.releases.step()
        assert hq.aside() == 0
        assert (await at.shown())["sum"].count("10.99") == 1
        await at.types("")
        assert at.screen.paid is not None
