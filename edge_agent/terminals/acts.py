"""Who paired or unpaired a terminal and why, recorded for head office in the transaction that does it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from edge_agent.clock import Clocks
from edge_agent.disk.agent_row import business_day, device_time, store_settings
from edge_agent.record import outbox
from shared.wire.terminal_events import TerminalAct, TerminalActed


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done with which terminal, by whom, from where and why."""

    act: TerminalAct
    till: str
    number: int
    name: str
    by: str
    reason: str
    seen_from: str


class Acts:
    """Puts what was done into the outbox. `rung` is called after the commit, for it to be sent at once."""

    def __init__(self, clocks: Clocks, mint: Callable[[], UUID], rung: Callable[[], None]) -> None:
        self._clocks = clocks
        self._mint = mint
        self.rung = rung

    def record(self, db: sqlite3.Connection, done: Done) -> None:
        """Record it. Head office has described the store before: without that nobody is paired."""
        settings = store_settings(db)
        if settings is None:
            return
        at_ms = self._clocks.business.now_ms()
        event = TerminalActed(
            id=self._mint(),
            store=settings.store,
            at_ms=at_ms,
            business_date=business_day(settings, at_ms),
            device=device_time(db, self._clocks.machine),
            till=done.till,
            act=done.act,
            number=done.number,
            name=done.name,
            by=done.by,
            reason=done.reason,
            seen_from=done.seen_from,
        )
        outbox.append(db, event, self._clocks.machine.wall_ms())
