"""Agents that wait by HTTPS for what head office has to say: looked at together, and only when something changed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Collection, Sequence
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from cloud.database.transience import is_transient
from cloud.errors import Unavailable
from cloud.identity.refusals import Unproven
from cloud.ingest.downlink import AGAIN_S
from cloud.ingest.exchange import Exchange
from cloud.ingest.roster import Roster
from shared.clock import MachineClock
from shared.topics import SHARDS
from shared.wire.messages import DownlinkMessage

_LOOK_EVERY_S = 1.0
_AT_LEAST_EVERY_S = 60.0
_AT_ONCE = 50
"""Agents looked at in one transaction, as the ingest worker does."""

log = structlog.get_logger(__name__)


class WaitingRoom:
    """One per API process, used from its event loop alone.

    To compose what an agent should run takes milliseconds: with each poll doing so every second, a hundred agents
    would be a core's work. So one roster watches for everybody; it names whom a change may concern.
    """

    def __init__(self, roster: Roster, exchange: Exchange, clock: MachineClock) -> None:
        self._roster = roster
        self._exchange = exchange
        self._clock = clock
        self._waiting: defaultdict[str, set[asyncio.Future[list[DownlinkMessage]]]] = defaultdict(set)
        self._looked: dict[str, float] = {}
        """When an agent was last looked at; absent for one that is to be looked at as soon as it waits."""
        self._kept: dict[str, tuple[float, list[DownlinkMessage]]] = {}
        """What was found for an agent between two of its polls, and when: it is said to the next."""
        self._looking: asyncio.Task[None] | None = None

    async def next(self, agent: str, wait_s: float, gone: Awaitable[None]) -> list[DownlinkMessage]:
        """Return what there is to say to an agent; nothing after `wait_s` seconds or once `gone` is."""
        said: asyncio.Future[list[DownlinkMessage]] = asyncio.get_running_loop().create_future()
        left = asyncio.ensure_future(gone)
        if kept := self._take_kept(agent):
            said.set_result(kept)
        self._waiting[agent].add(said)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_on(), name="waiting room")
        try:
            either: set[asyncio.Future[Any]] = {said, left}
            await asyncio.wait(either, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            return said.result() if said.done() else []
        finally:
            left.cancel()
            self._waiting[agent].discard(said)
            if not self._waiting[agent]:
                del self._waiting[agent]

    async def look(self) -> None:
        """Look once at whoever has to be looked at now, and say what there is; send away whoever is revoked."""
        self._send_away(await run_in_threadpool(self._roster.revoked))
        for agent in await run_in_threadpool(self._roster.due, SHARDS):
            self._looked.pop(agent, None)
        now = self._clock.monotonic()
        self._kept = {agent: kept for agent, kept in self._kept.items() if now - kept[0] < AGAIN_S}
        due = [
            agent for agent in self._waiting if self._looked.get(agent, -_AT_LEAST_EVERY_S) <= now - _AT_LEAST_EVERY_S
        ]
        for start in range(0, len(due), _AT_ONCE):
            group = due[start : start + _AT_ONCE]
            messages = await run_in_threadpool(self._messages, group)
            self._looked.update(dict.fromkeys(group, now))
            self._say(messages)

    async def _look_on(self) -> None:
        """Look again and again while anybody waits."""
        while self._waiting:
            try:
                await self.look()
            except Exception as error:
                # Whoever waits goes on waiting, as by MQTT; the next look is in a second.
                known = isinstance(error, Unavailable) or is_transient(error)
                log.warning("agents wait", reason=type(error).__name__, exc_info=None if known else error)
            await asyncio.sleep(_LOOK_EVERY_S)
        self._looking = None

    def _messages(self, agents: Sequence[str]) -> list[DownlinkMessage]:
        """Compose what agents lack; what goes wrong over one agent's report is not the others' loss."""
        try:
            messages = self._exchange.unasked(agents)
        except Exception as error:
            if isinstance(error, Unavailable) or is_transient(error):
                raise
            if len(agents) == 1:
                log.exception("agent not told", agent=agents[0])
                return []
            return [message for agent in agents for message in self._messages([agent])]
        self._roster.told({message.agent for message in messages})
        return messages

    def _say(self, messages: Collection[DownlinkMessage]) -> None:
        by_agent: defaultdict[str, list[DownlinkMessage]] = defaultdict(list)
        for message in messages:
            by_agent[message.agent].append(message)
        for agent, theirs in by_agent.items():
            waiting = [said for said in self._waiting.get(agent, ()) if not said.done()]
            for said in waiting:
                said.set_result(theirs)
            if not waiting:
                self._kept[agent] = (self._clock.monotonic(), theirs)

    def _send_away(self, revoked: Collection[str]) -> None:
        for agent in self._waiting.keys() & revoked:
            self._kept.pop(agent, None)
            for said in self._waiting[agent]:
                if not said.done():
                    said.set_exception(Unproven("agent_revoked", f"agent {agent!r} is revoked"))

    def _take_kept(self, agent: str) -> list[DownlinkMessage]:
        """Return what was found for an agent while it did not wait; what is old was composed anew by then."""
        at, messages = self._kept.pop(agent, (0.0, []))
        return messages if self._clock.monotonic() - at < AGAIN_S else []
