"""Devices under supervision: they come and go, nobody restarts anything, no completed scan is lost."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from edge_agent.devices.binding import Reach
from edge_agent.devices.ports import (
    ByteStream,
    DeviceMisconfigured,
    DeviceState,
    DeviceUnavailable,
    PowerState,
    Reading,
    ScanCut,
    Scanned,
)
from edge_agent.devices.scanners.lines import LineScanner
from edge_agent.devices.transports.refusals import not_opened
from edge_agent.devices.transports.simulated import SimulatedTransport
from shared.device_profile import DeviceProfile
from shared.wire.desired import DeviceBinding
from tests.edge.device_bench import SIMULATED, supervised
from tests.edge.waiting import until


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b"6901234567892\r", ["6901234567892"]),
        (b"6901234567892\r\n1234\n", ["6901234567892", "1234"]),
        (b"1234\t5678\r", ["1234", "5678"]),
        (b"\r\n\t", []),
        (b"\xff\xfe12\r", ["��12"]),
        ("会员卡\r".encode(), ["会员卡"]),
        (b"half", []),
    ],
)
def test_line_scanner(content: bytes, texts: list[str]) -> None:
    assert LineScanner().feed(content) == [Scanned(text) for text in texts]


@given(st.lists(st.binary(max_size=20), max_size=8), st.data())
def test_any_cut_reads_the_same(codes: list[bytes], data: st.DataObject) -> None:
    stream = b"\r".join(codes)
    whole = LineScanner().feed(stream)
    cut, scanner, at = list[Reading](), LineScanner(), 0
    while at < len(stream):
        size = data.draw(st.integers(1, 7))
        cut += scanner.feed(stream[at : at + size])
        at += size
    assert cut == whole


def test_overlong_code_is_cut_and_the_next_one_read() -> None:
    scanner = LineScanner()
    assert scanner.feed(b"9" * 600 + b"\r1234\r") == [ScanCut("scan_too_long"), Scanned("1234")]


async def test_p10_twenty_scans_at_once_are_all_heard_in_order() -> None:
    async with supervised(SIMULATED) as bench:
        for number in range(20):
            await bench.cable().press(b"%04d\r" % number)
        await until(lambda: len(bench.heard) == 20, "20 scans")
    assert bench.heard == [Scanned(f"{number:04}") for number in range(20)]


async def test_p10_unplug_in_a_code_is_announced_and_the_device_comes_back() -> None:
    async with supervised(SIMULATED) as bench:
        await bench.is_in(DeviceState.IDLE)
        before = bench.changes
        with capture_logs() as logs:
            for _ in range(25):
                await bench.cable().press(b"1234\r69012")
                await bench.cable().unplug()
                await bench.is_in(DeviceState.CLOSED)
                assert bench.device().standing.power is PowerState.OFF
                with pytest.raises(DeviceUnavailable):
                    await bench.cable().press(b"lost")
                bench.cable().plug()
                await bench.is_in(DeviceState.IDLE)
        assert bench.device().statistics() == {"good_reads": 25, "cut_reads": 25, "unplugs": 25}
    assert bench.heard == [Scanned("1234"), ScanCut("scan_cut")] * 25
    assert bench.changes - before == 50
    assert [entry["event"] for entry in logs] == ["device_away", "device_ready"] * 25


async def test_p10_absent_device_is_said_once_however_often_it_was_tried() -> None:
    absent = DeviceBinding(device="scanner", profile="serial_line", transport="serial", address="/dev/serial/by-path/x")
    with capture_logs() as logs:
        async with supervised(absent) as bench:
            await bench.is_in(DeviceState.CLOSED)
            for _ in range(5):
                count = bench.hotplug.count
                bench.kernel.announce()
                await until(lambda: bench.hotplug.count > count, "the announcement")  # noqa: B023 - awaited at once
    assert [(entry["event"], entry["device"]) for entry in logs] == [("device_away", "t1/scanner")]
    assert "nothing is plugged in at /dev/serial/by-path/x" in logs[0]["reason"]


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        (DeviceBinding(device="scanner", profile="nothing_such", transport="serial"), "no profile of 'nothing_such'"),
        (DeviceBinding(device="scanner", profile="serial_line", transport="pigeon"), "not by 'pigeon'"),
        (
            DeviceBinding(device="scanner", profile="serial_line", transport="serial", address="x", role="other"),
            "no role",
        ),
        (
            DeviceBinding(device="scanner", profile="serial_line", transport="simulated", settings={"serial.bits": 9}),
            r"\$\.serial\.bits",
        ),
        (DeviceBinding(device="scanner", profile="serial_line", transport="tcp", address="no port:x"), "host:port"),
        (
            DeviceBinding(device="scanner", profile="serial_line", transport="tcp", address="x" * 70),
            "no name of a host",
        ),
        (DeviceBinding(device="scanner", profile="serial_line", transport="serial", address="a\0b"), "is no place"),
        (
            DeviceBinding(device="scanner", profile="serial_line", transport="simulated", settings={"serial": 9600}),
            "$.serial",
        ),
        (
            DeviceBinding(
                device="scanner", profile="serial_line", transport="simulated", settings={"serial.baud": 10**12}
            ),
            "$.serial.baud",
        ),
        (
            DeviceBinding(device="scanner", profile="usb_keyboard", transport="evdev", settings={"keys.layout": "xx"}),
            "no keyboard layout 'xx'",
        ),
    ],
)
async def test_what_hq_must_correct_is_an_error_with_words(binding: DeviceBinding, words: str) -> None:
    async with supervised(binding) as bench:
        await bench.is_in(DeviceState.ERROR)
        assert words.replace("\\", "") in bench.device().standing.reason


async def test_misconfigured_when_opened_is_an_error_and_tried_again() -> None:
    tried = 0

    class Wrong:
        name = "wrong"

        @asynccontextmanager
        async def opened(self) -> AsyncIterator[ByteStream]:
            nonlocal tried
            tried += 1
            raise DeviceMisconfigured("no such port")
            yield

    class WrongReach(Reach):
        def transport(self, name: str, binding: DeviceBinding, profile: DeviceProfile) -> Any:
            return Wrong()

    async with supervised() as bench:
        bench.supervisor._reach = WrongReach(bench.hotplug, bench.supervisor._clock)
        bench.supervisor.bind("t1", [SIMULATED], bench.hear)
        await bench.is_in(DeviceState.ERROR)
        await until(lambda: tried >= 3, "three tries")
        assert bench.device().standing.reason == "no such port"
        assert bench.device().statistics() == {"errors": 1}


async def test_change_of_one_binding_leaves_the_other_device_alone() -> None:
    card = DeviceBinding(device="cards", profile="simulated_scanner", transport="simulated", role="member_card")
    async with supervised(SIMULATED, card) as bench:
        await bench.is_in(DeviceState.IDLE)
        scanner, first_card = bench.device(), bench.device("cards")
        await bench.cable("cards").press(b"1\r")
        await until(lambda: len(bench.heard) == 1, "a card")
        bench.supervisor.bind("t1", [SIMULATED, DeviceBinding(**{**_fields(card), "role": "goods"})], bench.hear)
        await until(lambda: bench.device("cards") is not first_card, "the new binding")
        assert bench.device() is scanner
        assert bench.device("cards").statistics()["good_reads"] == 1, "what was counted of the place is kept"
        bench.supervisor.bind("t1", [SIMULATED], bench.hear)
        await until(lambda: bench.supervisor.devices == [scanner], "the card reader to go")
        bench.supervisor.unbind("t1")
        await until(lambda: not bench.supervisor.devices, "all to go")


def _fields(binding: DeviceBinding) -> dict[str, Any]:
    return {name: getattr(binding, name) for name in binding.__struct_fields__}


async def test_two_devices_cannot_have_one_place() -> None:
    one = DeviceBinding(device="a", profile="serial_line", transport="serial", address="/dev/serial/by-path/1")
    other = DeviceBinding(device="b", profile="serial_line", transport="serial", address="/dev/serial/by-path/1")
    async with supervised(one, other) as bench:
        await bench.is_in(DeviceState.ERROR, "b")
        assert bench.device("b").standing.reason == "/dev/serial/by-path/1 is bound to t1/a already"
        bench.supervisor.bind("t1", [other], bench.hear)
        await bench.is_in(DeviceState.CLOSED, "b")


async def test_cancelled_read_loses_nothing() -> None:
    cable = SimulatedTransport("scanner")
    async with cable.opened() as stream:
        for number in range(50):
            reading = asyncio.create_task(stream.read())
            await asyncio.sleep(0)
            await cable.press(b"%d" % number)
            reading.cancel()
            taken = await asyncio.gather(reading, return_exceptions=True)
            if isinstance(taken[0], BaseException):
                taken = [await stream.read()]
            assert taken == [b"%d" % number]


async def test_stuck_device_says_nothing_until_it_goes_on() -> None:
    async with supervised(SIMULATED) as bench:
        await bench.is_in(DeviceState.IDLE)
        await bench.cable().stuck(stuck=True)
        await bench.cable().press(b"1234\r")
        bench.cable().garbage(b"\x07\r")
        await bench.cable().press(b"5678\r")
        assert bench.heard == []
        await bench.cable().stuck(stuck=False)
        await until(lambda: len(bench.heard) == 2, "both codes")
    assert bench.heard == [Scanned("1234"), Scanned("\x07")]


async def test_slow_device_unplugged_in_the_middle_says_half_a_code() -> None:
    async with supervised(SIMULATED) as bench:
        await bench.is_in(DeviceState.IDLE)
        await bench.cable().press(b"69012")
        bench.cable().slow(60_000)
        pressing = asyncio.create_task(bench.cable().press(b"34567892\r"))
        await asyncio.sleep(0)  # one turn of the loop: the pressing has begun
        await bench.cable().unplug()
        await pressing
        await bench.is_in(DeviceState.CLOSED)
    assert bench.heard == [ScanCut("scan_cut")]


async def test_reading_and_standing_are_seen_by_who_watches() -> None:
    async with supervised(SIMULATED) as bench:
        await bench.is_in(DeviceState.IDLE)
        with bench.supervisor.watched() as seen:
            await bench.cable().press(b"1234\r")
            assert (await asyncio.wait_for(seen.get(), 5)).reading == Scanned("1234")
            await bench.cable().unplug()
            assert (await asyncio.wait_for(seen.get(), 5)).reading is None


class _NotYetOurs(Reach):
    """Devices that udev has not handed over until they were tried so often."""

    tries = 3

    def transport(self, name: str, binding: DeviceBinding, profile: DeviceProfile) -> Any:
        real = super().transport(name, binding, profile)
        reach = self

        class Forbidden:
            name = real.name

            @asynccontextmanager
            async def opened(self) -> AsyncIterator[ByteStream]:
                reach.tries -= 1
                if reach.tries >= 0:
                    raise not_opened(name, "/dev/hidraw0", PermissionError(errno.EACCES, "Permission denied"))
                async with real.opened() as stream:
                    yield stream

        return Forbidden()


async def test_device_that_udev_has_not_handed_over_yet_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async with supervised() as bench:
        bench.supervisor._reach = reach = _NotYetOurs(bench.hotplug, bench.supervisor._clock)
        bench.supervisor.bind("t1", [SIMULATED], bench.hear)
        await bench.is_in(DeviceState.IDLE)
        assert "errors" not in bench.device().statistics()
    monkeypatch.setattr("edge_agent.devices.device._HANDOVER_SECONDS", 0.05)
    async with supervised() as bench:
        bench.supervisor._reach = reach = _NotYetOurs(bench.hotplug, bench.supervisor._clock)
        reach.tries = 1_000_000
        bench.supervisor.bind("t1", [SIMULATED], bench.hear)
        await bench.is_in(DeviceState.ERROR)
        assert "the device rules (udev) of the product are not installed" in bench.device().standing.reason


async def test_device_that_is_busy_for_a_moment_is_no_news_for_hq() -> None:
    async with supervised(SIMULATED) as bench:
        await bench.is_in(DeviceState.IDLE)
        before = bench.changes
        for _ in range(5):
            bench.device().enter(DeviceState.BUSY)
            bench.device().enter(DeviceState.IDLE)
        assert bench.changes == before
        bench.device().conditions(["paper_near_end"])
        bench.device().conditions(["paper_near_end"])
        bench.device().enter(DeviceState.ERROR, "the cover is open")
        assert bench.changes == before + 2
        assert bench.device().report().conditions == ["paper_near_end"]


async def test_p10_two_scanners_at_once_lose_no_scan() -> None:
    """Two thousand here; `python -m benchmarks.device_soak` reads a hundred thousand, and as many typed ones."""
    each = 1_000
    names = ("one", "two")
    async with supervised(
        *[DeviceBinding(device=name, profile="simulated_scanner", transport="simulated") for name in names]
    ) as bench:
        for name in names:
            await bench.is_in(DeviceState.IDLE, name)
            bench.cable(name).split(7)

        async def read_codes(name: str) -> None:
            for start in range(0, each, 50):
                codes = [f"{name}{number:06}\r" for number in range(start, start + 50)]
                await bench.cable(name).press("".join(codes).encode())

        async with asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(read_codes(name))
        await until(lambda: len(bench.heard) >= 2 * each, "every scan")
    texts = [reading.text for reading in bench.heard if isinstance(reading, Scanned)]
    for name in names:
        assert [text for text in texts if text.startswith(name)] == [f"{name}{number:06}" for number in range(each)]
