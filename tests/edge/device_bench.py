"""A supervisor with devices of one till, simulated or behind ptys and pipes, and what was heard of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from edge_agent.clock import SystemMachineClock
from edge_agent.devices.binding import Reach
from edge_agent.devices.device import Device
from edge_agent.devices.hotplug import HotPlug
from edge_agent.devices.places import Roots
from edge_agent.devices.ports import DeviceState, Reading
from edge_agent.devices.supervisor import Supervisor
from edge_agent.devices.transports.simulated import SimulatedTransport
from shared.wire.desired import DeviceBinding
from tests.edge.waiting import until

SIMULATED = DeviceBinding(device="scanner", profile="simulated_scanner", transport="simulated")


def uevent(action: str, path: str, subsystem: str, node: str = "") -> bytes:
    """Return a kernel announcement as netlink delivers it (lib/kobject_uevent.c)."""
    fields = [f"{action}@{path}", f"ACTION={action}", f"DEVPATH={path}", f"SUBSYSTEM={subsystem}"]
    return "\0".join([*fields, *([f"DEVNAME={node}"] if node else []), "SEQNUM=1", ""]).encode()


class Kernel:
    """The other end of a hot-plug socket."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def announce(self, action: str = "add", subsystem: str = "tty") -> None:
        self.ours.send(uevent(action, f"/devices/usb1/1-1/{subsystem}", subsystem))


class DeviceBench:
    """One till's devices under supervision."""

    def __init__(self, roots: Roots | None = None) -> None:
        self.heard: list[Reading] = []
        self.changes = 0
        self.kernel = Kernel()
        self.hotplug = HotPlug(lambda: self.kernel.theirs, ())
        clock = SystemMachineClock()
        self.supervisor = Supervisor(self.hotplug, clock, self._change, Reach(self.hotplug, clock, roots))

    async def hear(self, reading: Reading) -> None:
        self.heard.append(reading)

    def _change(self) -> None:
        self.changes += 1

    def device(self, name: str = "scanner") -> Device:
        return next(device for device in self.supervisor.devices if device.binding.device == name)

    def cable(self, name: str = "scanner") -> SimulatedTransport:
        transport = self.device(name).transport
        assert isinstance(transport, SimulatedTransport)
        return transport

    async def is_in(self, state: DeviceState, name: str = "scanner") -> None:
        await until(lambda: any(one.binding.device == name for one in self.supervisor.devices), name)
        await until(lambda: self.device(name).state is state, f"{name} to be {state.value}")


@asynccontextmanager
async def supervised(*bindings: DeviceBinding, roots: Roots | None = None) -> AsyncIterator[DeviceBench]:
    """Keep devices at till t1 until the block ends."""
    bench = DeviceBench(roots)
    bench.supervisor.bind("t1", bindings, bench.hear)
    tasks: Sequence[asyncio.Task[None]] = [
        asyncio.create_task(bench.hotplug.run()),
        asyncio.create_task(bench.supervisor.run()),
    ]
    try:
        await until(lambda: bench.hotplug.listening and len(bench.supervisor.devices) == len(bindings), "the devices")
        yield bench
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        bench.kernel.ours.close()
        for error in ended:
            if isinstance(error, Exception):
                raise error
