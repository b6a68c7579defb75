"""The job behind gifts, draws and runs: takes the steps people asked for, part by part, and ends what is over."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from cloud.coupons import expiring
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.database.transience import is_transient
from cloud.errors import CloudError, Refused, Unavailable
from cloud.members.home_days import over_everywhere
from cloud.privacy import Vault
from cloud.rewards import drawing, gifts, pickups, runs
from cloud.rewards.models import Draw, Pickup, Run
from shared.clock import BusinessClock, MachineClock

_EVERY_S = 60.0
_AT_ONCE = 100
_WORK = (runs.ASKED, runs.POSTING, runs.REVERSING)
_KEEPER = "jobs"

log = structlog.get_logger()


class RewardsKeeping:
    """Takes the oldest step asked for, one part a call; once a minute gives back what nobody fetched in time."""

    def __init__(
        self,
        database: Database,
        business: BusinessClock,
        machine: MachineClock,
        mint: Callable[[], UUID],
        vault: Vault,
    ) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._mint = mint
        self._vault = vault
        self._next = 0.0

    def __call__(self) -> bool:
        """Do one part; tell whether there may be more at once."""
        if self._step():
            return True
        if self._machine.monotonic() < self._next:
            return False
        more = in_transaction(self._database, self._tidy)
        if not more:
            self._next = self._machine.monotonic() + _EVERY_S
        return more

    def _step(self) -> bool:
        with self._database.snapshot() as session:
            waiting = select(Run).where(col(Run.state).in_(_WORK)).order_by(col(Run.made_ms), col(Run.id)).limit(1)
            found = session.exec(waiting).first()
        if found is None:
            return False
        run = found.id
        try:
            in_transaction(self._database, lambda session: self._take(session, run))
        except Unavailable:
            raise
        except Exception as error:
            if is_transient(error):
                raise
            problem = error.code if isinstance(error, Refused) else str(error)
            in_transaction(self._database, lambda session: self._failed(session, run, problem))
            if not isinstance(error, CloudError):
                raise
        return True

    def _take(self, session: Session, run: UUID) -> None:
        row = runs.find(session, run)
        act = runs.Act(row.asked_by or row.made_by, self._machine.wall_ms(), self._business.now_ms())
        if row.state == runs.ASKED:
            runs.fill_some(session, row)
        elif row.state == runs.POSTING:
            runs.post_some(session, run, act)
        elif row.state == runs.REVERSING:
            runs.reverse_some(session, run, act, force=row.forced)

    def _failed(self, session: Session, run: UUID, problem: str) -> None:
        """Write down why a step could not be taken; what was posted before stays and can be gone on with."""
        row = runs.find(session, run)
        log.warning("run stopped", run=str(run), state=row.state, problem=problem)
        row.state = runs.FAILED if row.state == runs.ASKED else runs.POSTED
        row.problem = problem[:500]
        session.add(row)
        session.flush()

    def _tidy(self, session: Session) -> bool:
        """End what is over in every zone, some at a time; tell whether there may be more.

        Where nothing is, nothing is written.
        """
        now_ms, over = self._machine.wall_ms(), over_everywhere(session, self._business.now_ms())
        for draw in session.exec(select(Draw).where(~col(Draw.ended), col(Draw.ends) < over)).all():
            drawing.end(session, self._vault, draw.id, actor=_KEEPER, now_ms=now_ms, reason="its last day is over")
        lapsed = session.exec(
            select(Pickup)
            .where(col(Pickup.state) == pickups.WAITING, col(Pickup.until) < over)
            .order_by(col(Pickup.until), col(Pickup.code))
            .limit(_AT_ONCE)
        ).all()
        if not lapsed and not expiring.is_due(session, over):
            return False
        commit_no = open_commit(session, now_ms)
        for one in lapsed:
            gifts.cancel(session, commit_no, one.subject, cause=self._mint(), at_ms=self._business.now_ms())
        expired = expiring.expire_ended(session, commit_no, over, cause=self._mint, at_ms=self._business.now_ms())
        return len(lapsed) == _AT_ONCE or expired > 0
