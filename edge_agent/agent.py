"""The composition root: builds the agent from its settings and runs it until it is told to end."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import msgspec
import structlog

from edge_agent.bench import Bench
from edge_agent.clock import Clocks, DrivenBusinessClock, SystemBusinessClock, SystemMachineClock
from edge_agent.disk import agent_row
from edge_agent.disk.agent_row import store_settings
from edge_agent.disk.database import Database
from edge_agent.disk.state_lock import StateLock
from edge_agent.doors import Behind, Doors
from edge_agent.hq import identity
from edge_agent.hq.downlink import Downlink
from edge_agent.hq.enrol import certify_pages, renew
from edge_agent.hq.hq_time import HqTime
from edge_agent.hq.https import HqApi, HttpsBodies, HttpsConnector
from edge_agent.hq.identity import Identity
from edge_agent.hq.link import Connector, LinkChoice, LinkLost
from edge_agent.hq.member_set import MemberSet
from edge_agent.hq.mqtt import MqttConnector
from edge_agent.hq.questions import Questions
from edge_agent.hq.reported import read_reported
from edge_agent.hq.sender import Sender
from edge_agent.hq.tls import client_context
from edge_agent.hq.uplink import Uplink
from edge_agent.pictures.keeper import Budget, PictureKeeper, PictureSource, Sources
from edge_agent.prices import timeline
from edge_agent.prices.books import PriceBooks
from edge_agent.prices.keeper import BodySource, PriceKeeper
from edge_agent.prices.switching import switch_clock
from edge_agent.record import first_start, outbox, witness
from edge_agent.record.epoch import Epochs
from edge_agent.record.outbox import Doorbell
from edge_agent.settings import EdgeSettings
from edge_agent.terminals.certificate import PagesCertificate
from edge_agent.till.desk import CardKeys
from edge_agent.till.ports import VALUE_TENDERS, PaymentGateway
from edge_agent.till.simulated_gateway import SimulatedGateway
from edge_agent.tills import Tills
from edge_agent.upkeep import Upkeep
from edge_agent.value.gateway import StoredValueGateway
from edge_agent.value.spending import ValueDesk
from edge_agent.watchdog import Pulse, ServiceManager, feed
from edge_agent.web.standing import Standing
from shared.clock import BusinessClock
from shared.ids import UuidMint
from shared.wire.desired import StoreSettings
from shared.wire.events import TenderKind
from shared.wire.messages import Reported

_RENEWAL_CHECK_SECONDS = 3600.0
_REPORT_SECONDS = 300.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Badge:
    """Who this agent is now; a renewal changes it."""

    who: Identity


class Files(BodySource, PictureSource, Protocol):
    """Files of HQ: bodies and pictures."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What an agent reaches outside its machine: the ways to HQ, its files, the next certificates."""

    connectors: list[Connector]
    bodies: Files
    renew: Callable[[Identity], Awaitable[Identity]]
    certify: Callable[[str], Awaitable[PagesCertificate]]
    gateways: Mapping[TenderKind, PaymentGateway] = field(default_factory=dict)
    """By whom each way to pay is moved; a way without one needs nobody's answer."""


