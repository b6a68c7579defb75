"""The tills this agent serves: made from HQ's settings, each with its devices, kept while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from uuid import UUID

import structlog

from edge_agent.bench import BenchTill
from edge_agent.clock import Clocks
from edge_agent.customer_rows import CustomerRows
from edge_agent.devices import logbook
from edge_agent.devices.binding import UNBOUND
from edge_agent.devices.hotplug import HotPlug
from edge_agent.devices.ports import DeviceUnavailable
from edge_agent.devices.supervisor import Supervisor
from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.hq.member_set import MemberSet
from edge_agent.prices.books import PriceBooks
from edge_agent.receipt.till_paper import TillPaper, till_paper
from edge_agent.record.outbox import Doorbell
from edge_agent.station import Station
from edge_agent.till.desk import CardKeys, Desk
from edge_agent.till.enquiry import Enquiry
from edge_agent.till.ports import HeadOffice, PaymentGateway
from edge_agent.till.results import Refused
from edge_agent.till.till import Till
from shared.wire import desired
from shared.wire.desired import DeviceBinding, StoreSettings
from shared.wire.events import TenderKind

_KEEP_SECONDS = 300.0
_GATHER_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class Tills:
    """Every till of the store and their devices, as HQ describes them now.

    New tills appear when HQ adds them; one that HQ took away lets go of its devices and stays until a restart.
    """

    def __init__(
        self,
        database: Database,
        doorbell: Doorbell,
        clocks: Clocks,
        mint: Callable[[], UUID],
        *,
        books: PriceBooks,
        members: MemberSet,
        cards: CardKeys,
        owners: HeadOffice,
        gateways: Mapping[TenderKind, PaymentGateway],
        changed: Callable[[], None],
    ) -> None:
        self.settings: StoreSettings | None = None
        self.served: dict[str, BenchTill] = {}
        self._database = database
        self._doorbell = doorbell
        self._clocks = clocks
        self._mint = mint
        self._books = books
        self._members = members
        self._cards = cards
        self._owners = owners
        self._gateways = gateways
        self._opening: set[str] = set()
        self._unbound: tuple[DeviceBinding, ...] = UNBOUND
        self._changed = changed
        self._hotplug = HotPlug()
        self.devices = Supervisor(self._hotplug, clocks.machine, self._device_changed)
        self._devices_changed = asyncio.Event()
        self._settings_came = asyncio.Event()

    def take_settings(self, settings: StoreSettings) -> None:
        """Serve the store as HQ describes it now."""
        self.settings = settings
        self._settings_came.set()

    def give_unbound(self, devices: tuple[DeviceBinding, ...]) -> None:
        """Let these stand at tills for which HQ has named no device."""
        self._unbound = devices
        if self.settings is not None:
            self._settings_came.set()

    def show_anew(self) -> None:
        """Let the pages look again: something beside a basket has changed."""
        for served in self.served.values():
            served.station.till.changes.note()

    async def pulse(self) -> None:
        """Return when every open till has shown its basket. Raise RuntimeError while none of the tills is open yet."""
        if self.settings is not None and self.settings.tills and not self.served:
            raise RuntimeError("no till is open yet")
        for served in list(self.served.values()):
            await served.station.till.view()

    async def run(self) -> None:
        """Serve every till there is or will be, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hotplug.run(), name="hot-plug")
            self.devices.recall(await self._database.read(logbook.tallies))
            tasks.create_task(self.devices.run(), name="devices")
            tasks.create_task(self._keep_devices(), name="device logbook")
            while True:
                await self._settings_came.wait()
                self._settings_came.clear()
                self._bind_devices()
                for till in self._now().tills:
                    if till.till not in self._opening:
                        self._opening.add(till.till)
                        tasks.create_task(self._open(till, tasks), name=f"{till.till} opening")

    async def _open(self, till: desired.Till, tasks: asyncio.TaskGroup) -> None:
        desk = Desk(
            till=till.till,
            kind=till.kind,
            clocks=self._clocks,
            mint=self._mint,
            books=self._books,
            members=self._members,
            cards=self._cards,
            settings=self._now,
            hq=self._owners,
        )
        enquiry = Enquiry(self._database, desk, self._owners)
        station = Station(Till(self._database, desk, self._doorbell, self._gateways, enquiry=enquiry), self.devices)
        enquiry.noticed = station.till.changes.note
        # What became of money asked for before a power cut comes before anything else at the till. Each till opens
        # in a task of its own, so that a gateway which is slow to say keeps the others waiting for nothing.
        resolved = await station.till.resolve_payments()
        if isinstance(resolved, Refused):
            _log.warning("payment_unresolved", till=till.till, code=resolved.code)
        tasks.create_task(enquiry.run(), name=f"{till.till} enquiries")
        tasks.create_task(station.till.releases.run(), name=f"{till.till} releases")
        station.paper = self._paper(station)
        station.till.paper = station.paper.orders
        tasks.create_task(station.paper.run(), name=f"{till.till} paper")
        tasks.create_task(CustomerRows(station).run(), name=f"{till.till} line display")
        self.served[till.till] = BenchTill(station)
        self._bind_devices()
        self._changed()
        _log.info("till_open", till=till.till, kind=till.kind.value)

    def _paper(self, station: Station) -> TillPaper:
        return till_paper(
            self._database,
            station.till.id,
            station.printer,
            clocks=self._clocks,
            mint=self._mint,
            books=self._books,
            settings=self._now,
            doorbell=self._doorbell,
            who=lambda: station.till.cashier,
            changes=station.till.changes,
        )

    async def learn_drawer(self, till: str) -> bool | None:
        """Open a till's closed drawer and learn its switch; None when that did not move. Raise DeviceError."""
        served = self.served.get(till)
        if served is None or served.station.paper is None:
            raise DeviceUnavailable(f"till {till} is not open yet")
        return await served.station.paper.drawer.learn()

    def _device_changed(self) -> None:
        self._devices_changed.set()
        for served in self.served.values():
            if served.station.paper is not None:
                served.station.paper.printing.ring()
        self._changed()

    async def _keep_devices(self) -> None:
        """Keep how the devices stand, soon after one changed and now and then for what is counted of them."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_KEEP_SECONDS):
                    await self._devices_changed.wait()
            await asyncio.sleep(_GATHER_SECONDS)  # a hub that is pulled takes all its devices along
            self._devices_changed.clear()
            seen = [(device.report(), device.tally.online_ms) for device in self.devices.devices]
            wall_ms = self._clocks.machine.wall_ms()
            try:
                await self._database.run(partial(logbook.keep, seen=seen, wall_ms=wall_ms))
            except DiskFull:
                _log.info("devices_not_kept", reason="the disk is full; HQ is told of the devices all the same")

    def _bind_devices(self) -> None:
        """Give each open till the devices that HQ's settings name now."""
        bound = {till.till: till.devices or self._unbound for till in self._now().tills}
        for till, served in self.served.items():
            self.devices.bind(till, bound.get(till, ()), served.station.heard)

    def _now(self) -> StoreSettings:
        if self.settings is None:
            raise RuntimeError("a till is served before HQ has described the store")
        return self.settings
