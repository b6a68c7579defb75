"""What the till says of money that goes back with goods: each way's amount, before approval and after, late too.

Whoever approves sees which goods come back, what is paid for them and by which way; whoever leaves changes nothing.
"""

from __future__ import annotations

import asyncio
from gettext import NullTranslations
from pathlib import Path

import pytest

from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from edge_agent.web.screen.saying import said
from shared.web.words import Speech
from shared.wire.events import TenderKind
from tests.edge.person import Person, person, sold
from tests.edge.staffing import SUE, reasons
from tests.edge.tills import APPLES, MILK

EN = Speech("en", NullTranslations())
SUPERVISED = dict.fromkeys(("return", "return_without_receipt", "void_sale", "refund_in_cash"), "supervisor")


def notice(at: Person) -> str:
    one = at.screen.notice
    return "" if one is None else f"{said(one.words, EN)} {said(one.next, EN)}"


async def sold_by_two(at: Person) -> str:
    """Sell something for 2.00 in cash and the rest by telephone; return its receipt."""
    await at.scans(APPLES, MILK)
    await at.presses("+")
    await at.types("2")
    await at.presses("F3")
    await at.until(lambda: at.screen.paid)
    return f"t1/{at.screen.paid.receipt}"  # type: ignore[union-attr]


async def test_amount_of_each_way_is_shown_before_approval_and_after(tmp_path: Path) -> None:
    gateway = {TenderKind.WECHAT: SimulatedGateway()}
    async with person(tmp_path, gateway, staff=True, approvals={"return": "supervisor"}) as at:
        await at.types("young", "1472")
        receipt = await sold_by_two(at)
        await at.presses("F9")
        await at.types("1", receipt, "0")
        assert at.asked == "staff"
        asked = said(at.screen.question.note, EN)  # type: ignore[union-attr]
        assert "Goes back: Cash ￥2.00 · WeChat Pay ￥" in asked
        await at.types("sue", SUE.pin)
        await at.until(lambda: "Paid back" in notice(at))
        assert "Cash ￥2.00 · WeChat Pay ￥" in notice(at)
        assert "Hand out ￥2.00 in cash." in notice(at)
        await at.screen.attend()
        assert "Paid back" in notice(at)


