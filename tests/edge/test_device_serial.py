"""Serial devices behind real ptys: settings, locking, unplugging a thousand times without losing or leaking."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from edge_agent.devices.ports import DeviceState, DeviceUnavailable, ScanCut, Scanned
from edge_agent.devices.transports.serial_line import SerialTransport
from shared.device_profile import Parity, SerialLine
from shared.wire.desired import DeviceBinding
from tests.edge.device_bench import DeviceBench, supervised
from tests.edge.waiting import until


class Plug:
    """A USB port with a serial scanner that comes and goes: a link like udev's to whatever pty there is now."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "by-path" / "pci-0000:00:14.0-usb-0:1:1.0"
        self.path.parent.mkdir(exist_ok=True)
        self._device: int | None = None

    def plug(self) -> None:
        self._device, slave = pty.openpty()
        tty.setraw(slave)
        fresh = self.path.with_name("fresh")
        fresh.symlink_to(os.ttyname(slave))
        os.close(slave)
        fresh.rename(self.path)

    def say(self, content: bytes) -> None:
        assert self._device is not None
        os.write(self._device, content)

    def hear(self) -> bytes:
        assert self._device is not None
        return os.read(self._device, 100)

    def unplug(self) -> None:
        if self._device is not None:
            os.close(self._device)
            self._device = None
            self.path.unlink()


@contextmanager
def port(folder: Path) -> Iterator[Plug]:
    plug = Plug(folder)
    plug.plug()
    try:
        yield plug
    finally:
        plug.unplug()


def binding(plug: Plug) -> DeviceBinding:
    return DeviceBinding(device="scanner", profile="serial_line", transport="serial", address=str(plug.path))


async def cycle(bench: DeviceBench, plug: Plug, number: int) -> None:
    """Scan, pull the cable in the middle of the next code, put it back."""
    heard = len(bench.heard)
    plug.say(b"%05d\r69012" % number)
    await until(lambda: len(bench.heard) == heard + 1, f"scan {number}")
    plug.unplug()
    await bench.is_in(DeviceState.CLOSED)
    plug.plug()
    bench.kernel.announce()
    await bench.is_in(DeviceState.IDLE)


async def cycles(folder: Path, count: int) -> None:
    with port(folder) as plug:
        async with supervised(binding(plug)) as bench:
            await bench.is_in(DeviceState.IDLE)
            await cycle(bench, plug, 99_999)
            bench.heard.clear()
            held = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the kernel's own list
            tasks, threads = len(asyncio.all_tasks()), threading.active_count()
            for number in range(count):
                await cycle(bench, plug, number)
            assert [reading for reading in bench.heard if isinstance(reading, Scanned)] == [
                Scanned(f"{number:05}") for number in range(count)
            ]
            assert bench.heard.count(ScanCut("scan_cut")) == count
            assert len(os.listdir("/proc/self/fd")) == held  # noqa: PTH208
            assert len(asyncio.all_tasks()) == tasks
            await until(lambda: threading.active_count() <= threads, "the threads of the past to end")
            assert bench.device().statistics() == {
                "good_reads": count + 1, "cut_reads": count + 1, "unplugs": count + 1,
            }  # fmt: skip


async def test_p10_unplugged_scanner_is_back_and_loses_no_completed_scan(tmp_path: Path) -> None:
    await cycles(tmp_path, 50)


async def test_p10_back_within_two_seconds_of_the_announcement(tmp_path: Path) -> None:
    with port(tmp_path) as plug:
        async with supervised(binding(plug)) as bench:
            await bench.is_in(DeviceState.IDLE)
            plug.unplug()
            await bench.is_in(DeviceState.CLOSED)
            loop = asyncio.get_running_loop()
            announced = loop.time()
            bench.kernel.announce()  # the kernel speaks before udev has made its link
            loop.call_later(0.3, plug.plug)
            await bench.is_in(DeviceState.IDLE)
            assert loop.time() - announced < 2


async def test_two_identical_scanners_keep_their_roles(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with port(tmp_path / "one") as one, port(tmp_path / "two") as two:
        goods = binding(one)
        cards = DeviceBinding(
            device="cards", profile="serial_line", transport="serial", address=str(two.path), role="member_card"
        )
        async with supervised(goods, cards) as bench:
            await bench.is_in(DeviceState.IDLE)
            await bench.is_in(DeviceState.IDLE, "cards")
            for plug in (one, two):
                plug.unplug()
            await bench.is_in(DeviceState.CLOSED)
            await bench.is_in(DeviceState.CLOSED, "cards")
            for plug in (two, one):  # back in the other order: /dev/ttyUSB0 and 1 would have changed places
                plug.plug()
            bench.kernel.announce()
            await bench.is_in(DeviceState.IDLE)
            await bench.is_in(DeviceState.IDLE, "cards")
            one.say(b"6901234567892\r")
            two.say(b"8800000001\r")
            await until(lambda: len(bench.heard) == 2, "both scans")
            assert bench.device().statistics()["good_reads"] == 1
            assert bench.device("cards").statistics()["good_reads"] == 1


async def test_line_is_set_as_the_profile_says_and_held_alone(tmp_path: Path) -> None:
    with port(tmp_path) as plug:
        transport = SerialTransport("scale", lambda: plug.path, SerialLine(baud=19200, stop_bits=2))
        async with transport.opened() as stream:
            fd = os.open(plug.path, os.O_RDWR | os.O_NOCTTY)
            settings = termios.tcgetattr(fd)
            os.close(fd)
            assert settings[4] == settings[5] == termios.B19200
            assert settings[2] & termios.CSTOPB
            with pytest.raises(DeviceUnavailable, match="another program holds"):
                async with transport.opened():
                    pass
            await stream.write(b"W")
            assert plug.hear() == b"W"


async def test_seven_bits_with_parity_can_be_asked_for(tmp_path: Path) -> None:
    with port(tmp_path) as plug:
        transport = SerialTransport("scale", lambda: plug.path, SerialLine(bits=7, parity=Parity.EVEN))
        async with transport.opened() as stream:
            plug.say(b"\x02 1.234\r")
            assert await asyncio.wait_for(stream.read(), 5) == b"\x02 1.234\r"


async def test_read_under_a_time_limit_loses_nothing(tmp_path: Path) -> None:
    with port(tmp_path) as plug:
        async with SerialTransport("scanner", lambda: plug.path, SerialLine()).opened() as stream:
            for number in range(20):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.001):
                        await stream.read()
                plug.say(b"%d" % number)
                assert await asyncio.wait_for(stream.read(), 5) == b"%d" % number


async def test_device_that_takes_nothing_is_unavailable_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.devices.transports.serial_line._WRITE_SECONDS", 0.1)
    with port(tmp_path) as plug:
        async with SerialTransport("printer", lambda: plug.path, SerialLine()).opened() as stream:
            with pytest.raises(DeviceUnavailable, match="takes no bytes") as raised:
                await stream.write(b"x" * 1_000_000)  # nobody reads the pty: its buffer is full
            assert raised.value.code == "timeout"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A thousand unpluggings are two thousand lines of log."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()
