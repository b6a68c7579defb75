"""Doing the harm that the chaos plan says, and seeing that what was hurt comes back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.demo.agents import StoreAgent
from deploy.demo.chaos import Act, Harm
from deploy.demo.database import server_url


class Trouble:
    """Carries a plan out as sales are counted."""

    def __init__(
        self, plan: Sequence[Act], agents: Mapping[str, StoreAgent], cloud_data: Path, database_url: str
    ) -> None:
        self._plan = list(plan)
        self._agents = agents
        self._cloud_data = cloud_data
        self._database_url = database_url
        self.done: list[dict[str, Any]] = []

    async def look(self, sales: int, tasks: asyncio.TaskGroup) -> None:
        """Start every act that is due by now."""
        while self._plan and self._plan[0].after <= sales:
            act = self._plan.pop(0)
            tasks.create_task(self._carry_out(act, sales), name=f"chaos {act.harm}")

    async def _carry_out(self, act: Act, sales: int) -> None:
        hit = await self._harm(act)
        self.done.append({"after": sales, "harm": str(act.harm), "store": act.store, "hit": hit})

    async def _harm(self, act: Act) -> bool:
        if act.store is not None:
            return await self._harm_agent(act, self._agents[f"s{act.store}"])
        if act.harm is Harm.CUT_DATABASE:
            return await asyncio.to_thread(cut_connections, self._database_url)
        if act.harm is Harm.KILL_BROKER:
            killed = [_send(pid, signal.SIGKILL) for pid in _children(self._cloud_pid("broker"))]
            return any(killed)
        pid = self._cloud_pid("ingest")
        if pid is None:
            return False  # it was hurt a moment ago and is not back yet
        if act.harm is Harm.FREEZE_INGEST:
            return await _freeze(pid, act.frozen_ms)
        return _send(pid, signal.SIGKILL)

    async def _harm_agent(self, act: Act, agent: StoreAgent) -> bool:
        pid = agent.process.pid
        if agent.disturbed or pid is None:
            return False
        if act.harm is Harm.FREEZE_AGENT:
            return await _freeze(pid, act.frozen_ms)
        await (agent.kill() if act.harm is Harm.KILL_AGENT else agent.stop_and_start())
        return True

    def _cloud_pid(self, role: str) -> int | None:
        """Return the process of a role, as the cloud itself states in its data folder."""
        try:
            facts = json.loads((self._cloud_data / "run.json").read_text())
        except (OSError, ValueError):
            return None
        found = facts["pids"].get(role)
        return found if isinstance(found, int) else None


def _children(pid: int | None) -> list[int]:
    """Return the processes a process started: the broker itself is the child of the one that configures it."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def cut_connections(database_url: str) -> bool:
    """End every other connection to a PostgreSQL database."""
    import psycopg  # noqa: PLC0415 - only where the run uses PostgreSQL

    with psycopg.connect(server_url(database_url), autocommit=True) as connection:
        rows = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return bool(rows)


async def _freeze(pid: int, frozen_ms: int) -> bool:
    if not _send(pid, signal.SIGSTOP):
        return False
    await asyncio.sleep(frozen_ms / 1000)
    return _send(pid, signal.SIGCONT)


def _send(pid: int, signal_: signal.Signals) -> bool:
    try:
        os.kill(pid, signal_)
    except ProcessLookupError:
        return False
    return True
