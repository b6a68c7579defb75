"""USB bulk, character devices and TCP: claimed, unplugged, opened again; nobody waits for ever."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from pathlib import Path

import pytest

from edge_agent.clock import SystemMachineClock
from edge_agent.devices.ports import DeviceMisconfigured, DeviceRefused, DeviceUnavailable
from edge_agent.devices.transports.character import CharacterTransport
from edge_agent.devices.transports.tcp import TcpTransport
from edge_agent.devices.transports.usb_bulk import UsbPlace, UsbTransport
from shared.device_profile import UsbBulk
from tests.edge.usb_bench import MemoryUsb, UsbDevice
from tests.edge.waiting import until

EPSON = UsbPlace("", ("04b8:0202",))


def printer(bus: MemoryUsb, place: UsbPlace = EPSON) -> UsbTransport:
    return UsbTransport("t1/printer", place, UsbBulk(), bus)


async def test_usb_device_is_taken_from_the_kernel_written_and_read() -> None:
    device = UsbDevice()
    bus = MemoryUsb(device)
    async with printer(bus).opened() as stream:
        assert (device.kernel_driver, device.claimed) == (False, 1)
        await stream.write(b"\x10\x04\x01")
        device.say(b"")  # printers do that
        device.say(b"\x16")
        assert await asyncio.wait_for(stream.read(), 5) == b"\x16"
    assert device.written == [b"\x10\x04\x01"]
    assert (device.claimed, bus.handles) == (0, 0)


async def test_p10_usb_device_power_cycled_is_opened_again_and_nothing_leaks() -> None:
    device = UsbDevice()
    bus = MemoryUsb(device)
    transport = printer(bus)
    for _ in range(5):
        async with transport.opened() as stream:
            device.unplug()
            with pytest.raises(DeviceUnavailable):
                await asyncio.wait_for(stream.read(), 5)
            with pytest.raises(DeviceUnavailable):
                await stream.write(b"lost")
        with pytest.raises(DeviceUnavailable, match="nothing is plugged in"):
            async with transport.opened():
                pass
        device.plugged = True
    assert bus.handles == 0


async def test_two_printers_of_one_model_are_told_apart_by_their_ports() -> None:
    one, two = UsbDevice(ports=(1, 1)), UsbDevice(ports=(1, 2))
    bus = MemoryUsb(one, two)
    async with printer(bus, UsbPlace("1-1.2", ())).opened() as stream:
        await stream.write(b"for the second")
    assert (one.written, two.written) == ([], [b"for the second"])


async def test_usb_device_held_by_another_program_is_said() -> None:
    with pytest.raises(DeviceUnavailable, match="another program holds"):
        async with printer(MemoryUsb(UsbDevice(kernel_driver=False, claimed=1))).opened():
            pass


async def test_usb_device_that_is_no_printer_is_misconfigured() -> None:
    bus = MemoryUsb(UsbDevice(interface_class=3))
    with pytest.raises(DeviceMisconfigured, match="no interface of class 7"):
        async with printer(bus).opened():
            pass
    assert bus.handles == 0


async def test_write_only_usb_printer_is_silent_and_prints() -> None:
    device = UsbDevice(has_source=False)
    async with printer(MemoryUsb(device)).opened() as stream:
        await stream.write(b"text")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.read(), 0.02)
    assert device.written == [b"text"]


async def test_usb_printer_that_takes_nothing_refuses() -> None:
    async with printer(MemoryUsb(UsbDevice(takes=False))).opened() as stream:
        with pytest.raises(DeviceRefused, match="takes no bytes"):
            await stream.write(b"text")


async def test_character_device_gives_one_packet_a_read_and_is_gone_when_unplugged() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    transport = CharacterTransport("t1/printer", lambda: Path(os.ttyname(slave)), SystemMachineClock())
    async with transport.opened() as stream:
        await stream.write(b"x" * 2_000)
        assert len(os.read(master, 4_000)) == 2_000
        for packet in (b"one", b"two"):
            os.write(master, packet)
            assert await asyncio.wait_for(stream.read(), 5) == packet
        os.close(slave)
        os.close(master)
        with pytest.raises(DeviceUnavailable):
            await asyncio.wait_for(stream.read(), 5)


async def test_character_device_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.devices.transports.character._WRITE_SECONDS", 0.1)
    master, slave = pty.openpty()
    tty.setraw(slave)
    transport = CharacterTransport("t1/printer", lambda: Path(os.ttyname(slave)), SystemMachineClock())
    async with transport.opened() as stream:
        with pytest.raises(DeviceUnavailable, match="takes no bytes"):
            await stream.write(b"x" * 1_000_000)
    os.close(slave)
    os.close(master)


class NetworkPrinter:
    """A printer on the network that answers each status question, until its power is cut."""

    def __init__(self) -> None:
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        while content := await reader.read(100):
            writer.write(content.replace(b"\x10\x04\x01", b"\x16"))


async def test_network_printer_answers_hangs_up_and_is_reached_again() -> None:
    device = NetworkPrinter()
    server = await asyncio.start_server(device.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = TcpTransport("t1/printer", "127.0.0.1", port)
    for number in range(1, 3):
        async with transport.opened() as stream:
            await stream.write(b"\x10\x04\x01")
            assert await asyncio.wait_for(stream.read(), 5) == b"\x16"
            await until(lambda number=number: device.connections == number, "the connection")  # type: ignore[misc]
            device.writers[-1].close()
            with pytest.raises(DeviceUnavailable):
                await asyncio.wait_for(stream.read(), 5)
    server.close()
    await server.wait_closed()
    with pytest.raises(DeviceUnavailable, match="cannot be reached"):
        async with transport.opened():
            pass