async def test_a_slow_refund_still_says_in_the_end_what_to_hand_out(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with person(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        receipt = await sold_by_two(at)
        await at.presses("F9")
        await at.types("1", receipt, "0")
        gateway.answering.clear()
        gateway.asked.clear()
        pressed = asyncio.create_task(at.screen.enter("1", at.seen))
        await asyncio.wait_for(gateway.asked.wait(), 3)
        await pressed  # it waits a moment only; then the page shows that the service is asked
        await at.screen.attend()
        assert at.asked == "waiting"
        gateway.answering.set()
        await at.until(lambda: not at.screen._tasks)
        await at.screen.attend()
        assert at.asked == ""
        assert "Hand out ￥2.00 in cash." in notice(at)


async def test_a_refund_that_waits_says_how_its_money_goes_back(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with person(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        receipt = await sold_by_two(at)
        await at.presses("F9")
        gateway.mood = Mood.REFUSE
        await at.types("1", receipt, "0", "1")
        await at.until(lambda: not at.screen._tasks)
        assert (at.told, at.asked) == ("refund_refused", "")
        assert "Goes back: Cash ￥2.00 · WeChat Pay ￥" in notice(at)


async def asked_to_approve(at: Person) -> tuple[str, str]:
    """Return what stands at the question for the approver and then for their PIN: pane and all, in Chinese."""
    assert at.asked == "staff", (at.asked, at.told)
    first = (await at.shown())["pane"]
    await at.types("sue")
    assert at.asked == "pin"
    return first, (await at.shown())["pane"]


async def by_receipt(at: Person) -> None:
    paid = await sold(at, APPLES, MILK)
    await at.presses("F9")
    await at.types("1", f"t1/{paid.receipt}", "2", "0")


async def without_receipt(at: Person) -> None:
    await at.presses("F9")
    await at.types("3")
    await at.scans(MILK)
    await at.types("")


async def as_exchange(at: Person) -> None:
    """Milk for 12.99 against apples for 5.00: the rest goes back in cash."""
    paid = await sold(at, MILK)
    await at.scans(APPLES)
    await at.presses("F9")
    await at.types("2", f"t1/{paid.receipt}", "1", "0")


async def last_undone(at: Person) -> None:
    await sold(at, MILK)
    await at.presses("F9")
    await at.types("4", "1")


@pytest.mark.parametrize(
    ("way", "shown"),
    [
        (by_receipt, ["Milk", "12.99", "现金 ￥12.99"]),
        (without_receipt, ["Milk", "12.99", "现金 ￥12.99"]),
        (as_exchange, ["Milk", "12.99", "抵新货款", "5.00", "现金 ￥7.99"]),
        (last_undone, ["Milk", "12.99", "现金 ￥12.99"]),
    ],
)
async def test_whoever_approves_sees_goods_money_and_way(tmp_path: Path, way: object, shown: list[str]) -> None:
    async with person(tmp_path, staff=True, approvals=SUPERVISED, no_receipt_max=10_000) as at:
        items = at.store.books.books[1].items
        await at.types("young", "1472")
        await way(at)  # type: ignore[operator]
        name = items["1002"].names["zh"]
        for pane in await asked_to_approve(at):
            assert [one for one in shown if (name if one == "Milk" else one) not in pane] == []
        await at.types(SUE.pin)
        assert at.told == ""
        assert at.asked in {"", "pay"}


async def test_whoever_pays_a_refused_refund_in_cash_sees_it_before(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with person(tmp_path, {TenderKind.WECHAT: gateway}, staff=True, approvals=SUPERVISED) as at:
        await at.types("sue", SUE.pin)
        receipt = await sold_by_two(at)
        await at.presses("F9")
        gateway.mood = Mood.REFUSE
        await at.types("1", receipt, "0", "1")
        await at.until(lambda: not at.screen._tasks)
        await at.presses("sign_out")
        await at.types("young", "1472")
        await at.presses("F9")
        await at.types("5", "1", "1")
        for pane in await asked_to_approve(at):
            assert "现金 ￥17.99" in pane
        await at.types(SUE.pin)
        assert "Hand out ￥17.99 in cash." in notice(at)
        assert "17.99" in (await at.shown())["sum"], "as large as change"
        await at.types("")
        assert "17.99" not in (await at.shown())["sum"]


async def set_refund(at: Person, state: str) -> None:
    """Have the payment service's answer to the refund be another."""
    await at.store.database.run(
        lambda db: db.execute("UPDATE payment_attempt SET state = ? WHERE pays_back <> ''", (state,))
    )


async def test_a_return_that_a_service_refused_whole_is_left_undone_and_one_in_part_is_not(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with person(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        receipt = await sold_by_two(at)
        await at.presses("F9")
        gateway.mood = Mood.REFUSE
        await at.types("1", receipt, "0", "1")
        await at.until(lambda: not at.screen._tasks)
        await set_refund(at, "paid")
        await at.presses("F9")
        await at.types("5", "1", "", "2")
        assert at.told == "refund_moved"
        await set_refund(at, "refused")
        await at.types("2")
        assert "Nothing came back" in notice(at)
        assert await at.till.returns.waiting() == []
        view = await at.till.returns.find(receipt)
        assert [line.left for line in view.lines] == [1, 1]  # type: ignore[union-attr]


async def everything_kept(at: Person) -> list[str]:
    """Return all there is on the disk."""
    return await at.store.database.read(lambda db: list(db.iterdump()))


@pytest.mark.parametrize("way", [by_receipt, without_receipt, as_exchange, last_undone])
async def test_esc_leaves_a_return_or_an_undoing_at_every_question_with_nothing_changed(
    tmp_path: Path, way: object
) -> None:
    policies = {"approvals": SUPERVISED, "no_receipt_max": 10_000, "return_reasons": reasons("bad")}
    async with person(tmp_path, staff=True, **policies) as at:
        await at.types("young", "1472")
        await way(at)  # type: ignore[operator]
        await at.types("1")
        assert at.asked == "staff"
        await at.types("sue")
        before = await everything_kept(at)
        for _ in range(12):
            if not at.asked:
                break
            await at.presses("Escape")
        assert at.asked == ""
        assert await everything_kept(at) == before
