"""Keeps one broker: starts it, watches it, restarts it, and keeps its allow-list what the database says.

The broker's storage is disposable: when the broker will not run on it, it is moved aside and the broker starts anew.
"""

from __future__ import annotations

import asyncio
import random
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.broker import lifeline
from cloud.broker.adapter import BrokerAdapter
from cloud.broker.ending import end
from cloud.broker.listening import why_not_listening
from cloud.database import Database
from cloud.fleet.agents import AllowList, allowed
from shared.clock import MachineClock

READY_S = 15.0
_LOOK_EVERY_S = 0.5
_HEALTH_EVERY_S = 5.0
_UNHEALTHY_LIMIT = 3
_STOP_S = 5.0
_LONGEST_WAIT_S = 15.0
_KEEP_ASIDE = 2

log = structlog.get_logger()


class Keeper:
    """Runs a broker until it is told to stop."""

    def __init__(
        self,
        adapter: BrokerAdapter,
        database: Database,
        clock: MachineClock,
        on_ready: Callable[[int], None] = lambda _pid: None,
        *,
        renewed: Callable[[], bool] = lambda: False,
    ) -> None:
        """Keep a broker. `renewed` tells whether its certificate is another than when it was asked last."""
        self._adapter = adapter
        self._database = database
        self._clock = clock
        self._on_ready = on_ready
        self._renewed = renewed
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Have `run` end the broker and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep the broker running. Raise BrokerUnavailable when there is none to run."""
        failures = 0
        while not self._stopping.is_set():
            lived = await self._one_life()
            failures = 0 if lived else failures + 1
            if self._stopping.is_set():
                return
            if failures and not self._said_why_it_cannot_listen():
                await asyncio.to_thread(self._move_aside)
            await self._pause(min(_LONGEST_WAIT_S, 0.2 * 2**failures))

    async def _one_life(self) -> bool:
        """Run the broker once; tell whether it ever became ready."""
        current = await asyncio.to_thread(self._allowed)
        await self._end_leftover()
        await asyncio.to_thread(self._adapter.write, current.agents)
        process = await asyncio.create_subprocess_exec(
            *self._adapter.command(), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            mark = lifeline.mark_of(process.pid)
            if mark is None:
                return False
            lifeline.note(self._pid_file, mark)
            async with lifeline.held(mark):
                return await self._kept(process, current)
        finally:
            await end(process, _STOP_S)
            await asyncio.to_thread(self._adapter.close)

    def _said_why_it_cannot_listen(self) -> bool:
        """Say so where another program has the port or the host is not this machine's: no storage is to blame then."""
        host, port = self._adapter.address
        reason = why_not_listening(host, port)
        if reason:
            log.error("broker cannot listen, trying again", host=host, port=port, reason=reason)
        return bool(reason)

    async def _kept(self, process: Process, current: AllowList) -> bool:
        try:
            if not await self._is_ready(process):
                return False
            log.info("broker ready", pid=process.pid, agents=len(current.agents))
            self._on_ready(process.pid)
            await self._watch(process, current)
            return True
        finally:
            await end(process, _STOP_S)  # before its guard is let go

    @property
    def _pid_file(self) -> Path:
        return self._adapter.storage.parent / "broker.pid"

    async def _end_leftover(self) -> None:
        """End the broker of a keeper that was killed, should its guard have been killed as well."""
        left = lifeline.noted(self._pid_file)
        while left is not None and not self._stopping.is_set() and lifeline.kill(left):
            log.warning("leftover broker ended", pid=left.pid)
            await self._pause(0.1)

    async def _is_ready(self, process: Process) -> bool:
        ends = self._clock.monotonic() + READY_S
        while self._clock.monotonic() < ends and process.returncode is None and not self._stopping.is_set():
            if await asyncio.to_thread(self._adapter.is_healthy):
                return True
            await self._pause(0.1)
        log.warning("broker did not get ready", returncode=process.returncode)
        return False

    async def _watch(self, process: Process, current: AllowList) -> None:
        unhealthy, next_health = 0, self._clock.monotonic() + _HEALTH_EVERY_S
        while process.returncode is None and not self._stopping.is_set():
            await self._pause(_LOOK_EVERY_S)
            current = await self._follow(process, current)
            if self._clock.monotonic() < next_health:
                continue
            next_health = self._clock.monotonic() + _HEALTH_EVERY_S
            if await asyncio.to_thread(self._renewed) and process.returncode is None:
                self._adapter.reload(process.pid)
            unhealthy = 0 if await asyncio.to_thread(self._adapter.is_healthy) else unhealthy + 1
            if unhealthy >= _UNHEALTHY_LIMIT:
                log.error("broker does not answer, restarting it", pid=process.pid)
                return
        if process.returncode is not None:
            log.warning("broker ended", returncode=process.returncode)

    async def _follow(self, process: Process, current: AllowList) -> AllowList:
        try:
            wanted = await asyncio.to_thread(self._allowed)
        except SQLAlchemyError as error:
            log.warning("allow-list not read, keeping the last one", reason=type(error).__name__)
            return current
        if wanted.digest == current.digest or process.returncode is not None:
            return current
        try:
            await asyncio.to_thread(self._adapter.allow, wanted.agents, process.pid)
        except OSError as error:
            log.warning("allow-list not applied, trying again", reason=str(error))
            return current
        log.info("allow-list changed", agents=len(wanted.agents))
        return wanted

    def _allowed(self) -> AllowList:
        with self._database.snapshot() as session:
            return allowed(session)

    def _move_aside(self) -> None:
        """Take storage that the broker will not run on out of its way; keep the last two for whoever asks."""
        storage = self._adapter.storage
        if not storage.exists():
            return
        aside = storage.with_name(f"{storage.name}.aside-{self._clock.wall_ms()}")
        storage.rename(aside)
        log.warning("broker storage moved aside", to=str(aside))
        for old in sorted(storage.parent.glob(f"{storage.name}.aside-*"))[:-_KEEP_ASIDE]:
            _remove(old)

    async def _pause(self, ceiling_s: float) -> None:
        with suppress(TimeoutError):
            wait = ceiling_s if ceiling_s <= 1 else random.uniform(0.2, ceiling_s)  # noqa: S311 - jitter
            await asyncio.wait_for(self._stopping.wait(), wait)


def _remove(path: Path) -> None:
    for child in sorted(path.rglob("*"), reverse=True):
        if child.is_dir() and not child.is_symlink():
            child.rmdir()
        else:
            child.unlink(missing_ok=True)
    path.rmdir()
