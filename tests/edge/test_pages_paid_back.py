"""What the till says of money that goes back with goods: each way's amount, before approval and after, late too."""

from __future__ import annotations

import asyncio
from gettext import NullTranslations
from pathlib import Path

from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from edge_agent.web.screen.saying import said
from shared.web.words import Speech
from shared.wire.events import TenderKind
from tests.edge.person import Person, person
from tests.edge.staffing import SUE
from tests.edge.tills import APPLES, MILK

EN = Speech("en", NullTranslations())


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
        await at.types("1", receipt, "1")
        assert at.asked == "staff"
        asked = said(at.screen.question.note, EN)  # type: ignore[union-attr]
        assert "Goes back: Cash 2.00 · WeChat Pay " in asked
        await at.types("sue", SUE.pin)
        await at.until(lambda: "Paid back" in notice(at))
        assert "Cash 2.00 · WeChat Pay " in notice(at)
        assert "Hand out 2.00 in cash." in notice(at)
        await at.screen.attend()
        assert "Paid back" in notice(at)


async def test_a_slow_refund_still_says_in_the_end_what_to_hand_out(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with person(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        receipt = await sold_by_two(at)
        await at.presses("F9")
        await at.types("1", receipt)
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
        assert "Hand out 2.00 in cash." in notice(at)


async def test_a_refund_that_waits_says_how_its_money_goes_back(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with person(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        receipt = await sold_by_two(at)
        await at.presses("F9")
        gateway.mood = Mood.REFUSE
        await at.types("1", receipt, "1")
        await at.until(lambda: not at.screen._tasks)
        assert (at.told, at.asked) == ("refund_refused", "")
        assert "Goes back: Cash 2.00 · WeChat Pay " in notice(at)
