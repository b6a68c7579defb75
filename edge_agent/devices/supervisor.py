"""The supervisor: every device of every till, kept as HQ binds them; a change of one leaves the others alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from edge_agent.devices import census
from edge_agent.devices.binding import Reach
from edge_agent.devices.device import Device, Hear, Standing, Tally
from edge_agent.devices.hotplug import HotPlug
from edge_agent.devices.ports import DeviceState, Reading
from shared.clock import MachineClock
from shared.wire.desired import DeviceBinding
from shared.wire.messages import DeviceReport

_WATCHED = 256
_LOOK_ANYWAY_SECONDS = 3600.0
_ALONE = {"evdev", "serial", "character"}
"""Ways whose address can belong to one device only."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a watcher sees: a device, and what it read; None when its standing changed."""

    device: Device
    reading: Reading | None


@dataclass(slots=True)
class _Wanted:
    """What a till wants: its devices, and who hears them."""

    bindings: dict[str, DeviceBinding]
    hear: Hear


@dataclass(slots=True)
class _Running:
    wanted: tuple[DeviceBinding, Hear]
    device: Device
    task: asyncio.Task[None]
    waiting: bool = False
    """Its place belongs to another device; with every change it is looked at again."""


class Supervisor:
    """Opens, serves and reopens the devices of all tills. `changed` is told when any device's standing changes."""

    def __init__(
        self, hotplug: HotPlug, clock: MachineClock, changed: Callable[[], None], reach: Reach | None = None
    ) -> None:
        self._hotplug = hotplug
        self._clock = clock
        self._changed = changed
        self._reach = reach or Reach(hotplug, clock)
        self._wanted: dict[str, _Wanted] = {}
        self._running: dict[str, _Running] = {}
        self._tallies: dict[str, Tally] = {}
        self._told: dict[str, Standing] = {}
        self._watchers: set[asyncio.Queue[Seen]] = set()
        self._bound = asyncio.Event()

    @property
    def devices(self) -> list[Device]:
        """Every device that is kept now, by name."""
        return [self._running[name].device for name in sorted(self._running)]

    def of(self, till: str) -> list[Device]:
        """Return the devices of one till, by name."""
        return [device for device in self.devices if device.device.startswith(f"{till}/")]

    def reports(self) -> list[DeviceReport]:
        """Return how every device stands, for HQ."""
        return [device.report() for device in self.devices]

    def recall(self, tallies: Mapping[str, Tally]) -> None:
        """Go on counting from what was counted before the agent started."""
        self._tallies.update(tallies)

    def bind(self, till: str, bindings: Sequence[DeviceBinding], hear: Hear) -> None:
        """Keep exactly these devices at a till from now on. Devices whose binding is the same are not touched."""
        self._wanted[till] = _Wanted({f"{till}/{binding.device}": binding for binding in bindings}, hear)
        self._bound.set()

    def unbind(self, till: str) -> None:
        """Keep no device at a till any more."""
        self._wanted.pop(till, None)
        self._bound.set()

    async def run(self) -> None:
        """Keep the devices until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_of_plugs(), name="plugs")
            while True:
                await self._bound.wait()
                self._bound.clear()
                await self._reconcile(tasks)
                self._changed()

    @contextmanager
    def watched(self) -> Iterator[asyncio.Queue[Seen]]:
        """Yield a queue of everything that is read and every change of standing from now on."""
        queue: asyncio.Queue[Seen] = asyncio.Queue(_WATCHED)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    async def _tell_of_plugs(self) -> None:
        """Let HQ hear of what is plugged in and bound to no till yet: it chooses from that."""
        announced, there = self._hotplug.count, await asyncio.to_thread(census.take)
        while True:
            await self._hotplug.beyond(announced, _LOOK_ANYWAY_SECONDS)
            before, announced = there, self._hotplug.count
            there = await asyncio.to_thread(census.take)
            if there != before:
                self._changed()

    async def _reconcile(self, tasks: asyncio.TaskGroup) -> None:
        wanted = {
            name: (binding, till.hear) for till in self._wanted.values() for name, binding in till.bindings.items()
        }
        await self._end([name for name, one in self._running.items() if one.waiting or one.wanted != wanted.get(name)])
        for name, (binding, hear) in wanted.items():
            if name not in self._running:
                self._running[name] = self._begin(name, binding, hear, tasks)

    async def _end(self, names: Sequence[str]) -> None:
        """End these devices and wait until each has let go of its port: the next may want the same one."""
        ending = [self._running.pop(name) for name in names]
        for one in ending:
            self._tallies[one.device.device] = one.device.tally
            one.task.cancel()
        if ending:
            await asyncio.wait([one.task for one in ending])

    def _begin(self, name: str, binding: DeviceBinding, hear: Hear, tasks: asyncio.TaskGroup) -> _Running:
        device = Device(
            name,
            binding,
            hear=hear,
            noticed=self._notice,
            hotplug=self._hotplug,
            clock=self._clock,
            reach=self._reach,
        )
        device.tally = self._tallies.pop(name, device.tally)
        taken = self._taken_by(binding)
        if taken is not None:
            device.enter(DeviceState.ERROR, f"{binding.address} is bound to {taken} already")
            return _Running((binding, hear), device, tasks.create_task(_nothing(), name=f"device {name}"), waiting=True)
        return _Running((binding, hear), device, tasks.create_task(device.run(), name=f"device {name}"))

    def _taken_by(self, binding: DeviceBinding) -> str | None:
        if binding.transport not in _ALONE:
            return None
        for name, one in self._running.items():
            if (one.device.binding.transport, one.device.binding.address) == (binding.transport, binding.address):
                return name
        return None

    def _notice(self, device: Device, reading: Reading | None) -> None:
        for watcher in self._watchers:
            if watcher.full():
                watcher.get_nowait()  # one that does not keep up sees the latest
            watcher.put_nowait(Seen(device, reading))
        told = self._told.get(device.device)
        if reading is None and (told is None or device.standing.differs(told)):
            self._told[device.device] = device.standing
            self._changed()


async def _nothing() -> None:
    await asyncio.Event().wait()
