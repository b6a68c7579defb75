"""The watchdog's food: what systemd hears over its real socket, and that nothing but progress feeds it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent import configuration
from edge_agent.watchdog import Pulse, ServiceManager, feed, page_pulse
from tests.edge.agents import running
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import book, ready
from tests.edge.tills import store_settings
from tests.factories import START_MS

_QUICK_USEC = 150_000


class Listener:
    """Systemd's end of the socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.manager = ServiceManager(str(path), _QUICK_USEC)

    async def hears(self, wanted: str) -> list[str]:
        """Return what is said up to and with the first message that contains `wanted`."""
        said: list[str] = []
        async with asyncio.timeout(10):
            while not said or wanted not in said[-1]:
                said.append((await asyncio.get_running_loop().sock_recv(self.socket, 4096)).decode())
        return said


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Listener]:
    made = Listener(tmp_path / "notify")
    yield made
    made.socket.close()


async def well() -> None:
    """Get on."""


@asynccontextmanager
async def fed(manager: ServiceManager, **pulses: Pulse) -> AsyncIterator[None]:
    task = asyncio.create_task(feed(manager, pulses))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_p10_ready_comes_first_and_food_while_all_parts_get_on(systemd: Listener) -> None:
    async with fed(systemd.manager, disk=well, tills=well):
        first = await systemd.hears("WATCHDOG=1")
        assert [message.splitlines()[0] for message in first] == ["READY=1", "WATCHDOG=1"]
        again = await systemd.hears("WATCHDOG=1")
        assert not any("READY" in message for message in again)


@pytest.mark.parametrize("fault", ["hangs", "fails"])
async def test_p10_a_part_that_does_not_get_on_stops_the_food_and_is_named(systemd: Listener, fault: str) -> None:
    """A living process is not enough: an endless wait in one part must end in a restart by systemd."""
    stuck = asyncio.Event()

    async def disk() -> None:
        if stuck.is_set():
            if fault == "fails":
                raise OSError("input/output error")
            await asyncio.Event().wait()

    async with fed(systemd.manager, disk=disk, tills=well):
        await systemd.hears("WATCHDOG=1")
        stuck.set()
        await systemd.hears("No progress: disk")
        silence = await systemd.hears("No progress: disk")
        assert not any("WATCHDOG" in message for message in silence)
        stuck.clear()
        if fault == "fails":
            await systemd.hears("WATCHDOG=1")


async def test_agent_that_nobody_waits_for_says_nothing() -> None:
    await asyncio.wait_for(feed(ServiceManager(), {"disk": well}), 1)


async def test_service_manager_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    ServiceManager(str(tmp_path / "nobody")).say(WATCHDOG="1")


@pytest.mark.parametrize(
    ("environment", "address", "usec"),
    [
        ({}, "", 0),
        ({"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": "60000000"}, "/run/systemd/notify", 60_000_000),
        ({"NOTIFY_SOCKET": "@abstract"}, "@abstract", 0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, "", 0),
    ],
)
def test_address_and_period_come_from_systemds_variables(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str, usec: int
) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert configuration.service_manager() == ServiceManager(address, usec)


def test_abstract_address_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")  # the kernel chooses a name
        listening.settimeout(5)
        ServiceManager("@" + listening.getsockname()[1:].decode()).say(READY="1")
        assert listening.recv(100) == b"READY=1"


async def test_pages_that_answer_are_a_pulse_and_silent_ones_are_not() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        await page_pulse(port)()
    with pytest.raises(OSError):  # noqa: PT011 - whatever the kernel says of a port where nobody listens
        await page_pulse(port)()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("pages", [False, True])
async def test_p10_whole_agent_says_ready_once_its_tills_are_open(
    tmp_path: Path, systemd: Listener, monkeypatch: pytest.MonkeyPatch, pages: bool
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", systemd.manager.address)
    monkeypatch.setenv("WATCHDOG_USEC", "6000000")
    hq = MemoryHq(store_settings())
    hq.timeline = [entry(hq.bodies, 1, book(), START_MS)]
    async with running(tmp_path, hq, web_port=free_port() if pages else None) as agent:
        await systemd.hears("READY=1")
        await ready(agent)
        await systemd.hears("WATCHDOG=1")
