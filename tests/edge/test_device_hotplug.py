"""Hot-plug: what the kernel announces, what happens where it may not be heard, and places that keep their names."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.devices.hotplug import Announcement, HotPlug, open_netlink, parse
from edge_agent.devices.places import Roots, find_node, host_and_port
from edge_agent.devices.ports import DeviceMisconfigured, DeviceUnavailable
from shared.device_profile import TransportKind
from tests.edge.device_bench import Kernel, uevent
from tests.edge.waiting import until


@asynccontextmanager
async def listening(hotplug: HotPlug) -> AsyncIterator[None]:
    task = asyncio.create_task(hotplug.run())
    try:
        await until(lambda: hotplug.listening, "hot-plug")
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("datagram", "announcement"),
    [
        (
            uevent("add", "/devices/pci0000:00/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0", "tty", "ttyUSB0"),
            Announcement("add", "/devices/pci0000:00/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0", "tty", "ttyUSB0"),
        ),
        (uevent("remove", "/devices/usb1/1-1", "usb"), Announcement("remove", "/devices/usb1/1-1", "usb")),
        (b"libudev\0\xfe\xed\xca\xfe", None),
        (b"", None),
        (b"\xff\xff@x", None),
        (b"add@relative\0SUBSYSTEM=tty\0", None),
    ],
)
def test_announcements(datagram: bytes, announcement: Announcement | None) -> None:
    assert parse(datagram) == announcement


async def test_only_what_can_be_a_device_of_a_till_wakes() -> None:
    kernel = Kernel()
    hotplug = HotPlug(lambda: kernel.theirs, ())
    async with listening(hotplug):
        kernel.announce(subsystem="block")
        kernel.announce(subsystem="cpu")
        kernel.announce("add", "input")
        assert await hotplug.beyond(0, 5)
        kernel.ours.send(b"libudev\0and more")
        assert await hotplug.beyond(1, 5)
        assert hotplug.count == 2
        assert not await hotplug.beyond(2, 0.01)
    kernel.ours.close()


def asked_the_kernel() -> bool:
    """Ask for one more announcement. Everybody may hear the kernel, only root may ask it."""
    try:
        Path("/sys/class/tty/ptmx/uevent").write_text("add")
    except OSError:
        assert os.geteuid() != 0, "root may ask its kernel"
        return False
    return True


async def test_real_kernel_is_heard() -> None:
    """Ask the kernel to announce a terminal of this machine once more, as `udevadm trigger` does."""
    try:
        opened = open_netlink()
    except OSError:
        pytest.skip("this machine lets nobody hear its kernel")
    hotplug = HotPlug(lambda: opened, ())
    async with listening(hotplug):
        if not asked_the_kernel():
            assert not await hotplug.beyond(0, 0.01)
        elif not await hotplug.beyond(0, 3):
            pytest.skip("this kernel announces nothing in here")


async def test_where_the_kernel_may_not_be_heard_folders_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> socket.socket:
        raise PermissionError("no netlink here")

    monkeypatch.setattr("edge_agent.devices.hotplug._SCAN_SECONDS", 0.01)
    folder = tmp_path / "by-path"
    hotplug = HotPlug(refused, [folder])
    async with listening(hotplug):
        folder.mkdir()
        link = folder / "usb-0:1:1.0"
        link.symlink_to("/dev/null")
        assert await hotplug.beyond(0, 5)
        count = hotplug.count
        link.unlink()
        assert await hotplug.beyond(count, 5)


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    """A machine with a keyboard scanner, a serial adapter, a printer and a HID device behind one hub."""
    devices = tmp_path / "sys" / "bus" / "usb" / "devices"
    devices.mkdir(parents=True)
    tree = tmp_path / "sys" / "devices" / "pci0000:00" / "usb1" / "1-1"
    for interface, node in {
        "1-1.1:1.0": "0003:05E0:1200.0001/input/input5/event3",
        "1-1.2:1.0": "ttyUSB0/tty/ttyUSB0",
        "1-1.3:1.0": "usbmisc/lp1",
        "1-1.4:1.0": "0003:0C2E:0B81.0002/hidraw/hidraw2",
        "1-1.5:1.0": "tty/ttyACM4",
        "1-1.5:1.1": "tty/none",
        "1-1.1.2:1.0": "ttyUSB9/tty/ttyUSB9",
    }.items():
        place = tree / interface.split(":")[0] / interface
        (place / node).mkdir(parents=True)
        (devices / interface).symlink_to(place)
    return Roots(sys=tmp_path / "sys", dev=Path("/dev"))


@pytest.mark.parametrize(
    ("kind", "address", "node"),
    [
        (TransportKind.EVDEV, "usb:1-1.1", "/dev/input/event3"),
        (TransportKind.SERIAL, "usb:1-1.2", "/dev/ttyUSB0"),
        (TransportKind.SERIAL, "usb:1-1.2:1.0", "/dev/ttyUSB0"),
        (TransportKind.CHARACTER, "usb:1-1.3", "/dev/usb/lp1"),
        (TransportKind.CHARACTER, "usb:1-1.4", "/dev/hidraw2"),
        (TransportKind.SERIAL, "usb:1-1.5", "/dev/ttyACM4"),
        (TransportKind.SERIAL, "/dev/null", "/dev/null"),
    ],
)
def test_place_becomes_a_node(roots: Roots, kind: TransportKind, address: str, node: str) -> None:
    assert find_node(kind, address, roots) == Path(node)


@pytest.mark.parametrize("address", ["usb:1-1.9", "usb:2-1", "usb:1-1.2:1.7", "/dev/serial/by-path/none", "usb:1-1.1"])
def test_empty_place_is_nothing_plugged_in(roots: Roots, address: str) -> None:
    with pytest.raises(DeviceUnavailable, match="nothing is plugged in"):
        find_node(TransportKind.SERIAL, address, roots)


@pytest.mark.parametrize("address", ["", "ttyUSB0", "usb:first", "usb:1-1/../..", "/dev/../etc/passwd", "COM1"])
def test_address_that_is_no_place_is_refused_with_words(roots: Roots, address: str) -> None:
    with pytest.raises(DeviceMisconfigured, match="is no place for serial"):
        find_node(TransportKind.SERIAL, address, roots)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("10.0.0.9", ("10.0.0.9", 9100)), ("printer.lan:9101", ("printer.lan", 9101)), ("[::1]:9100", ("::1", 9100))],
)
def test_network_addresses(address: str, expected: tuple[str, int]) -> None:
    assert host_and_port(address, 9100) == expected


@pytest.mark.parametrize("address", ["", "a b", "host:0", "host:99999", "http://host/x"])
def test_network_addresses_that_are_none(address: str) -> None:
    with pytest.raises(DeviceMisconfigured, match="host:port"):
        host_and_port(address, 9100)
