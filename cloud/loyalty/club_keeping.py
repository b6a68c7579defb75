"""The job of referrals: who has bought, what is due, what the desk decided, what came back."""

from __future__ import annotations

from sqlmodel import Session

from cloud.database import Database
from cloud.database.transactions import in_transaction
from cloud.loyalty import referring
from cloud.members.home_days import HomeDays
from shared.clock import BusinessClock, MachineClock

_EVERY_S = 60.0


class ReferralKeeping:
    """Once a minute, and again at once while there is more; each step a transaction of its own."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._next = 0.0

    def __call__(self) -> bool:
        """Take a turn if it is time; tell whether there is more at once."""
        if self._machine.monotonic() < self._next:
            return False
        business_ms, now_ms = self._business.now_ms(), self._machine.wall_ms()
        today = HomeDays(business_ms)

        def find(session: Session) -> int:
            return referring.find(session, now_ms=now_ms)

        def settle(session: Session) -> int:
            return referring.settle(session, today=today, now_ms=now_ms, business_ms=business_ms)

        def reviewed(session: Session) -> int:
            return referring.reviewed(session, today=today, now_ms=now_ms, business_ms=business_ms)

        def take_back(session: Session) -> int:
            return referring.take_back(session, now_ms=now_ms, business_ms=business_ms)

        done = [in_transaction(self._database, step) for step in (find, settle, reviewed, take_back)]
        if not any(done):
            self._next = self._machine.monotonic() + _EVERY_S
        return any(done)
