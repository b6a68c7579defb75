"""Runs over many members: worked out first, approved by a second person, posted in parts, reversible as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Conflict, NotFound, Refused
from cloud.fleet import audit
from cloud.ledger.commits import open_commit
from cloud.members import dirt
from cloud.rewards import expiry, rebate
from cloud.rewards.models import Run, RunItem

DRY, APPROVED, POSTED, REVERSED = "dry", "approved", "posted", "reversed"
AT_ONCE = 500

_KINDS: Mapping[str, Any] = {"expiry": expiry, "rebate": rebate}
_ITEM = ("run_id", "subject", "amount", "posted", "reason")


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it, and when: HQ's wall time and business time."""

    by: str
    now_ms: int
    at_ms: int


def work_out(session: Session, run: UUID, kind: str, parameters: Mapping[str, Any], act: Act) -> Run:
    """Work a run out without posting anything: every item with its reason. Once under this id.

    `expiry` takes `today` (ISO date: lots of stores whose day that is); `rebate` what `rebate.Rebate` says. Raise
    NotFound for another kind, Conflict where the id is used for another run, Invalid for parameters that make no sense.
    """
    if kind not in _KINDS:
        raise NotFound(f"there is no kind of run {kind!r}")
    stated = msgspec.json.encode(parameters, order="sorted").decode()
    known = session.get(Run, run)
    if known is not None:
        if (known.kind, known.parameters) != (kind, stated):
            raise Conflict(f"run {run} was made before for something else")
        return known
    items = _KINDS[kind].items(session, parameters)
    row = Run(
        id=run, kind=kind, parameters=stated, state=DRY, items=len(items), total=sum(item[1] for item in items),
        made_by=act.by, made_ms=act.now_ms,
    )  # fmt: skip
    session.add(row)
    session.flush()
    bulk.insert_tuples(session, RunItem, _ITEM, [(run, subject, amount, None, why) for subject, amount, why in items])
    audit.record(session, at_ms=act.now_ms, actor=act.by, action="run.work_out", subject=f"{kind} {run}")
    return row


def approve(session: Session, run: UUID, act: Act) -> Run:
    """Approve a run; whoever worked it out cannot (`same_person`)."""
    row = _locked(session, run)
    if row.state != DRY:
        if row.state == APPROVED and row.approved_by == act.by:
            return row
        raise Conflict(f"run {run} is {row.state}")
    if row.made_by == act.by:
        raise Refused("same_person", "whoever worked it out cannot approve it")
    row.state, row.approved_by = APPROVED, act.by
    audit.record(session, at_ms=act.now_ms, actor=act.by, action="run.approve", subject=f"{row.kind} {run}")
    return _kept(session, row)


def post_some(session: Session, run: UUID, act: Act, at_once: int = AT_ONCE) -> int:
    """Post the next items of an approved run, in a transaction of the caller's. Return how many; 0 when it is done."""
    row = _locked(session, run)
    if row.state == POSTED:
        return 0
    if row.state != APPROVED:
        raise Refused("not_approved", f"run {run} is {row.state}")
    item = table_of(RunItem)
    left = session.execute(
        select(item).where(item.c.run_id == run, item.c.posted.is_(None)).order_by(item.c.subject).limit(at_once)
    ).all()
    if not left:
        row.state, row.posted_ms = POSTED, act.now_ms
        row.posted_total = int(
            session.execute(select(func.coalesce(func.sum(item.c.posted), 0)).where(item.c.run_id == run)).scalar_one()
        )
        audit.record(session, at_ms=act.now_ms, actor=act.by, action="run.post", subject=f"{row.kind} {run}")
        _kept(session, row)
        return 0
    commit_no = open_commit(session, act.now_ms)
    parameters = msgspec.json.decode(row.parameters)
    touched = set()
    for one in left:
        moved, member = _KINDS[row.kind].post_item(session, commit_no, row.id, parameters, item=one, at_ms=act.at_ms)
        own = (item.c.run_id == run, item.c.subject == one.subject)
        session.execute(update(item).where(*own).values(posted=moved))
        touched |= {member} if member else set()
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0) for member in sorted(touched)])
    return len(left)


def reverse_all(session: Session, run: UUID, act: Act, *, force: bool = False) -> int:
    """Reverse a posted run whole, once. Return how many items came back.

    Refused (`value_gone`) where what it gave is spent meanwhile, unless by force, which leaves visible debts.
    """
    row = _locked(session, run)
    if row.state == REVERSED:
        return 0
    if row.state != POSTED:
        raise Refused("not_posted", f"run {run} is {row.state}")
    item = table_of(RunItem)
    commit_no, touched = open_commit(session, act.now_ms), set()
    moved = (item.c.run_id == run, item.c.posted > 0)
    found = session.execute(select(item).where(*moved).order_by(item.c.subject)).all()
    for one in found:
        journal = _KINDS[row.kind].undo_item(session, commit_no, row.id, one, act.at_ms, force=force)
        touched |= {journal.member} if journal.member else set()
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0) for member in sorted(touched)])
    row.state, row.reversed_by = REVERSED, act.by
    audit.record(session, at_ms=act.now_ms, actor=act.by, action="run.reverse", subject=f"{row.kind} {run}")
    _kept(session, row)
    return len(found)


def _locked(session: Session, run: UUID) -> Run:
    row = session.get(Run, run, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no run {run}")
    return row


def _kept(session: Session, row: Run) -> Run:
    session.add(row)
    session.flush()
    return row
