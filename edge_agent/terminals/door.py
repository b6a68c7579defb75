"""The pages' door to the store's network: open while head office says so and a certificate for its names is at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from edge_agent.hq.link import LinkLost
from edge_agent.terminals import certificate
from edge_agent.terminals.certificate import Ask, Held
from shared.clock import MachineClock
from shared.wire.desired import StoreSettings, TerminalSettings

_LOOK_SECONDS = 3600.0
_AGAIN_SECONDS = 30.0
"""How soon is tried again what did not work: head office was away, the port was taken."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Opening:
    """How the door stands open: under which names (with port), on which port, by which certificate."""

    hosts: tuple[str, ...]
    port: int
    held: Held


class Door:
    """Opens, shuts and opens anew as settings and certificate change.

    `identity` is the folder of the agent's keys, `ask` has a certificate signed by head office, `serve` serves until
    it is cancelled and may raise OSError.
    """

    def __init__(
        self,
        identity: Path,
        ask: Ask,
        clock: MachineClock,
        settings: Callable[[], StoreSettings | None],
        serve: Callable[[Opening], Awaitable[None]],
    ) -> None:
        self._identity = identity
        self._ask = ask
        self._clock = clock
        self._settings = settings
        self._serve = serve
        self._rung = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._opening: Opening | None = None
        self.problem = ""
        """Why it is shut although it should be open, or what ends soon; empty: nothing."""

    def ring(self) -> None:
        """Look again: the settings may have changed."""
        self._rung.set()

    async def run(self) -> None:
        """Keep the door until cancelled."""
        try:
            while True:
                self._rung.clear()
                self.problem = ""
                await self._stand(await self._wanted())
                with suppress(TimeoutError):
                    async with asyncio.timeout(_AGAIN_SECONDS if self.problem else _LOOK_SECONDS):
                        await self._rung.wait()
        finally:
            await self._shut()

    async def _stand(self, opening: Opening | None) -> None:
        """Let the door stand like this."""
        serves = self._serving is not None and not self._serving.done()
        if opening == self._opening and (serves or opening is None):
            return
        await self._shut()
        self._opening = opening
        if opening is not None:
            self._serving = asyncio.create_task(self._hold_open(opening), name="pages for terminals")

    async def _hold_open(self, opening: Opening) -> None:
        try:
            await self._serve(opening)
        except OSError as error:
            _log.warning("terminals_shut", reason=str(error))
            self.problem = f"terminals_shut: {error}"
            # Not at once again: whoever has the port keeps it for a while.
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self.ring)

    async def _shut(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        self._serving = self._opening = None

    async def _wanted(self) -> Opening | None:
        settings = self._settings()
        if settings is None or not settings.terminals.hosts:
            return None
        held = await self._good(settings.terminals)
        if held is None:
            return None
        return Opening(tuple(settings.terminals.places), settings.terminals.port, held)

    async def _good(self, wanted: TerminalSettings) -> Held | None:
        """Return a certificate for the wanted names, a new one where it is time and head office answers."""
        held = certificate.load(self._identity)
        fits = held is not None and held.covers(wanted.hosts)
        now_ms = self._clock.wall_ms()
        if held is not None and fits and not held.due(now_ms):
            return held
        try:
            fresh = await certificate.renewed(self._identity, self._ask)
            _log.info("pages_certificate_new", hosts=fresh.hosts, not_after_ms=fresh.not_after_ms)
        except (LinkLost, ValueError, msgspec.DecodeError, OSError) as error:
            _log.warning("pages_certificate_missing", reason=str(error))
            self.problem = f"terminals_certificate: {error}"
            return held if fits else None
        if fresh.covers(wanted.hosts):
            return fresh
        # Head office has named others since: its settings are on their way here and ring.
        self.problem = "terminals_certificate: it is for other names than the settings"
        return None
