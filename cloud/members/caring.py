"""The job that cares for members: cards that end, people found twice, odd points, each some times a day."""

from __future__ import annotations

import os

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.deployment.clocks import Clocks
from cloud.members import card_desk, duplicates, ending_points, watching
from cloud.members.home_days import Days, HomeDays, chain_day
from shared.ids import UuidMint

EVERY_S = 900.0


class Caring:
    """Looks every quarter of an hour; each look is a transaction of its own."""

    def __init__(self, database: Database, clocks: Clocks) -> None:
        self._database = database
        self._clocks = clocks
        self._next = 0.0

    def __call__(self) -> bool:
        """Look if it is time; there is never more to do at once."""
        machine = self._clocks.machine
        if machine.monotonic() < self._next:
            return False
        self._next = machine.monotonic() + EVERY_S
        now_ms = machine.wall_ms()
        today = HomeDays(self._clocks.business.now_ms())
        mint = UuidMint(machine.wall_ms, os.urandom)
        with self._database.session() as session:
            card_desk.end_cards(session, mint, today=today, commit_no=open_commit(session, now_ms), now_ms=now_ms)
        self._tell_of_points(mint, today, now_ms)
        with self._database.session() as session:
            duplicates.scan(session, now_ms)
        with self._database.snapshot() as session:
            days = watching.days_to_look_at(chain_day(session, today))
        for day in days:
            with self._database.session() as session:
                watching.look(session, day, now_ms)
        return False

    def _tell_of_points(self, mint: UuidMint, today: Days, now_ms: int) -> None:
        """Make every notice that is due, in transactions that others need not wait for."""
        made = ending_points.AT_ONCE
        while made == ending_points.AT_ONCE:
            with self._database.session() as session:
                made = ending_points.tell(session, mint, today=today, now_ms=now_ms)
