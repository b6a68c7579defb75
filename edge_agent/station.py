"""A till's station: the till's use cases with the devices bound to it; what is scanned there happens there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast

import structlog

from edge_agent.devices.device import Device
from edge_agent.devices.ports import Driver, Reading, Scale, ScanCut, Scanned, Weight
from edge_agent.devices.supervisor import Supervisor
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.receipt.printing import ReceiptPrinter
from edge_agent.receipt.till_paper import TillPaper
from edge_agent.till.results import LineAdded, MemberAttached, Refused, SignedIn
from edge_agent.till.till import Till
from shared.codes import ScanContext
from shared.device_profile import DeviceClass

Heard = LineAdded | MemberAttached | SignedIn | Refused | None
"""What a reading led to; None when it was cut off."""


class TakesReadings(Protocol):
    """The till's screen: it knows what is asked just now, and so what a scan is for."""

    async def scanned(self, reading: Scanned) -> Heard:
        """Take what a scanner read, and say what came of it; None when it was for something else than the basket."""
        ...

    def cut(self) -> None:
        """Say that a code broke off."""
        ...

    def weighed(self) -> None:
        """Take note that the scale has said something."""
        ...


_WAITING = 64
_log = structlog.get_logger(__name__)


class Station:
    """One till, its devices, and whoever watches what is scanned there."""

    def __init__(self, till: Till, supervisor: Supervisor) -> None:
        self.till = till
        self.paper: TillPaper | None = None
        """Its printing and its cash drawer; None where nobody composed them."""
        self.screen: TakesReadings | None = None
        """Its screen; without one whatever is scanned is rung up."""
        self._supervisor = supervisor
        self._watchers: set[asyncio.Queue[Heard]] = set()
        till.scaled.stands(self.scales)

    @property
    def devices(self) -> list[Device]:
        """The devices HQ has bound to this till, by name."""
        return self._supervisor.of(self.till.id)

    def drivers(self, device_class: DeviceClass) -> list[Driver[Any]]:
        """Return the drivers of this till's devices of a class, by device name: its scale, its printer."""
        return list(self._of(device_class).values())

    def scales(self) -> dict[str, Scale]:
        """Return this till's scales as HQ binds them now, by device name."""
        return cast("dict[str, Scale]", self._of(DeviceClass.SCALE))

    def printer(self) -> ReceiptPrinter | None:
        """Return this till's receipt printer as HQ binds it now, the first by device name."""
        return cast("ReceiptPrinter | None", next(iter(self.drivers(DeviceClass.PRINTER)), None))

    def simulated(self, device: str = "") -> SimulatedTransport | None:
        """Return the cable of a simulated device, or of the first simulated scanner, for whoever plays the device."""
        for one in self.devices:
            if isinstance(one.transport, SimulatedTransport) and one.profile is not None:
                wanted = one.profile.device_class is DeviceClass.SCANNER if not device else one.binding.device == device
                if wanted:
                    return one.transport
        return None

    async def heard(self, reading: Reading) -> None:
        """Take what the scanner read: ring it up, and tell the watchers what came of it."""
        answer: Heard = None
        if isinstance(reading, Scanned):
            answer = await self._scanned(reading)
        elif isinstance(reading, ScanCut):
            _log.warning("scan_cut", till=self.till.id, reason=reading.reason)
            if self.screen is not None:
                self.screen.cut()
        elif isinstance(reading, Weight):
            self.till.scaled.note(reading, reading.scale)
            if self.screen is not None:
                self.screen.weighed()
            return
        else:
            return
        for watcher in self._watchers:
            if watcher.full():
                watcher.get_nowait()  # one that does not keep up sees the latest
            watcher.put_nowait(answer)

    def _of(self, device_class: DeviceClass) -> dict[str, Driver[Any]]:
        return {
            device.binding.device: device.driver
            for device in self.devices
            if device.driver is not None and device.profile is not None and device.profile.device_class is device_class
        }

    async def _scanned(self, reading: Scanned) -> Heard:
        if self.screen is not None:
            return await self.screen.scanned(reading)
        return await self.till.scan(reading.text, ScanContext(reading.role.value), reading.symbology)

    @contextmanager
    def watched(self) -> Iterator[asyncio.Queue[Heard]]:
        """Yield a queue of what is scanned from now on."""
        queue: asyncio.Queue[Heard] = asyncio.Queue(_WAITING)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
