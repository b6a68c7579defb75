"""Trials of drafts as long work: asked for, run slice by slice, watched, cancelled, gone on with after a restart.

Tiers are tried on every member, earning on the last weeks' sales. A slice is some thousands of them in a transaction of
its own, which also says how far it is: whoever takes the next slice, this process or another, goes on where the last
one ended.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from cloud import audit
from cloud.database import Database
from cloud.database.transactions import in_transaction
from cloud.loyalty import earning_trial, trial
from cloud.loyalty.draft_models import CANCELLED, DONE, RUNNING, TIERS, WAITING, RuleDraft, RuleTrial
from cloud.loyalty.earning_trial import EarningTrial
from cloud.loyalty.trial import Trial
from shared.clock import MachineClock
from shared.loyalty import EarningRule, TierRule

_tally = msgspec.json.Decoder(Trial)
_earned = msgspec.json.Decoder(EarningTrial)
_tiers = msgspec.json.Decoder(TierRule)
_earning = msgspec.json.Decoder(EarningRule)
_OPEN = (WAITING, RUNNING)


def ask(session: Session, id_: UUID, draft: RuleDraft, *, today: date, actor: str, now_ms: int) -> RuleTrial:
    """Ask for a trial of a draft; one that is under way makes way.

    Tiers are tried as of the day they start, or `today` where that is later; earning on the weeks before `today`.
    """
    cancel(session, draft.id, actor=actor, now_ms=now_ms)
    known = session.get(RuleTrial, id_)
    if known is not None:
        return known
    row = RuleTrial(id=id_, draft_id=draft.id, rule=draft.rule, today=today, asked_by=actor, asked_ms=now_ms)
    if draft.kind == TIERS:
        row.today, row.total = max(draft.starts, today), trial.count_members(session)
    else:
        found = earning_trial.begin(session, today)
        row.tally, row.total = msgspec.json.encode(found).decode(), found.parts
    session.add(row)
    session.flush()
    return row


def cancel(session: Session, draft: UUID, *, actor: str, now_ms: int) -> None:
    """End the trials of a draft that are under way; whoever runs one notices at the next slice."""
    query = select(RuleTrial).where(col(RuleTrial.draft_id) == draft, col(RuleTrial.state).in_(_OPEN))
    for row in session.exec(query.with_for_update()):
        row.state, row.finished_ms = CANCELLED, now_ms
        session.add(row)
        audit.record(session, at_ms=now_ms, actor=actor, action="loyalty.cancel_trial", subject=f"draft {draft}")
    session.flush()


def newest(session: Session, draft: UUID) -> RuleTrial | None:
    """Return a draft's newest trial."""
    query = select(RuleTrial).where(col(RuleTrial.draft_id) == draft)
    return session.exec(query.order_by(col(RuleTrial.asked_ms).desc(), col(RuleTrial.id).desc())).first()


def tally_of(row: RuleTrial) -> Trial:
    """Return what a trial of tiers has found so far."""
    return _tally.decode(row.tally)


def earned_of(row: RuleTrial) -> EarningTrial:
    """Return what a trial of earning has found so far."""
    return _earned.decode(row.tally)


class TrialRunning:
    """Runs what is asked for, a slice a call."""

    def __init__(self, database: Database, clock: MachineClock) -> None:
        self._database = database
        self._clock = clock

    def __call__(self) -> bool:
        """Do a slice of the oldest trial; tell whether there may be more."""
        return in_transaction(self._database, self._slice)

    def _slice(self, session: Session) -> bool:
        query = select(RuleTrial).where(col(RuleTrial.state).in_(_OPEN)).order_by(col(RuleTrial.asked_ms)).limit(1)
        row = session.exec(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return False
        row.state = RUNNING
        draft = session.get_one(RuleDraft, row.draft_id)
        ended = _try_tiers(session, row) if draft.kind == TIERS else _try_earning(session, row)
        if ended:
            row.state, row.finished_ms = DONE, self._clock.wall_ms()
        session.add(row)
        return True


def _try_tiers(session: Session, row: RuleTrial) -> bool:
    """Look at the next members; tell whether they were the last."""
    members = trial.members_after(session, row.last_member)
    found = tally_of(row)
    trial.add(session, found, members, _tiers.decode(row.rule), row.today)
    row.tally, row.done = msgspec.json.encode(found).decode(), found.members
    if members:
        row.last_member = members[-1]
    if len(members) < trial.SLICE:
        row.total = found.members
        return True
    return False


def _try_earning(session: Session, row: RuleTrial) -> bool:
    """Look at the next days of stores; tell whether they were the last."""
    found = earned_of(row)
    row.done = earning_trial.add(session, found, _earning.decode(row.rule), row.today, row.done)
    row.tally = msgspec.json.encode(found).decode()
    return row.done >= row.total
