"""Each question of the till's screen and its answers: age, exchange, cash, slips, cards, coupons."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from shared.pricing import PromotionIndex
from shared.pricing.kinds.spend_and_get import SpendAndGet, Step
from shared.wire.events import TenderKind
from tests.edge.person import Person, person, sold
from tests.edge.staffing import ANNA_CARD
from tests.edge.tills import APPLES, MILK


def good(at: Person) -> bool:
    return at.screen.notice is not None and not at.screen.notice.refused


@pytest.mark.parametrize(("answer", "rung"), [("1", 1), ("", 0), ("19900131", 1), ("20991231", 0), ("1990", 0)])
async def test_age_is_asked_in_place_and_what_waited_is_rung_up(tmp_path: Path, answer: str, rung: int) -> None:
    async with person(tmp_path) as at:
        items = at.store.books.books[1].items
        items["1001"] = msgspec.structs.replace(items["1001"], min_age=18)
        await at.scans(APPLES)
        assert at.asked == "age"
        await at.types(answer)
        assert len(await at.lines()) == rung
        assert (at.asked == "age") is not bool(rung)


async def test_exchange_lets_old_goods_pay_for_new_ones(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.presses("F9")
        await at.types("2")
        assert at.told == "new_first"
        paid = await sold(at, APPLES)
        await at.scans(MILK)
        await at.presses("F9")
        await at.types("2")
        await at.scans(str(paid.sale))
        await at.types("0", "1")
        assert at.asked == "pay", at.told
        await at.types("")
        assert at.screen.paid is not None


async def test_what_an_exchange_leaves_over_stands_as_large_as_change(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        paid = await sold(at, MILK)
        await at.scans(APPLES)
        await at.presses("F9")
        await at.types("2", f"t1/{paid.receipt}", "0", "1")
        assert at.screen.paid is not None, at.told
        shown = await at.shown()
        assert 'data-hand-out><span class="sign">￥</span>7.99' in shown["sum"]
        assert "请付现金 ￥7.99" in shown["banner"]


async def test_goods_without_a_receipt_are_named_as_they_are_scanned(tmp_path: Path) -> None:
    async with person(tmp_path, no_receipt_max=10_000) as at:
        await at.presses("F9")
        await at.types("3", "6920546800054")
        assert at.screen.notice is not None
        assert at.screen.notice.refused
        await at.types(f"2*{APPLES}")
        assert "2 × " in (await at.shown())["pane"]
        assert at.store.books.books[1].items["1001"].names["zh"] in (await at.shown())["pane"]


async def test_what_was_said_before_is_gone_when_another_action_is_chosen(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.types("999999")
        assert at.told != ""
        await at.presses("F6")
        assert (at.asked, at.told) == ("check", "")


async def test_goods_without_a_receipt_come_back_in_cash(tmp_path: Path) -> None:
    async with person(tmp_path, no_receipt_max=10_000) as at:
        await at.presses("F9")
        await at.types("3")
        await at.scans(APPLES)
        await at.types(f"2*{APPLES}", "")
        assert at.asked == "agree_back"
        await at.types("1")
        assert good(at), at.told


async def test_last_sale_is_undone_only_after_one_more_key(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await sold(at, APPLES)
        await at.presses("F9")
        await at.types("4")
        assert at.asked == "agree_back"
        await at.types("1")
        assert good(at), at.told
        await at.presses("F9")
        await at.types("5")
        assert at.told == "nothing_waits"


async def test_price_is_checked_without_selling_one_code_after_the_other(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.presses("F6")
        await at.scans(APPLES, "6920546800054", MILK)
        assert at.asked == "check"
        assert "12.99" in (await at.shown())["pane"]
        await at.presses("Escape")
        assert await at.lines() == []


async def test_coupon_reprint_and_giving_up(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await sold(at, MILK)
        await at.presses("reprint")
        await at.types("")
        assert good(at), at.told
        await at.scans(MILK)
        before = await at.total()
        await at.presses("coupon")
        await at.types("C1", "2")
        assert await at.total() == before - 200
        await at.presses("void_basket")
        await at.types("1")
        assert await at.lines() == []


@pytest.mark.parametrize(("move", "lines"), [("1", ["50", "float"]), ("3", ["20", "safe"]), ("4", ["change"])])
async def test_cash_moves_with_a_reason(tmp_path: Path, move: str, lines: list[str]) -> None:
    async with person(tmp_path, shifts="required") as at:
        await at.presses("F10")
        await at.types("1", "100")
        await at.presses("F10")
        await at.types(move, *lines)
        assert good(at), at.told
        await at.presses("F10")
        await at.types("6")
        assert at.asked == "report"
        assert "100.00" in (await at.shown())["pane"]


async def test_unknown_payment_is_settled_from_the_slip(tmp_path: Path) -> None:
    gateway = SimulatedGateway(Mood.NEVER_ARRIVES)
    async with person(tmp_path, {TenderKind.WECHAT: gateway}, staff=True) as at:
        await at.types("anna", "2580")
        await at.scans(APPLES)
        await at.presses("+")
        gateway.answering.clear()
        slow = asyncio.create_task(at.screen.press("F3", "", at.seen))
        await asyncio.wait_for(gateway.asked.wait(), 3)
        await slow
        await at.screen.attend()
        await at.screen.press("F9", "", at.seen)
        assert at.asked == "settle"
        await at.types("1", "4711", "sue")
        assert at.asked == "pin"
        gateway.answering.set()


async def test_approval_is_given_by_card(tmp_path: Path) -> None:
    async with person(tmp_path, staff=True, approvals={"void_line": "cashier"}) as at:
        await at.types("young", "1472")
        await at.scans(APPLES)
        await at.presses("F8")
        assert at.told == "round_off_not"
        await at.presses("F7")
        await at.types("1")
        assert at.asked == "staff"
        await at.scans(ANNA_CARD)
        assert at.told == "approval_too_low"
        assert await at.total() == 500


async def test_little_that_is_missing_is_said_with_what_it_gives(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        promotion = SpendAndGet(
            promotion="p1", names={"en": "Spend 25", "zh": "满 25 减 5"}, steps=[Step(at_minor=2_500, off_minor=500)]
        )
        at.store.books.books[1].index = PromotionIndex([promotion])
        await at.scans(APPLES, MILK)
        assert "再买 7.01" in (await at.shown())["sum"]
        await at.scans(MILK)
        assert "再买" not in (await at.shown())["sum"]


async def test_whoever_approves_sees_what_it_is_about(tmp_path: Path) -> None:
    """Cash out, another price, a line, the basket, a shift that does not add up: each with its amount."""
    asking = ("cash_out", "price_override", "void_line", "void_basket", "close_shift")
    policies = {"shifts": "required", "approvals": dict.fromkeys(asking, "supervisor")}
    async with person(tmp_path, staff=True, **policies) as at:
        await at.types("young", "1472", "100")

        async def shows(*figures: str) -> None:
            assert at.asked == "staff", (at.asked, at.told)
            pane = (await at.shown())["pane"]
            assert [one for one in figures if one not in pane] == []
            await at.presses(*["Escape"] * 6)

        await at.presses("F10")
        await at.types("2", "20", "flowers")
        await shows("20.00")
        await at.scans(APPLES)
        await at.presses("F7")
        await at.types("2")
        await shows("5.00", "2.00")
        await at.presses("Delete")
        await shows("5.00")
        await at.presses("void_basket")
        await at.types("1")
        await shows("5.00")
        await at.presses("+")
        await at.types("")
        await at.presses("F10")
        await at.types("5", "1", *[""] * 12)
        await at.presses("F10")
        await at.types("7")
        await shows("100.00", "105.00", "-￥5.00")
