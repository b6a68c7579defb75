"""Upkeep of the disk: what is settled and old goes, room is found when it is short, the whole file is read daily."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from edge_agent.clock import Clocks
from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull, StorageError
from edge_agent.forgetting import forget_acked, forget_settled
from shared.wire.desired import StoreSettings

_PRUNE_SECONDS = 600.0
_PRUNE_FULL_SECONDS = 10.0
_EXAMINE_SECONDS = 24 * 3600.0
_DAY_MS = 24 * 3600 * 1000
_log = structlog.get_logger(__name__)


class Upkeep:
    """Keeps one agent's database small and watched. `changed`: HQ should hear how the disk stands now."""

    def __init__(
        self,
        database: Database,
        clocks: Clocks,
        settings: Callable[[], StoreSettings | None],
        changed: Callable[[], None],
    ) -> None:
        self._database = database
        self._clocks = clocks
        self._settings = settings
        self._changed = changed
        self._room_changed = asyncio.Event()
        self._damage = ""

    @property
    def problems(self) -> list[str]:
        """What is wrong with the disk, for HQ and whoever stands at the till."""
        problems = []
        if self._database.is_full:
            problems.append("disk_full: this agent cannot sell until there is room")
        if self._damage:
            problems.append(f"database_damaged: {self._damage}; keep the file and call support")
        return problems

    def room_changed(self) -> None:
        """Look for room at once, not when the ten minutes are over."""
        self._room_changed.set()

    async def prune(self) -> None:
        """Let go of what HQ has and nobody needs, now and then, until cancelled."""
        while True:
            settings = self._settings()
            if settings is not None:
                try:
                    await self._forget(settings)
                except DiskFull as error:
                    _log.warning("not_pruned", reason=str(error))
            self._room_changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PRUNE_FULL_SECONDS if self._database.is_full else _PRUNE_SECONDS):
                    await self._room_changed.wait()

    async def _forget(self, settings: StoreSettings) -> None:
        prune = partial(forget_acked, machine=self._clocks.machine, settings=settings)
        while await self._database.make_room(prune):
            pass
        before_ms = self._clocks.business.now_ms() - settings.retain_days * _DAY_MS
        await self._database.run(partial(forget_settled, before_ms=before_ms), makes_room=True)

    async def examine(self) -> None:
        """Read the whole file, after the start and once a day: damage is told while HQ may still have what is lost."""
        while True:
            try:
                await self._database.check()
                self._damage = ""
            except StorageError as error:
                self._damage = str(error)
                _log.error("database_damaged", reason=self._damage)
                self._changed()
            await asyncio.sleep(_EXAMINE_SECONDS)
