"""A link to HQ: one connection over which messages go up and come down. It is a wire, never a store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from shared.wire.messages import DownlinkMessage, Message

_FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
GOODBYE_SECONDS = 2.0
"""How long a last word may take on a connection that is left."""
_STEADY_SECONDS = 60.0
"""A connection that lasted this long was a good one: the next pause starts small again."""


class LinkLost(ConnectionError):
    """HQ cannot be reached, or no longer: wait and connect anew."""


class LinkRefused(LinkLost):
    """HQ answered and refused this agent: its certificate is revoked, expired or unknown."""


class Link(Protocol):
    """One live connection. Sending raises LinkLost; so does the iterator when the connection ends."""

    connection: UUID
    name: str

    async def send(self, message: Message) -> None:
        """Hand a message to the wire. That it returns is no evidence that HQ has it: only an Ack is."""
        ...

    def messages(self) -> AsyncIterator[DownlinkMessage]:
        """Yield what HQ says, until the connection ends."""
        ...


class Connector(Protocol):
    """A way of reaching HQ. `connect` does no I/O; entering what it returns does."""

    name: str

    def connect(self, connection: UUID, will: Message) -> AbstractAsyncContextManager[Link]:
        """Return a connection under an id of its own; `will` is what HQ hears when it breaks off unannounced."""
        ...


@dataclass(slots=True)
class Pauses:
    """Pauses between attempts: doubling to a cap, with full jitter so that a chain's stores do not come at once."""

    random: Callable[[], float]
    _next_seconds: float = _FIRST_PAUSE_SECONDS

    def after(self, lasted_seconds: float) -> float:
        """Return how many seconds to wait after a connection or attempt that lasted so long."""
        if lasted_seconds >= _STEADY_SECONDS:
            self._next_seconds = _FIRST_PAUSE_SECONDS
        pause = self._next_seconds * self.random()
        self._next_seconds = min(2 * self._next_seconds, LONGEST_PAUSE_SECONDS)
        return pause


def back_within(step_seconds: float) -> float:
    """Return in how many seconds after a broker's return every agent is connected again: 90 as shipped.

    At worst an agent has just begun its longest pause, and then takes the three steps that connecting may.
    """
    return LONGEST_PAUSE_SECONDS + 3 * step_seconds


def fallback_within(heartbeat_seconds: float, step_seconds: float) -> float:
    """Return in how many seconds an agent whose MQTT falls silent speaks with HQ by HTTPS: 250 as shipped.

    The silence has to be noticed and the dead connection left; then each try takes three steps to connect, one to
    hear its topics and one to leave, with pauses between, and the first words by HTTPS one more.
    """
    silence = 2.5 * heartbeat_seconds + 1.25 * step_seconds
    leaving = GOODBYE_SECONDS + step_seconds
    tries = LinkChoice.FAILURES_BEFORE_FALLBACK
    pauses = _FIRST_PAUSE_SECONDS * ((1 << tries + 1) - 1)
    return silence + leaving + tries * 5 * step_seconds + pauses + step_seconds


class LinkChoice:
    """Which way to try next: the first one while it works, the second after repeated failures, and back again.

    After `stay_seconds` by the second way the first gets one more try, and the second goes on if that fails.
    """

    FAILURES_BEFORE_FALLBACK = 3

    def __init__(self, connectors: list[Connector], *, stay_seconds: float = 600.0) -> None:
        self._connectors = connectors
        self._stay_seconds = stay_seconds
        self._failures = 0
        self._fallback_since: float | None = None

    def next(self, now: float) -> Connector:
        """Return the way to try at monotonic time `now`."""
        if len(self._connectors) == 1:
            return self._connectors[0]
        if self._fallback_since is not None and now - self._fallback_since < self._stay_seconds:
            return self._connectors[1]
        if self._failures >= (self.FAILURES_BEFORE_FALLBACK if self._fallback_since is None else 1):
            self._failures, self._fallback_since = 0, now
            return self._connectors[1]
        return self._connectors[0]

    def is_time_to_return(self, connector: Connector, now: float) -> bool:
        """Tell whether a connection by the second way should make room for a try of the first."""
        return (
            connector is not self._connectors[0]
            and self._fallback_since is not None
            and now - self._fallback_since >= self._stay_seconds
        )

    def tried(self, connector: Connector, *, heard_hq: bool) -> None:
        """Note how a try ended: HQ was heard over it, or it never was."""
        if connector is self._connectors[0]:
            self._failures = 0 if heard_hq else self._failures + 1
            if heard_hq:
                self._fallback_since = None
        elif not heard_hq:
            self._fallback_since = None
