"""Ending plans in time: a promotion that went with a roll-back is over when that takes over, not when somebody looks.

A roll-back may be staged for tonight. The job looks when something has happened to timelines: a publication, a
withdrawal, a version that took over.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlmodel import Session, col, func, select

from cloud.database import Database
from cloud.prices.models import EntryStatus, PriceVersion, TimelineEntryRow
from cloud.prices.publish import Act
from cloud.promotions.holding import end_what_is_gone
from cloud.promotions.models import PlanStatus, PromotionPlan
from shared.clock import BusinessClock, MachineClock

EVERY_S = 30.0
ACTOR = "job:promotions"


class _Marks(NamedTuple):
    """What moves when a book may have stopped being one that a store sells by."""

    plans: int
    versions: tuple[tuple[str, int], ...]
    begun: int


class Ending:
    """The job."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._marks: _Marks | None = None
        self._next = 0.0

    def __call__(self) -> bool:
        """Look now and then whether there is anything to look at."""
        if self._machine.monotonic() < self._next:
            return False
        self._next = self._machine.monotonic() + EVERY_S
        act = Act(actor=ACTOR, now_ms=self._business.now_ms(), wall_ms=self._machine.wall_ms())
        with self._database.snapshot() as session:
            marks = _read_marks(session, act.now_ms)
        if marks == self._marks:
            return False
        if marks.plans:
            with self._database.session() as session:
                end_what_is_gone(session, act)
        self._marks = marks
        return False


def _read_marks(session: Session, now_ms: int) -> _Marks:
    published = select(func.count()).select_from(PromotionPlan).where(col(PromotionPlan.status) == PlanStatus.PUBLISHED)
    plans = session.exec(published).one()
    if not plans:
        return _Marks(0, (), 0)
    versions = select(col(PriceVersion.status), func.count()).group_by(col(PriceVersion.status))
    begun = select(func.count()).where(
        col(TimelineEntryRow.status) == EntryStatus.STAGED, col(TimelineEntryRow.activates_ms) <= now_ms
    )
    return _Marks(plans, tuple(sorted(session.exec(versions).all())), session.exec(begun).one())
