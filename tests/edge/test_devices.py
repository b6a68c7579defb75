"""Scanners: any cut of the byte stream reads the same, and a device that went comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.ports import (
    ByteStream,
    DeviceMisconfigured,
    DeviceState,
    DeviceUnavailable,
    Reading,
    ScanCut,
    Scanned,
)
from edge_agent.devices.scanner import ScannerDriver
from edge_agent.devices.scanners.lines import LineScanner
from edge_agent.devices.supervisor import Supervisor
from edge_agent.devices.transports.simulated import SimulatedTransport
from tests.edge.agents import until


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


class Watched:
    """A supervised simulated scanner and what it said."""

    def __init__(self) -> None:
        self.heard: list[Reading] = []
        self.changes = 0
        self.transport = SimulatedTransport("scanner")
        self.supervisor = Supervisor("t1/scanner", self.transport, ScannerDriver(self._hear), self._change)

    async def _hear(self, reading: Reading) -> None:
        self.heard.append(reading)

    def _change(self) -> None:
        self.changes += 1

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.supervisor.run())
        try:
            await until(lambda: self.supervisor.state is DeviceState.IDLE, "the scanner")
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_p10_twenty_scans_at_once_are_all_heard_in_order() -> None:
    watched = Watched()
    async with watched.run():
        for number in range(20):
            await watched.transport.press(b"%04d\r" % number)
        await until(lambda: len(watched.heard) == 20, "20 scans")
    assert watched.heard == [Scanned(f"{number:04}") for number in range(20)]


async def test_p10_unplug_in_a_code_is_announced_and_the_device_comes_back() -> None:
    watched = Watched()
    async with watched.run():
        for number in range(25):
            await watched.transport.press(b"1234\r69012")
            await watched.transport.unplug()
            await until(lambda: watched.supervisor.state is DeviceState.CLOSED, "the unplugging")
            with pytest.raises(DeviceUnavailable):
                await watched.transport.press(b"lost")
            watched.transport.plug()
            await until(lambda: watched.supervisor.state is DeviceState.IDLE, f"replug {number}")
    assert watched.heard == [Scanned("1234"), ScanCut("scan_cut")] * 25
    assert watched.changes == 51


async def test_misconfigured_device_is_an_error_and_tried_again() -> None:
    class Wrong:
        name = "wrong"

        @asynccontextmanager
        async def opened(self) -> AsyncIterator[ByteStream]:
            raise DeviceMisconfigured("no such port")
            yield

    watched = Watched()
    supervisor = Supervisor("t1/scanner", Wrong(), ScannerDriver(watched._hear), watched._change)
    task = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.state is DeviceState.ERROR, "the error")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert watched.changes == 1
