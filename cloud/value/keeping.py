"""The job that keeps value moving: frees what nobody captured, gives stores what they may spend offline."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

from cloud.coupons.settling import free_lapsed
from cloud.database import Database
from cloud.database.transactions import in_transaction
from cloud.loyalty.tiers import end_floors
from cloud.members.home_days import HomeDays
from cloud.value import rules
from cloud.value.allowances import Moment, active_agents, issue
from cloud.value.timing_out import free_ended
from shared.calendar import business_date
from shared.clock import BusinessClock, MachineClock

_EVERY_S = 15.0


class ValueKeeping:
    """Every few seconds: frees holds and reservations, ends floors of tiers, issues allowances where rules give any."""

    def __init__(
        self, database: Database, business: BusinessClock, machine: MachineClock, mint: Callable[[], UUID]
    ) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._mint = mint
        self._next = 0.0

    def __call__(self) -> bool:
        """Do it if it is time; tell whether there is more at once."""
        if self._machine.monotonic() < self._next:
            return False
        now_ms = self._machine.wall_ms()
        freed = in_transaction(self._database, lambda session: free_ended(session, now_ms))
        in_transaction(self._database, lambda session: free_lapsed(session, now_ms))
        today = HomeDays(self._business.now_ms())
        in_transaction(self._database, lambda session: end_floors(session, today, now_ms))
        issued = self._issue()
        if not freed and not issued:
            self._next = self._machine.monotonic() + _EVERY_S
        return bool(freed or issued)

    def _issue(self) -> int:
        with self._database.snapshot() as session:
            rule = rules.current(session)
            agents = active_agents(session) if rule.allowance_points or rule.allowance_minor else []
        issued = 0
        for agent in agents:
            at_ms = self._business.now_ms()
            today = business_date(at_ms, ZoneInfo(agent.time_zone), agent.day_cutoff_minutes)
            moment = Moment(self._machine.wall_ms(), at_ms, today)
            issued += in_transaction(
                self._database,
                lambda session, agent=agent, moment=moment: issue(session, agent.id, moment, self._mint),  # type: ignore[misc]
            )
        return issued
