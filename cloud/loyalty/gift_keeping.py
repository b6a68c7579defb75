"""The job that gives what tiers bring, slice by slice, each slice a transaction of its own."""

from __future__ import annotations

import secrets

from sqlmodel import Session

from cloud.database import Database
from cloud.database.transactions import in_transaction
from cloud.loyalty import giving
from cloud.members.home_days import HomeDays
from cloud.privacy import Vault
from shared.clock import BusinessClock, MachineClock

_EVERY_S = 60.0


class GiftKeeping:
    """Once a minute, and again at once while there is more to give."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock, vault: Vault) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._vault = vault
        self._next = 0.0

    def __call__(self) -> bool:
        """Give some of what is due if it is time; tell whether there is more at once."""
        if self._machine.monotonic() < self._next:
            return False
        given = [in_transaction(self._database, work) for work in (self._reaching, self._monthly, self._birthdays)]
        more = any(given)
        if not more:
            self._next = self._machine.monotonic() + _EVERY_S
        return more

    def _reaching(self, session: Session) -> int:
        return sum(giving.reaching(session, at) for at in self._begin(session))

    def _monthly(self, session: Session) -> int:
        return sum(giving.monthly(session, at) for at in self._begin(session))

    def _birthdays(self, session: Session) -> int:
        return sum(giving.birthdays(session, self._vault, at) for at in self._begin(session))

    def _begin(self, session: Session) -> list[giving.Round]:
        business_ms = self._business.now_ms()
        return giving.begin(
            session,
            HomeDays(business_ms),
            now_ms=self._machine.wall_ms(),
            business_ms=business_ms,
            random_bits=secrets.randbits,
        )