class Agent:
    """One agent, built but not running. Everything that lives as long as it does hangs on it."""

    def __init__(
        self, settings: EdgeSettings, badge: Badge, database: Database, clocks: Clocks, outside: Outside
    ) -> None:
        self._settings = settings
        self._badge = badge
        self._database = database
        self._outside = outside
        self._clocks = clocks
        self._mint: Callable[[], UUID] = UuidMint(clocks.machine.wall_ms, os.urandom)
        self._doorbell = Doorbell()
        self._witness_path = settings.state_dir / "witness.json"
        self._epochs = Epochs(database, clocks, self._mint, doorbell=self._doorbell, witness_path=self._witness_path)
        self._hq_time = HqTime(clocks.machine)
        switching = switch_clock(clocks.business, self._hq_time)
        books = PriceBooks(switching)
        self._keeper = PriceKeeper(
            database,
            outside.bodies,
            switching,
            books=books,
            directory=settings.downloads_dir,
            changed=self._changed,
            random=random.random,
        )
        self._questions = Questions(database, clocks)
        members = MemberSet(badge.who.enrolment.card_key)
        cards = CardKeys(badge.who.enrolment.sealing_key, os.urandom)
        value = StoredValueGateway(
            database, ValueDesk(database, clocks.machine, self._questions), self._mint, members=members, cards=cards
        )
        self._tills = Tills(
            database,
            self._doorbell,
            clocks,
            self._mint,
            books=books,
            members=members,
            cards=cards,
            owners=self._questions,
            gateways={**dict.fromkeys(VALUE_TENDERS, value), **outside.gateways},
            changed=self._changed,
        )
        self._sender = Sender(database, self._doorbell, clocks.machine, random=random.random, epochs=self._epochs)
        self._upkeep = Upkeep(database, clocks, lambda: self._tills.settings, self._changed)
        self._pictures = PictureKeeper(
            database,
            Sources(outside.bodies, outside.bodies, self._keeper.at_rest),
            clocks.machine,
            directory=settings.pictures_dir,
            downloads=settings.downloads_dir,
            budget=Budget(settings.pictures_disk_bytes, settings.pictures_bytes_a_minute),
            arrived=self._tills.show_anew,
            changed=self._changed,
            random=random.random,
        )
        self._downlink = Downlink(
            database,
            lambda: badge.who,
            sender=self._sender,
            keeper=self._keeper,
            questions=self._questions,
            hq_time=self._hq_time,
            settings_changed=self._take_settings,
            changed=self._changed,
        )
        self._uplink = Uplink(
            badge.who.agent,
            LinkChoice(outside.connectors, stay_seconds=settings.fallback_seconds),
            clocks,
            self._mint,
            sender=self._sender,
            downlink=self._downlink,
            questions=self._questions,
            hq_time=self._hq_time,
            reported=self.reported,
            random=random.random,
            heartbeat_seconds=settings.heartbeat_seconds,
            step_seconds=settings.step_seconds,
        )
        behind = Behind(
            self._standing,
            self.bench,
            outside.certify,
            lambda: badge.who.enrolment.ca,
            self._changed,
            self._mint,
            self._doorbell.ring,
            self._pictures,
            [*outside.gateways.values()],
        )
        self._doors = Doors(settings, clocks, database, self._tills, behind)

    async def run(self, manager: ServiceManager | None = None) -> None:
        """Start selling from this disk, then talk to HQ; ends when cancelled. `manager` is told how it gets on."""
        await self._start()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._epochs.keep_witness(), name="witness")
            tasks.create_task(self._database.keep_synced(), name="disk")
            tasks.create_task(self._tills.run(), name="tills")
            tasks.create_task(self._keeper.run(), name="prices")
            tasks.create_task(self._uplink.run(), name="uplink")
            tasks.create_task(self._upkeep.prune(), name="pruning")
            tasks.create_task(self._upkeep.examine(), name="examination")
            tasks.create_task(self._pictures.run(), name="pictures")
            tasks.create_task(self._renew(), name="certificate")
            tasks.create_task(self._report(), name="report")
            tasks.create_task(self._doors.run(), name="doors")
            tasks.create_task(feed(manager or ServiceManager(), self._pulses()), name="watchdog")

    def bench(self) -> Bench:
        """Return the front panel of this agent's simulated devices."""
        return Bench(self._tills.served, self._clocks.business, self._keeper.clock_set, self.status)

    async def reported(self) -> Reported:
        """Return what this agent reports to HQ now."""
        problems = [*self._keeper.problems, *self._downlink.problems, *self._own_problems()]
        devices = self._tills.devices.reports()
        return await self._database.read(lambda db: read_reported(db, self._settings.state_dir, problems, devices))

    async def backlog(self) -> int:
        """Return how many events HQ does not have yet."""
        return (await self._database.read(outbox.backlog)).count

    async def status(self) -> dict[str, Any]:
        """Return how the agent is, for the bench and the status page."""
        reported = await self.reported()
        at = await self._database.read(outbox.position)
        return {
            "agent": self._badge.who.agent,
            "store": self._badge.who.store,
            "link": self._uplink.connected_by,
            "heard_hq_ms": self._uplink.heard_wall_ms,
            "business_ms": self._clocks.business.now_ms(),
            "in_force": await self._database.read(timeline.latched_version),
            "staged": reported.staged,
            "tills": {
                till: {
                    "version": next((one.version for one in reported.tills if one.till == till), None),
                    "devices": {device.device: device.state.value for device in served.station.devices},
                }
                for till, served in self._tills.served.items()
            },
            "backlog": reported.backlog,
            "acked_seq": at.acked_seq,
            "last_seq": at.last_seq,
            "members_version": reported.members_version,
            "desired_serial": reported.desired_serial,
            "pictures": self._pictures.status(),
            "problems": reported.problems,
        }

    def _pulses(self) -> dict[str, Pulse]:
        """Return what must get on for the watchdog to be fed."""
        return {
            "writing": lambda: self._database.run(lambda _db: None, makes_room=True),
            "reading": lambda: self._database.read(lambda db: db.execute("SELECT 1").fetchone()),
            "tills": self._tills.pulse,
            **self._doors.pulses,
        }

    async def _standing(self) -> Standing:
        problems = (*self._keeper.problems, *self._downlink.problems, *self._own_problems())
        waiting, parked = await self._database.read(lambda db: (outbox.backlog(db).count, agent_row.parked(db)))
        return Standing(self._uplink.connected_by or "", waiting, parked, problems)

    def _changed(self) -> None:
        self._uplink.report()
        self._tills.show_anew()

    def _own_problems(self) -> list[str]:
        problems = self._upkeep.problems
        if self._sender.unsendable is not None:
            problems.append(f"event_unsendable: HQ cannot open event {self._sender.unsendable}")
        if clock := self._hq_time.problem():
            problems.append(clock)
        return [*problems, *self._doors.problems]

    async def _start(self) -> None:
        """Find out whether this disk simply went on, and open the tills from what it holds."""
        sold_before = witness.read(self._witness_path) is not None
        who = self._badge.who
        fresh = await self._database.run(
            lambda db: first_start.claim(db, who.agent, who.store, self._clocks, self._mint, sold_before=sold_before),
            makes_room=True,  # also on a full disk the agent starts, to drain what it holds
        )
        if fresh or not await self._database.read(first_start.has_begun):
            await self._epochs.write_witness()
        else:
            await self._epochs.check_at_start()
        settings = await self._database.read(store_settings)
        if settings is not None:
            # Once more what a new description of the store asks for: the power may have gone just after it was kept.
            await self._take_settings(settings)
        _log.info("agent_started", agent=who.agent, store=who.store, has_settings=settings is not None)

    async def _take_settings(self, settings: StoreSettings) -> None:
        opened = await self._database.run(
            lambda db: first_start.take_settings(db, settings, self._clocks, self._mint), makes_room=True
        )
        if opened:
            _log.info("receipt_series_opened", tills=opened)
            self._doorbell.ring()
        self._tills.take_settings(settings)
        self._doors.ring()
        self._pictures.wake()

    async def _renew(self) -> None:
        while True:
            if self._badge.who.renewal_due(self._clocks.machine.wall_ms()):
                try:
                    self._badge.who = await self._outside.renew(self._badge.who)
                    _log.info("certificate_renewed", not_after_ms=self._badge.who.not_after_ms)
                    self._uplink.reconnect()
                except (LinkLost, ValueError, msgspec.DecodeError, OSError) as error:
                    _log.warning("certificate_not_renewed", reason=str(error))
            await asyncio.sleep(_RENEWAL_CHECK_SECONDS)

    async def _report(self) -> None:
        """Report at once when the disk fills or has room again, and now and then in any case: the backlog grows."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_REPORT_SECONDS):
                    await self._database.room_changed()
                    self._upkeep.room_changed()
                    self._pictures.wake()
            self._changed()


@asynccontextmanager
async def opened(settings: EdgeSettings) -> AsyncIterator[Agent]:
    """Open everything an agent needs, in order, and close it in reverse.

    Raise IdentityMissing, StateInUse or one of `edge_agent.disk.errors`.
    """
    badge = Badge(identity.load(settings.state_dir))
    machine = SystemMachineClock()
    business: BusinessClock = SystemBusinessClock()
    if settings.business_clock == "driven":
        business = DrivenBusinessClock(settings.business_start_ms)
    api = HqApi(
        lambda: badge.who, lambda: client_context(badge.who.enrolment.ca), machine, step_seconds=settings.step_seconds
    )
    with StateLock(settings.state_dir):
        async with api, Database.opened(settings.database_path) as database:
            yield Agent(settings, badge, database, Clocks(business, machine), _outside(settings, badge, api))


def _outside(settings: EdgeSettings, badge: Badge, api: HqApi) -> Outside:
    def tls() -> ssl.SSLContext:
        who = badge.who
        return client_context(who.enrolment.ca, certificate=who.certificate_path, key=who.key_path)

    mqtt = MqttConnector(badge.who.agent, lambda: badge.who.enrolment.brokers, tls, step_seconds=settings.step_seconds)
    https = HttpsConnector(api)
    ways: dict[str, list[Connector]] = {"mqtt": [mqtt], "https": [https], "auto": [mqtt, https]}
    gateways: dict[TenderKind, PaymentGateway] = {}
    if settings.payments == "simulated":
        service = SimulatedGateway(file=settings.state_dir / "simulated_payments.json")
        gateways = {TenderKind.WECHAT: service, TenderKind.ALIPAY: service}
    return Outside(ways[settings.link], HttpsBodies(api), partial(renew, api), partial(certify_pages, api), gateways)


async def run(settings: EdgeSettings, manager: ServiceManager) -> None:
    """Run an agent until SIGTERM or SIGINT; what is not acked then waits on the disk."""
    async with opened(settings) as agent:
        task = asyncio.create_task(agent.run(manager), name="agent")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            _log.info("agent_ended", backlog=await agent.backlog())
        except ExceptionGroup as group:
            raise _cause(group) from group


def _cause(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first of the errors that ended the agent's tasks."""
    first: Exception = group
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return first
