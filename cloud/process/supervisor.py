"""Keeps child processes running: starts them, starts again what ends, and ends them all in order.

A child that this process can no longer look after (it was killed) notices by itself: its standard input ends.
"""

from __future__ import annotations

import asyncio
import random
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from cloud.broker.ending import end
from shared.clock import MachineClock

_STOP_S = 15.0
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 15.0
_STEADY_S = 20.0
"""A child that lived this long starts again at once when it ends."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Child:
    """A process to keep: its name and the command that runs it."""

    name: str
    command: Sequence[str]


class Supervisor:
    """Runs children until it is stopped."""

    def __init__(
        self,
        children: Sequence[Child],
        clock: MachineClock,
        on_change: Callable[[Mapping[str, int]], None] = lambda _pids: None,
    ) -> None:
        self._children = children
        self._clock = clock
        self._on_change = on_change
        self._stopping = asyncio.Event()
        self._pids: dict[str, int] = {}

    def stop(self) -> None:
        """Have `run` end every child and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep the children running until stopped."""
        async with asyncio.TaskGroup() as group:
            for child in self._children:
                group.create_task(self._keep(child), name=child.name)

    async def _keep(self, child: Child) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            process = await asyncio.create_subprocess_exec(*child.command, stdin=asyncio.subprocess.PIPE)
            self._note(child.name, process.pid)
            await self._until_ended_or_stopped(process)
            if self._stopping.is_set():
                await end(process, _STOP_S)
                self._note(child.name, None)
                return
            self._note(child.name, None)
            failures = 0 if self._clock.monotonic() - began > _STEADY_S else failures + 1
            log.warning("child ended, starting it again", child=child.name, returncode=process.returncode)
            ceiling = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**failures)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), random.uniform(0.05, ceiling))  # noqa: S311 - jitter

    async def _until_ended_or_stopped(self, process: Process) -> None:
        ended = asyncio.create_task(process.wait(), name="ended")
        stopped = asyncio.create_task(self._stopping.wait(), name="stopped")
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, stopped):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _note(self, name: str, pid: int | None) -> None:
        if pid is None:
            self._pids.pop(name, None)
        else:
            self._pids[name] = pid
            log.info("child runs", child=name, pid=pid)
        self._on_change(dict(self._pids))
