"""Line displays: bytes as their manuals say, the newest rows whatever happens to the cable, what a customer reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct

from device_profiles.catalogue import profile
from edge_agent.customer_rows import CustomerRows, basket_rows, paid_rows
from edge_agent.devices.displays.commands import PROTOCOLS, rows_of
from edge_agent.devices.displays.driver import LineDisplay
from edge_agent.devices.displays.simulated import SimulatedLineDisplay
from edge_agent.devices.ports import DeviceState
from edge_agent.station import Station
from edge_agent.till.results import BasketView, Paid
from shared.device_profile import Shows
from shared.wire.desired import DeviceBinding
from shared.wire.events import TenderKind
from tests.edge.device_bench import DeviceBench, supervised
from tests.edge.tills import APPLES, MILK, PORK, Store, opened_store
from tests.edge.waiting import until
from tests.factories import new_id

DISPLAY = DeviceBinding(
    device="display", profile="simulated_display", transport="simulated", settings={"shows.chinese": "none"}
)
CHINESE = DeviceBinding(device="display", profile="simulated_display", transport="simulated")
MODELS = ("epson_dm_d110", "cd5220", "ncr_5977", "simulated_display")
ASCII, GB2312 = Shows(), Shows(chinese="gb2312")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path) as store:
        yield store


# Epson DM-D110 specification; POS-X XP8200 manual, pages 12 and 19; CD5220 user's manual, 7.2; NCR 5977 user guide,
# pages 6-105 to 6-111 (B0 A2 is its own example of a Chinese character).
@pytest.mark.parametrize(
    ("protocol", "start", "shown"),
    [
        (
            "escpos_display",
            "1b 40 0c 1f 01 1f 43 00",
            f"1f 24 01 01 41 62{' 20' * 18} 1f 24 01 02 31 2e 35 30{' 20' * 16}",
        ),
        (
            "cd5220",
            "0c",
            f"1b 51 41 41 62{' 20' * 18} 0d 1b 51 42 31 2e 35 30{' 20' * 16} 0d",
        ),
        (
            "graphic_display",
            "1b 40 1f 01 1f 43 00 1f 28 67 01 02 0c",
            f"0b 41 62{' 20' * 18} 0d 0a 31 2e 35 30{' 20' * 16}",
        ),
    ],
)
def test_bytes_are_those_of_the_manuals(protocol: str, start: str, shown: str) -> None:
    commands = PROTOCOLS[protocol](Shows())
    assert commands.start().hex(" ") == start
    assert commands.show(("Ab", "1.50")).hex(" ") == shown


def test_chinese_is_told_as_ncrs_guide_says() -> None:
    commands = PROTOCOLS["graphic_display"](GB2312)
    assert commands.start().hex(" ") == "1b 40 1f 01 1f 43 00 1f 28 67 01 02 1f 28 67 02 01 1f 28 67 0f 02 0c"
    assert commands.show(("阿", "")).hex(" ").startswith("0b b0 a2 20 20")


@pytest.mark.parametrize(
    ("text", "shows", "row"),
    [
        ("五花肉 12.50", ASCII, b"?????? 12.50        "),
        ("五花肉 12.50", GB2312, "五花肉 12.50        ".encode("gb2312")),
        ("一二三四五六七八九十十", GB2312, "一二三四五六七八九十".encode("gb2312")),
        ("a一二三四五六七八九十", GB2312, "a一二三四五六七八九 ".encode("gb2312")),
        ("𠮷 ¥5", GB2312, b"?? ??5              "),
        ("￥5", GB2312, b"\xa3\xa45                 "),
    ],
)
def test_row_is_as_wide_as_the_display_and_cuts_no_character_in_half(text: str, shows: Shows, row: bytes) -> None:
    assert rows_of((text,), shows)[0] == row


@pytest.mark.parametrize("model", MODELS)
@given(rows=st.tuples(st.text(max_size=30), st.text(max_size=30)), cuts=st.lists(st.integers(1, 40), max_size=6))
def test_whatever_is_said_fills_two_rows_however_it_is_cut(model: str, rows: tuple[str, str], cuts: list[int]) -> None:
    chosen = profile(model)
    commands, display = PROTOCOLS[chosen.protocol](chosen.shows), SimulatedLineDisplay(chosen)
    rest = commands.start() + commands.show(rows)
    for cut in cuts:
        piece, rest = rest[:cut], rest[cut:]
        assert display.receive(piece) == b""
    display.receive(rest)
    codec = "ascii" if chosen.shows.chinese == "none" else chosen.shows.chinese
    assert list(display.rows) == [row.decode(codec).rstrip(" ") for row in rows_of(rows, chosen.shows)]


def _far_end(bench: DeviceBench) -> SimulatedLineDisplay:
    far = bench.cable("display").far_end
    assert isinstance(far, SimulatedLineDisplay)
    return far


async def test_newest_rows_are_shown_again_after_the_cable_was_out() -> None:
    async with supervised(DISPLAY) as bench:
        await bench.is_in(DeviceState.IDLE, "display")
        display = bench.device("display").driver
        assert isinstance(display, LineDisplay)
        for number in range(1_000):
            display.show("Apples", f"{number}")
        await until(lambda: _far_end(bench).rows == ("Apples", "999"), "the newest rows")
        await bench.cable("display").unplug()
        await bench.is_in(DeviceState.CLOSED, "display")
        _far_end(bench).lose_power()
        display.show("Milk", "12.99")
        bench.cable("display").plug()
        await until(lambda: _far_end(bench).rows == ("Milk", "12.99"), "the rows after the cable")


async def test_customer_reads_the_line_the_total_and_the_change(store: Store) -> None:
    async with supervised(DISPLAY) as bench:
        await bench.is_in(DeviceState.IDLE, "display")
        station = Station(store.till(), bench.supervisor)
        task = asyncio.create_task(CustomerRows(station).run())
        far = _far_end(bench)
        try:
            await until(lambda: far.rows == ("     Test store", ""), "the shop's name")
            await station.till.scan(APPLES)
            await until(lambda: far.rows == ("Apples          5.00", "TOTAL           5.00"), "the line")
            await station.till.scan(MILK)
            await until(lambda: far.rows[1] == "TOTAL          17.99", "the total")
            assert far.rows[0].startswith("Milk")
            await station.till.tender(TenderKind.CASH, 2000)
            await until(lambda: far.rows == ("TOTAL          17.99", "CHANGE          2.01"), "the change")
            await station.till.scan(APPLES)
            await until(lambda: far.rows[0] == "Apples          5.00", "the next customer's line")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_chinese_customers_read_chinese_where_the_display_has_it(store: Store) -> None:
    async with supervised(CHINESE) as bench:
        await bench.is_in(DeviceState.IDLE, "display")
        station = Station(store.till(), bench.supervisor)
        task = asyncio.create_task(CustomerRows(station).run())
        far = _far_end(bench)
        try:
            await station.till.scan(APPLES)
            await until(lambda: far.rows[1] == "合计            5.00", "the total in Chinese")
            await station.till.tender(TenderKind.CASH, 1000)
            await until(lambda: far.rows == ("合计            5.00", "找零            5.00"), "the change in Chinese")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_name_without_latin_letters_is_shown_by_its_number_and_figures_are_never_cut(store: Store) -> None:
    till = store.till()
    await till.scan(PORK)
    view = await till.view()
    assert isinstance(view, BasketView)
    (line,) = view.priced.lines
    chinese = {line.n: {"zh": "猪肉"}}
    shown = basket_rows(_with(view, chinese), store.settings, ASCII)[0]
    assert shown.startswith(line.item)
    assert basket_rows(_with(view, chinese), store.settings, GB2312)[0].startswith("猪肉  ")
    both = {line.n: {"en": "Pork", "zh": "猪肉"}}
    english = replace_struct(store.settings, locale="en")
    assert basket_rows(_with(view, both), english, GB2312)[0].startswith("Pork ")
    rare = {line.n: {"zh": "㸆猪肉", "en": "Pork"}}
    assert basket_rows(_with(view, rare), store.settings, GB2312)[0].startswith("Pork "), "no name in question marks"
    long = basket_rows(_with(view, {line.n: {"en": "Pork shoulder without bone"}}), store.settings, ASCII)[0]
    assert len(long) == 20
    assert long.startswith("Pork shoulder")
    large = Paid(new_id(), "r", 1_234_567_890_123_456_789, 0, 1)
    assert paid_rows(large, store.settings, ASCII) == ("12345678901234567.89", "THANK YOU")
    assert paid_rows(large, store.settings, GB2312)[1] == "谢谢惠顾"
    huge = Paid(new_id(), "r", 123_456_789_012_345_678_901, 0, 1)
    assert paid_rows(huge, store.settings, ASCII)[0] == "34567890123456789.01"


def _with(view: BasketView, names: dict[int, dict[str, str]]) -> BasketView:
    return replace(view, names=names)
