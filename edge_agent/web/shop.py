"""What the pages need of the agent, and nothing more of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from edge_agent.till.till import Till
from shared.clock import BusinessClock
from shared.wire.desired import StoreSettings


@dataclass(frozen=True, slots=True)
class Standing:
    """How the agent stands, for the strip at the foot of a till.

    `link` names the way it talks to HQ by, empty without any; `waiting` counts the events HQ does not have yet;
    `problems` are its own, as HQ hears them.
    """

    link: str
    waiting: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device of a till and how it is: its name at the till and its state's code."""

    name: str
    state: str


class Counter(Protocol):
    """One selling position with its devices."""

    @property
    def till(self) -> Till:
        """The till's use cases."""
        ...

    @property
    def seen(self) -> list[DeviceSeen]:
        """Its devices as they are now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The store: its tills by id (more may come), settings (None before HQ described it), time, standing."""

    counters: Mapping[str, Counter]
    settings: Callable[[], StoreSettings | None]
    clock: BusinessClock
    standing: Callable[[], Awaitable[Standing]]
