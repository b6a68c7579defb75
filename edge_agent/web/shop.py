"""What the pages need of the agent, and nothing more of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.pictures.ports import Pictures
from edge_agent.receipt.jobs import Unproven
from edge_agent.till.simulated_gateway import SimulatedGateway
from edge_agent.till.till import Till
from edge_agent.web.screen.screen import Screen
from edge_agent.web.standing import Standing
from shared.clock import BusinessClock
from shared.wire.desired import StoreSettings


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device of a till and how it is: its name at the till, its state's code, and its class (`scanners`).

    `conditions` is what its driver says is remarkable (`scale_zero_drift`).
    """

    name: str
    state: str
    kind: str = ""
    conditions: tuple[str, ...] = ()


class Counter(Protocol):
    """One selling position with its devices and its screen."""

    @property
    def till(self) -> Till:
        """The till's use cases."""
        ...

    @property
    def screen(self) -> Screen:
        """Its screen."""
        ...

    @property
    def seen(self) -> list[DeviceSeen]:
        """Its devices as they are now."""
        ...

    @property
    def paper_problems(self) -> tuple[PrinterProblem, ...]:
        """What the cashier has to know of the receipt printer before taking money."""
        ...

    @property
    def unproven(self) -> Unproven | None:
        """The last paper, where nobody knows that it is whole."""
        ...

    @property
    def simulated(self) -> dict[str, SimulatedTransport]:
        """The cables of its simulated devices by name."""
        ...

    @property
    def payments(self) -> SimulatedGateway | None:
        """The simulated payment service, where there is no real one."""
        ...

    async def work_printer(self, device: str, **wanted: Any) -> dict[str, Any]:
        """Order a fault of a simulated printer, or end it, and return its paper."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The store: its tills by id (more may come), settings (None before HQ described it), time, standing, pictures."""

    counters: Mapping[str, Counter]
    settings: Callable[[], StoreSettings | None]
    clock: BusinessClock
    standing: Callable[[], Awaitable[Standing]]
    pictures: Pictures | None = None
