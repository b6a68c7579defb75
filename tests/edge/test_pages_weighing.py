"""The whole story of weighing at a till's screen: a scale that fails, a tare that comes late, the same weight again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from edge_agent.devices.ports import DeviceState, Weight, WeightProblem
from edge_agent.devices.scales.advice import CONDITIONS, WEIGHTS
from edge_agent.devices.scales.health import ZERO_DRIFT
from edge_agent.devices.scales.simulated import SimulatedScale
from edge_agent.devices.scales.weighing import weighing_seal
from edge_agent.receipt.compose import compose
from edge_agent.station import Station
from edge_agent.till.returning.results import Foreseen
from edge_agent.till.selling.scaled import BROKEN
from edge_agent.web.shop import DeviceSeen
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.desired import DeviceBinding
from shared.wire.till_events import AdjustmentKind
from tests.edge.device_bench import DeviceBench, supervised
from tests.edge.person import Person, person
from tests.edge.test_till_history import sales_of
from tests.edge.tills import APPLES, PORK
from tests.edge.waiting import until

QUICK: dict[str, bool | int | str | list[str]] = {"weighs.request_ms": 10, "weighs.answer_ms": 100}
SCALE = DeviceBinding(device="scale", profile="simulated_scale", transport="simulated", settings=QUICK)


@dataclass
class Weighing:
    """Somebody at a till with a simulated scale on a simulated cable."""

    at: Person
    bench: DeviceBench
    scale: SimulatedScale

    async def shows(self, grams: int | None, *problems: WeightProblem) -> None:
        def seen() -> bool:
            now = self.at.till.scaled.now
            return now is not None and (now.grams, now.problems) == (grams, problems)

        await until(seen, f"{grams} g, {problems}")

    async def line(self, n: int) -> int:
        view = await self.at.till.view()
        assert view is not None
        return next(line.quantity for line in view.priced.lines if line.n == n)


@asynccontextmanager
async def with_scale(folder: Path, step_g: int = 5, **policies: object) -> AsyncIterator[Weighing]:
    scale_here = msgspec.structs.replace(SCALE, settings=QUICK | {"weighs.step_g": step_g})
    async with person(folder, None, **policies) as at, supervised() as bench:
        station = Station(at.till, bench.supervisor)
        station.screen = at.screen
        bench.supervisor.bind("t1", (scale_here,), station.heard)
        await bench.is_in(DeviceState.IDLE, "scale")
        scale = bench.cable("scale").far_end
        assert isinstance(scale, SimulatedScale)
        yield Weighing(at, bench, scale)


async def decided(at: Person) -> list[tuple[AdjustmentKind, int, str, str]]:
    """Pay, and return what the sale keeps of weights that somebody answers for."""
    await at.presses("+")
    await at.types("")
    (sale,) = await sales_of(at.store)
    return [(one.kind, one.line, one.by, one.approved_by) for one in sale.adjustments]


async def test_a_scale_that_is_unplugged_lets_the_weight_be_typed_in_and_the_sale_says_so(tmp_path: Path) -> None:
    async with with_scale(tmp_path) as by:
        at = by.at
        await by.shows(0)
        await at.scans(PORK)
        await at.types("1.236")
        assert at.told == "", "a scale that works says the weight itself"
        assert (at.asked, await by.line(1)) == ("weigh", 0)
        await by.bench.cable("scale").unplug()
        await by.shows(None, WeightProblem.SILENT)
        await at.types("")
        assert at.told == "weight_silent"
        assert "可手工输入重量" in (await at.shown())["pane"]
        await at.types("1.236")
        assert (at.asked, await by.line(1)) == ("", 1_236)
        assert await decided(at) == [(AdjustmentKind.WEIGHT_BY_HAND, 1, "c1", "")]
        (sale,) = await sales_of(at.store)
        store = at.store
        paper = await store.database.read(lambda db: compose(db, store.settings, store.books, sale.id, 0))
        assert "手工输入重量" in to_text(lay_out(paper, 32))


async def test_without_any_scale_a_typed_weight_is_how_it_is_done(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(PORK)
        await at.types("1.236")
        assert await at.lines() == [(PORK, 1_236)]
        assert await decided(at) == []


@pytest.mark.parametrize(
    "problem",
    [
        WeightProblem.SILENT,
        WeightProblem.FAULT,
        WeightProblem.UNREADABLE,
        WeightProblem.WARMING_UP,
        WeightProblem.OVERLOAD,
        WeightProblem.OUT_OF_RANGE,
    ],
)
async def test_only_what_nobody_can_mend_at_the_platform_lets_a_weight_be_typed(
    tmp_path: Path, problem: WeightProblem
) -> None:
    async with person(tmp_path) as at:
        await at.scans(PORK)
        at.till.scaled.note(Weight(None, stable=False, problems=(problem,)))
        at.screen.weighed()
        assert WEIGHTS[problem].next_zh in (await at.shown())["pane"]
        await at.types("1.236")
        assert bool(at.asked) is (problem not in BROKEN)


async def test_a_line_that_was_left_unweighed_is_weighed_later_by_enter_or_before_paying(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(PORK)
        await at.presses("Escape")
        assert at.asked == ""
        await at.types("")
        assert at.asked == "weigh"
        await at.scans(APPLES)
        assert at.asked == ""
        await at.presses("+")
        assert (at.asked, at.told) == ("weigh", "weight_missing")
        await at.presses("Escape", "ArrowUp")
        await at.types("")
        assert at.asked == "weigh"
        await at.types("0.500")
        assert await at.lines() == [(PORK, 500), ("1001", 1)]
        await at.presses("+")
        assert at.asked == "pay"


async def test_a_tare_may_come_after_the_goods_lay_still_and_after_they_are_gone(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.puts(1_236)
        await at.scans(PORK)
        assert await at.lines() == [(PORK, 1_236)], "they lay still already"
        await at.types("-0.036")
        assert (await at.lines(), at.told) == ([(PORK, 1_200)], "")
        await at.puts(0)
        await at.types("-0.050")
        assert await at.lines() == [(PORK, 1_186)], "another tare takes the place of the first"
        await at.types("-1.236")
        assert (await at.lines(), at.told) == ([(PORK, 1_186)], "tare_range")
        await at.scans(APPLES)
        await at.types("-0.036")
        assert at.told == "tare_line"
        await at.presses("ArrowUp")
        await at.types("-0.036")
        assert (await at.lines())[0] == (PORK, 1_200)


async def test_a_tare_before_the_goods_waits_for_them(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(PORK)
        await at.presses("Escape")
        await at.types("-0.036")
        assert at.asked == "weigh"
        await at.puts(1_236)
        assert await at.lines() == [(PORK, 1_200)]


@pytest.mark.parametrize("gives_up", [("Delete",), ()])
async def test_goods_whose_line_was_taken_out_may_be_weighed_again(tmp_path: Path, gives_up: tuple[str, ...]) -> None:
    async with person(tmp_path) as at:
        await at.puts(1_236)
        await at.scans(PORK)
        if gives_up:
            await at.presses(*gives_up)
        else:
            await at.till.void_basket()
        await at.scans(PORK)
        assert await at.lines() == [(PORK, 1_236)]


async def test_the_same_weight_again_needs_a_supervisor_who_is_named_in_the_sale(tmp_path: Path) -> None:
    async with with_scale(tmp_path, staff=True) as by:
        at = by.at
        await at.types("anna", "2580")
        by.scale.put(700)
        await by.shows(700)
        await at.scans(PORK)
        assert await by.line(1) == 700
        await at.scans(PORK)
        assert at.asked == "weigh"
        await at.types("")
        assert (at.asked, await by.line(2)) == ("unchanged", 0)
        await at.types("")
        assert at.told == "not_said", "Enter alone releases nothing"
        await at.types("1")
        assert at.asked == "staff"
        await at.types("young", "1472")
        assert (at.told, await by.line(2)) == ("approval_too_low", 0)
        await at.types("1", "sue", "3690")
        assert (at.asked, await by.line(2)) == ("", 700)
        assert await decided(at) == [(AdjustmentKind.WEIGHT_REPEATED, 2, "anna", "sue")]


async def test_other_goods_are_weighed_though_the_same_weight_was_just_asked_about(tmp_path: Path) -> None:
    async with with_scale(tmp_path) as by:
        at = by.at
        by.scale.put(700)
        await by.shows(700)
        await at.scans(PORK, PORK)
        await at.types("")
        assert at.asked == "unchanged"
        by.scale.put(450)
        await until(lambda: at.asked == "", "the next goods")
        assert (await by.line(1), await by.line(2)) == (700, 450)
        assert await decided(at) == []


async def test_a_till_where_nobody_signs_in_still_has_to_say_that_they_are_others(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.puts(700)
        await at.scans(PORK, PORK)
        await at.types("", "1")
        assert await at.lines() == [(PORK, 700), (PORK, 700)]
        assert await decided(at) == [(AdjustmentKind.WEIGHT_REPEATED, 2, "c1", "")]


async def test_the_scale_is_zeroed_and_tared_from_the_till_and_the_weighing_code_is_named(tmp_path: Path) -> None:
    async with with_scale(tmp_path) as by:
        at = by.at
        by.scale.put(36)  # an empty box
        await by.shows(36)
        await at.presses("scale")
        await at.types("2")
        await by.shows(0)
        by.scale.put(-3)
        await by.shows(-3, WeightProblem.NEGATIVE)
        await at.scans(PORK)
        await at.types("")
        assert at.told == "weight_negative"
        by.scale.put(-4)
        await by.shows(-4, WeightProblem.NEGATIVE)
        await until(lambda: at.told == "", "what was said of another weight to go")
        await at.presses("F9")
        await by.shows(0)
        assert at.asked == "weigh"
        pane = (await at.shown())["pane"]
        assert weighing_seal().version in pane
        assert weighing_seal().hash[:12] in pane
        assert {b"<ZK>\t", b"<TK>\t"} <= set(by.bench.cable("scale").written)


async def test_a_weight_that_flickers_while_it_is_taken_is_taken_once(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(PORK)
        before = at.screen.sounds
        for grams in (700, 705, 700):
            at.till.scaled.note(Weight(grams, stable=True))
            at.screen.weighed()
        await at.until(lambda: not at.screen._tasks)
        assert (at.screen.sounds - before, await at.lines()) == (1, [(PORK, 700)])


async def test_a_till_whose_scale_takes_nothing_says_which_key_to_press(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.presses("scale")
        assert (at.asked, at.told) == ("", "scale_by_its_key")


async def test_a_line_is_weighed_again_when_it_is_chosen(tmp_path: Path) -> None:
    """The box lay there alone when its goods were scanned: 36 g of pork."""
    async with person(tmp_path) as at:
        await at.puts(36)
        await at.scans(PORK, APPLES)
        await at.puts(1_236)
        assert (await at.lines())[0] == (PORK, 36)
        await at.types("")
        assert at.asked == ""
        await at.presses("ArrowUp")
        await at.presses("ArrowUp")
        await at.types("", "")
        assert (await at.lines())[0] == (PORK, 1_236)


async def test_the_guard_steps_as_the_scale_does(tmp_path: Path) -> None:
    """A scale of 20 g steps flickers by 20 g: that is no other goods."""
    async with with_scale(tmp_path, step_g=20) as by:
        at = by.at
        by.scale.put(700)
        await by.shows(700)
        await at.scans(PORK)
        by.scale.put(720)
        await by.shows(720, WeightProblem.SAME_WEIGHT)


async def test_what_a_scale_says_of_itself_stands_in_the_foot(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        seen = DeviceSeen("scale", "idle", "scales", (ZERO_DRIFT,))
        assert CONDITIONS[ZERO_DRIFT].zh in (await at.shown(seen))["foot"]
        assert CONDITIONS[ZERO_DRIFT].zh not in (await at.shown())["foot"]


async def test_goods_without_a_receipt_are_named_and_weighed_as_they_are_scanned(tmp_path: Path) -> None:
    async with with_scale(tmp_path, no_receipt_max=100_000) as by:
        at = by.at
        await at.presses("F9")
        await at.types("3")
        assert at.asked == "goods"
        await at.scans("6900000000007")
        assert (at.asked, at.told) == ("goods", "goods_unknown")
        await at.types(f"2*{APPLES}")
        await at.scans(PORK)
        assert at.asked == "goods_weight"
        await at.types("0.5")
        assert at.asked == "goods_weight", "the scale works: it says the weight"
        await at.types("")
        assert at.told == "weight_empty"
        by.scale.put(500)
        await until(lambda: at.asked == "goods", "the weight")
        assert "五花肉，0.500 kg" in (await at.shown())["pane"]
        await at.types(f"3*{PORK}")
        assert at.told == "weighed_times"
        await at.types("")
        assert isinstance(at.detail, Foreseen)
        assert [(one.item, one.quantity, one.minor) for one in at.detail.goods] == [
            ("1001", 2, 900),
            (PORK, 500, 1_799),  # members pay 35.98 a kilogram
        ]


async def test_goods_of_a_till_without_scale_are_weighed_by_hand(tmp_path: Path) -> None:
    async with person(tmp_path, no_receipt_max=100_000) as at:
        await at.presses("F9")
        await at.types("3", PORK, "nothing")
        assert at.asked == "goods_weight"
        await at.types("0.5", "")
        assert isinstance(at.detail, Foreseen)
        assert at.detail.total_minor == 1_799


async def test_a_part_of_what_was_weighed_comes_back_by_receipt(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.puts(1_236)
        await at.scans(PORK)
        await at.presses("+")
        await at.types("")
        assert at.screen.paid is not None
        receipt = at.screen.paid.receipt
        await at.presses("F9")
        await at.types("1", receipt, "1", "1.237")
        assert at.asked == "part", "more than there is"
        await at.types("0.236", "0")
        assert isinstance(at.detail, Foreseen)
        assert (at.detail.goods[0].quantity, at.detail.total_minor) == (236, 944)  # its share of 49.42
        await at.types("1")
        await at.presses("F9")
        await at.types("1", receipt, "1", "", "0")
        assert isinstance(at.detail, Foreseen)
        assert (at.detail.goods[0].quantity, at.detail.total_minor) == (1_000, 4_942 - 944)
