"""The agent's doors: whatever of it is reached from outside its process, by screens, commands and terminals."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from edge_agent.bench import Bench
from edge_agent.clock import Clocks
from edge_agent.control import SOCKET_NAME as CONTROL_NAME
from edge_agent.control import Control
from edge_agent.devices import panel, trying
from edge_agent.devices.live_recording import LiveRecordings
from edge_agent.devices.panel import Panel
from edge_agent.disk.database import Database
from edge_agent.pictures.ports import Pictures
from edge_agent.settings import EdgeSettings
from edge_agent.terminals import requests
from edge_agent.terminals.acts import Acts
from edge_agent.terminals.certificate import PagesCertificate
from edge_agent.terminals.codes import PairingCodes
from edge_agent.terminals.desk import TerminalDesk
from edge_agent.terminals.door import Door
from edge_agent.terminals.register import Register
from edge_agent.till.ports import PaymentGateway
from edge_agent.till.scanning.telling import code_tables
from edge_agent.till.simulated_gateway import SimulatedGateway
from edge_agent.tills import Tills
from edge_agent.watchdog import Pulse, page_pulse
from edge_agent.web.standing import Standing
from shared.codes import MemberCard, MemberQr, PaymentCode, classify

_log = structlog.get_logger(__name__)
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Behind:
    """What the doors lead to: how the agent stands, the bench, HQ's signature under the pages' certificate, HQ's CA.

    `pictures` are the items'. Of `gateways` a simulated one is played on the bench's page. `changed`: HQ should hear
    how the agent stands now. `mint` gives events their ids, `recorded` is told that there is one to send.
    """

    standing: Callable[[], Awaitable[Standing]]
    bench: Callable[[], Bench]
    certify: Callable[[str], Awaitable[PagesCertificate]]
    ca: Callable[[], str]
    changed: Callable[[], None]
    mint: Callable[[], UUID]
    recorded: Callable[[], None]
    pictures: Pictures
    gateways: Sequence[PaymentGateway] = ()


class Doors:
    """Every door of one agent."""

    def __init__(
        self, settings: EdgeSettings, clocks: Clocks, database: Database, tills: Tills, behind: Behind
    ) -> None:
        self._settings = settings
        self._clocks = clocks
        self._tills = tills
        self._behind = behind
        acts = Acts(clocks, behind.mint, behind.recorded)
        self._register = Register(database, clocks.machine.wall_ms, lambda: secrets.token_urlsafe(_TOKEN_BYTES), acts)
        codes = PairingCodes(clocks.machine, lambda count: f"{secrets.randbelow(10**count):0{count}d}")
        self._desk = TerminalDesk(codes, self._register, lambda: tills.settings, self._terminals_changed)
        self._door: Door | None = None

    async def run(self) -> None:
        """Keep them open until cancelled."""
        await self._register.recall()
        state = self._settings.state_dir
        async with asyncio.TaskGroup() as tasks:
            show = Panel(self._tills.devices).serve(state / panel.SOCKET_NAME)
            tasks.create_task(_listening("device_panel", show), name="device panel")
            recordings = LiveRecordings(self._tills.devices, self._clocks.machine, self._is_personal)
            tries = trying.works(self._tills.devices, self._tills.learn_drawer)
            control = Control({**requests.works(self._desk), **recordings.works(), **tries}).serve(state / CONTROL_NAME)
            tasks.create_task(_listening("control", control), name="control")
            if self._settings.bench_socket is not None:
                tasks.create_task(self._behind.bench().serve(self._settings.bench_socket), name="bench")
            if self._settings.web_port is not None:
                tasks.create_task(self._serve_pages(self._settings.web_port, tasks), name="pages")

    def ring(self) -> None:
        """Look again at who may come in: HQ has described the store anew."""
        if self._door is not None:
            self._door.ring()

    @property
    def problems(self) -> list[str]:
        """What HQ should know of the doors."""
        return [self._door.problem] if self._door is not None and self._door.problem else []

    @property
    def pulses(self) -> dict[str, Pulse]:
        """What of the doors must get on for the watchdog to be fed."""
        return {"pages": page_pulse(self._settings.web_port)} if self._settings.web_port else {}

    async def _serve_pages(self, port: int, tasks: asyncio.TaskGroup) -> None:
        from edge_agent.pages import TillPages  # noqa: PLC0415 - an agent without pages spares their memory

        behind = self._behind
        simulated = [one for one in behind.gateways if isinstance(one, SimulatedGateway)]
        payments = simulated[0] if simulated else None
        pages = TillPages(
            self._tills,
            self._clocks.business,
            behind.standing,
            desk=self._desk,
            ca=behind.ca,
            payments=payments,
            pictures=behind.pictures,
        )
        self._door = Door(
            self._settings.state_dir / "identity",
            self._behind.certify,
            self._clocks.machine,
            lambda: self._tills.settings,
            pages.serve_terminals,
        )
        tasks.create_task(self._door.run(), name="door for terminals")
        await pages.serve(port)

    def _is_personal(self, text: str) -> bool:
        """Tell whether a scanned text names a member or a member of the staff, or moves money."""
        settings = self._tills.settings
        if settings is None:
            return True
        told = classify(text, code_tables(settings))
        staff = tuple(settings.policies.staff_card_prefixes)
        return isinstance(told, MemberCard | MemberQr | PaymentCode) or (bool(staff) and text.startswith(staff))

    def _terminals_changed(self, till: str) -> None:
        served = self._tills.served.get(till)
        if served is not None:
            served.station.till.changes.note()  # the stream of one that was unpaired looks again, and ends
        self._behind.changed()


async def _listening(name: str, listening: Awaitable[None]) -> None:
    try:
        await listening
    except* OSError as group:
        # A path too long for a socket, say: nobody can watch or command, and selling goes on.
        _log.warning(f"{name}_closed", reason=str(group.exceptions[0]))
