"""A shift and the baskets put aside in it, by keys: opened, counted, closed; held with something to weigh, taken up."""

from __future__ import annotations

from pathlib import Path

from edge_agent.till.shifts.results import ShiftReport
from tests.edge.person import person
from tests.edge.tills import APPLES, MILK, PORK


async def test_shift_is_counted_and_closed_by_keys(tmp_path: Path) -> None:
    async with person(tmp_path, shifts="required", denominations=[10_000, 100]) as at:
        await at.presses("F10")
        await at.types("1", "100")
        await at.scans(APPLES)
        await at.presses("+")
        await at.types("")
        await at.scans(MILK)
        await at.presses("F4")
        await at.types("")
        await at.presses("F10")
        await at.types("7")
        assert at.asked == "count", "the drawer is counted first"
        await at.types("1", "5")
        assert at.asked == "shift"
        await at.types("7")
        assert at.asked == "held_choice"
        await at.types("1")
        assert at.asked == "report"
        report = at.detail
        assert isinstance(report, ShiftReport)
        assert (report.counted_minor, report.difference_minor) == (10_500, 0)


async def test_goods_scanned_without_a_shift_lead_to_opening_one(tmp_path: Path) -> None:
    async with person(tmp_path, shifts="required") as at:
        await at.presses("F6")
        await at.scans(APPLES)
        assert (at.asked, at.told) == ("check", ""), "prices are told"
        assert at.detail is not None
        await at.presses("Escape", "Escape")
        for attempt in (lambda: at.scans(APPLES), lambda: at.types(APPLES)):
            await attempt()
            assert (at.told, at.asked, await at.lines()) == ("shift_needed", "float", [])
            assert at.screen.sound == "refused"
            await at.presses("Escape")
            assert "未开班" in (await at.shown())["lines"]
        await at.presses("F10")
        await at.types("1", "100")
        await at.scans(APPLES)
        assert await at.lines() == [("1001", 1)]


async def test_a_held_line_that_is_not_weighed_is_weighed_when_it_is_taken_up(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(APPLES, PORK)
        assert at.asked == "weigh"
        await at.presses("Escape", "F4")
        await at.types("7")
        assert await at.lines() == []
        await at.presses("F5")
        assert "1 行待称" in (await at.shown())["pane"]
        await at.types("1")
        assert at.asked == "weigh", "first of all"
        await at.puts(500)
        assert await at.lines() == [("1001", 1), (PORK, 500)]
        await at.presses("+")
        assert at.asked == "pay"


async def test_basket_on_hold_comes_back(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.presses("F5")
        assert at.told == "nothing_held"
        await at.scans(APPLES)
        await at.presses("F4")
        await at.types("7")
        assert await at.lines() == []
        await at.presses("F5")
        assert "收银台 1，" in (await at.shown())["pane"], "by the number on its head, not by its id"
        await at.types("1")
        assert await at.lines() == [("1001", 1)]


async def test_key_for_the_drawer_opens_it_with_a_reason(tmp_path: Path) -> None:
    async with person(tmp_path, keys={"no_sale": "F9"}, shifts="required") as at:
        await at.presses("F10")
        await at.types("1", "100")
        await at.presses("F9")
        assert at.asked == "reason"
        await at.types("change")
        assert (at.asked, at.screen.sound) == ("", "accepted")
        view = await at.till.drawer.view()
        assert view is not None
        await at.presses("F10")
        await at.types("6")
        assert isinstance(at.detail, ShiftReport)
        assert at.detail.totals.no_sales == 1
