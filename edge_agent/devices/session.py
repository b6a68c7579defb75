"""A device in a person's hands: opened by a command of this machine instead of the agent, looked at, recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from edge_agent.devices.binding import Reach, profile_of, transport_kind
from edge_agent.devices.device import Device
from edge_agent.devices.hotplug import HotPlug
from edge_agent.devices.ports import DeviceMisconfigured, DeviceState, Reading, Transport
from edge_agent.devices.reading_words import in_words
from edge_agent.devices.recording import Recording
from edge_agent.devices.supervisor import Seen, Supervisor
from edge_agent.devices.transports.replay import RecordingTransport, ReplayTransport
from shared.clock import MachineClock
from shared.device_profile import DeviceProfile
from shared.wire.desired import DeviceBinding

TILL = "here"
"""What stands for the till where a command holds the device."""


class _Wrapped(Reach):
    """Reaches devices through something put around their transport."""

    def __init__(self, hotplug: HotPlug, clock: MachineClock, wrap: Callable[[Transport[Any]], Transport[Any]]) -> None:
        super().__init__(hotplug, clock)
        self._wrap = wrap

    def transport(self, name: str, binding: DeviceBinding, profile: DeviceProfile) -> Transport[Any]:
        """Return the wrapped way to a device."""
        return self._wrap(super().transport(name, binding, profile))


@dataclass(slots=True)
class Session:
    """Devices that are held, and what was heard of them."""

    supervisor: Supervisor
    hotplug: HotPlug
    seen: asyncio.Queue[Seen]
    heard: list[Reading] = field(default_factory=list)

    @property
    def device(self) -> Device:
        """The only device, or the first."""
        return self.supervisor.devices[0]

    async def next(self, within_s: float) -> Seen | None:
        """Return the next reading or change of standing; None when there is none in time."""
        try:
            async with asyncio.timeout(within_s):
                return await self.seen.get()
        except TimeoutError:
            return None


@asynccontextmanager
async def held(
    bindings: Sequence[DeviceBinding],
    clock: MachineClock,
    wrap: Callable[[Transport[Any]], Transport[Any]] | None = None,
) -> AsyncIterator[Session]:
    """Hold these devices until the block ends."""
    hotplug = HotPlug()
    reach = _Wrapped(hotplug, clock, wrap) if wrap is not None else None
    supervisor = Supervisor(hotplug, clock, lambda: None, reach)
    heard: list[Reading] = []

    async def hear(reading: Reading) -> None:
        heard.append(reading)

    supervisor.bind(TILL, bindings, hear)
    with supervisor.watched() as seen:
        tasks = [asyncio.create_task(hotplug.run()), asyncio.create_task(supervisor.run())]
        try:
            yield Session(supervisor, hotplug, seen, heard)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def recorded(binding: DeviceBinding, clock: MachineClock, made: str) -> AsyncIterator[tuple[Session, Recording]]:
    """Hold one device and write down what passes. When the block ends the recording knows what was read."""
    profile = profile_of(binding)
    kind = transport_kind(binding, profile)
    taken = Recording(profile.model, kind.value, made=made, role=binding.role)
    async with held([binding], clock, lambda transport: RecordingTransport(transport, taken, clock)) as session:
        try:
            yield session, taken
        finally:
            taken.expected = [in_words(reading) for reading in session.heard]


async def replayed(content: Recording, clock: MachineClock, within_s: float = 60.0) -> list[Reading]:
    """Let a driver read a recording and return what it read. Raise TimeoutError or DeviceMisconfigured."""
    binding = DeviceBinding(
        device="device", profile=content.profile, transport=content.transport, address="replay", role=content.role
    )
    profile_of(binding)
    replay = ReplayTransport("replay", content)
    heard: list[Reading] = []

    async def hear(reading: Reading) -> None:
        if not replay.over:  # whoever recorded it let go of a device that went on
            heard.append(reading)

    hotplug = HotPlug()
    device = Device(
        "replay", binding, hear=hear, noticed=_nobody, hotplug=hotplug, clock=clock,
        reach=_Wrapped(hotplug, clock, lambda _: replay),
    )  # fmt: skip
    if device.state is DeviceState.ERROR:
        raise DeviceMisconfigured(device.standing.reason)
    running = asyncio.create_task(device.run())
    try:
        async with asyncio.timeout(within_s):
            await replay.ended.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return heard


def _nobody(_device: Device, _reading: Reading | None) -> None:
    return
