"""The till pages over this agent's tills: what the composition root hands to the web server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.bench_printer import work_printer
from edge_agent.bench_words import PrinterPanel
from edge_agent.devices.binding import WITH_PAGES
from edge_agent.devices.ports import DeviceState
from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.pictures.ports import Pictures
from edge_agent.receipt.jobs import Unproven
from edge_agent.station import Station
from edge_agent.terminals.certificate import fingerprint, root_of
from edge_agent.terminals.desk import TerminalDesk
from edge_agent.terminals.door import Opening
from edge_agent.till.simulated_gateway import SimulatedGateway
from edge_agent.till.till import Till
from edge_agent.tills import Tills
from edge_agent.web import server
from edge_agent.web.app import make_app, make_terminal_app
from edge_agent.web.screen.screen import Screen
from edge_agent.web.shop import Counter, DeviceSeen, Shop
from edge_agent.web.standing import Standing
from edge_agent.web.terminals_page import TerminalList
from shared.clock import BusinessClock
from shared.wire.desired import StoreSettings

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class _StationCounter:
    station: Station
    screen: Screen
    payments: SimulatedGateway | None

    @property
    def till(self) -> Till:
        return self.station.till

    @property
    def seen(self) -> list[DeviceSeen]:
        return [
            DeviceSeen(
                device.device,
                device.state.value,
                device.profile.device_class.value if device.profile else "",
                device.standing.conditions if device.state is not DeviceState.CLOSED else (),
            )
            for device in self.station.devices
        ]

    @property
    def paper_problems(self) -> tuple[PrinterProblem, ...]:
        return self.station.paper.printing.problems if self.station.paper is not None else ()

    @property
    def unproven(self) -> Unproven | None:
        return self.station.paper.printing.unproven if self.station.paper is not None else None

    @property
    def simulated(self) -> dict[str, SimulatedTransport]:
        return {
            device.device: device.transport
            for device in self.station.devices
            if isinstance(device.transport, SimulatedTransport)
        }

    async def work_printer(self, device: str, **wanted: Any) -> dict[str, Any]:
        panel = PrinterPanel(till=self.till.id, device=device, **wanted)
        return await work_printer(self.simulated.get(device), panel) or {}


class _Counters(Mapping[str, Counter]):
    """The tills that are open now; more may come while the pages are served."""

    def __init__(self, tills: Tills, clock: BusinessClock, payments: SimulatedGateway | None) -> None:
        self._tills = tills
        self._clock = clock
        self._payments = payments
        self._screens: dict[str, Screen] = {}

    def __getitem__(self, till: str) -> Counter:
        station = self._tills.served[till].station
        screen = self._screens.get(till)
        if screen is None:
            screen = self._screens[till] = Screen(station.till, self._settings, self._clock)
            station.screen = screen
        return _StationCounter(station, screen, self._payments)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tills.served)

    def __len__(self) -> int:
        return len(self._tills.served)

    def end(self) -> None:
        """Let go of what the screens still do."""
        for screen in self._screens.values():
            screen.end()

    def _settings(self) -> StoreSettings:
        settings = self._tills.settings
        if settings is None:
            raise RuntimeError("a till is shown before HQ has described the store")
        return settings


class TillPages:
    """The pages of these tills, served on loopback and, where head office opens the store, to its network's terminals.

    Both show the same screens: a till may be looked at from several places, and sells once.
    """

    def __init__(
        self,
        tills: Tills,
        clock: BusinessClock,
        standing: Callable[[], Awaitable[Standing]],
        *,
        desk: TerminalDesk,
        ca: Callable[[], str],
        payments: SimulatedGateway | None = None,
        pictures: Pictures | None = None,
    ) -> None:
        self._tills = tills
        self._counters = _Counters(tills, clock, payments)
        self._shop = Shop(
            counters=self._counters,
            settings=lambda: tills.settings,
            clock=clock,
            standing=standing,
            pictures=pictures,
        )
        self._desk = desk
        self._ca = ca

    async def serve(self, port: int) -> None:
        """Serve this machine's own screens on a loopback port until cancelled. Raise `server.PortTaken`."""
        listener = server.bound(port)
        self._tills.give_unbound(WITH_PAGES)
        at = listener.getsockname()[1]
        hosts = [f"{name}:{at}" for name in ("127.0.0.1", "localhost")]
        terminals = TerminalList(self._shop, self._desk, lambda: fingerprint(root_of(self._ca())))
        app = make_app(self._shop, hosts=hosts, key=os.urandom(_KEY_BYTES), make_visit=_visit, terminals=terminals)
        try:
            await server.serve(app, listener, app.state.closing.say)
        finally:
            self._counters.end()

    async def serve_terminals(self, opening: Opening) -> None:
        """Serve terminals by TLS until cancelled. Raise `server.PortTaken`."""
        app = make_terminal_app(
            self._shop,
            hosts=list(opening.hosts),
            key=os.urandom(_KEY_BYTES),
            make_visit=_visit,
            desk=self._desk,
            root=root_of(self._ca()),
        )
        listener = server.bound_everywhere(opening.port)
        await server.serve(app, listener, app.state.closing.say, tls=opening.held.tls())


def _visit() -> str:
    return secrets.token_urlsafe(_KEY_BYTES)
