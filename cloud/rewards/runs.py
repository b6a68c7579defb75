"""Runs over many members: worked out first, approved by a second person, posted in parts, reversible as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session

from cloud import audit
from cloud.coupons import giving
from cloud.database import bulk
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.members import dirt
from cloud.prices import approvals
from cloud.rewards import expiry, rebate, refunding
from cloud.rewards.kinds import RunKind
from cloud.rewards.models import Run, RunItem
from shared.web.phrases import Phrase

ASKED, DRY, APPROVED, POSTING, POSTED = "asked", "dry", "approved", "posting", "posted"
REVERSING, REVERSED, CANCELLED, FAILED = "reversing", "reversed", "cancelled", "failed"
STOPPED = "stopped"
"""The problem of a run that somebody stopped before everything was posted."""
EXPIRY, REBATE, COUPONS, REFUND = "expiry", "rebate", "coupons", "draw_refund"
AT_ONCE = 500

_KINDS: Mapping[str, RunKind] = {EXPIRY: expiry, REBATE: rebate, COUPONS: giving, REFUND: refunding}
_ITEM = ("run_id", "subject", "amount", "posted", "reason")


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it, and when: HQ's wall time and business time; and why."""

    by: str
    now_ms: int
    at_ms: int
    reason: str = ""


def work_out(session: Session, run: UUID, kind: str, parameters: Mapping[str, Any], act: Act) -> Run:
    """Work a run out without posting anything: every item with its reason. Once under this id.

    `expiry` takes `today` (ISO date, begun in every zone); `rebate` what `rebate.Rebate` says; `coupons` what
    `cloud.coupons.giving.Giving` says; `draw_refund` takes `draw`, which has ended, and a reason. Raise NotFound for
    another kind, Conflict where the id is used for another run, Invalid or Refused for parameters that make no sense.
    """
    row = ask(session, run, kind, parameters, act)
    if row.state == ASKED:
        fill(session, row)
    return row


def ask(session: Session, run: UUID, kind: str, parameters: Mapping[str, Any], act: Act) -> Run:
    """Ask for a run to be worked out by the jobs process. Raise as `work_out`, but for what only the work shows."""
    if kind not in _KINDS:
        raise NotFound(f"there is no kind of run {kind!r}")
    stated = msgspec.json.encode(parameters, order="sorted").decode()
    known = session.get(Run, run)
    if known is not None:
        if (known.kind, known.parameters) != (kind, stated):
            raise Conflict(f"run {run} was made before for something else")
        return known
    if kind == EXPIRY:
        expiry.require_begun(session, parameters, act.at_ms)
    if kind == REFUND and not act.reason.strip():
        raise Invalid(Phrase("say why: the reason is kept in the audit log"))
    row = Run(
        id=run, kind=kind, parameters=stated, state=ASKED, items=0, total=0, reason=act.reason[:500],
        made_by=act.by, asked_by=act.by, made_ms=act.now_ms,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _record(session, row, "run.work_out", act)
    return row


def fill(session: Session, row: Run) -> None:
    """Work out what was asked for. Raise Invalid or Refused where it makes no sense."""
    items = _KINDS[row.kind].items(session, msgspec.json.decode(row.parameters))
    rows = [
        (row.id, subject, amount, None, msgspec.json.encode(why.record).decode() if why else "")
        for subject, amount, why in items
    ]
    bulk.insert_tuples(session, RunItem, _ITEM, rows)
    row.items, row.total, row.state = len(items), sum(item[1] for item in items), DRY
    _kept(session, row)


def needs_two(session: Session, kind: str) -> bool:
    """Tell whether a second person has to approve: points always, coupons where the chain asks for it."""
    return kind != COUPONS or approvals.needs_second_person(session)


def approve(session: Session, run: UUID, act: Act) -> Run:
    """Approve a run; whoever worked it out cannot (`same_person`), where two are needed."""
    row = find(session, run)
    if row.state != DRY:
        if row.state == APPROVED and row.approved_by == act.by:
            return row
        raise Conflict(f"run {run} is {row.state}")
    if row.made_by == act.by and needs_two(session, row.kind):
        raise Refused("same_person", "whoever worked it out cannot approve it")
    row.state, row.approved_by = APPROVED, act.by
    _record(session, row, "run.approve", act)
    return _kept(session, row)


def start(session: Session, run: UUID, act: Act) -> Run:
    """Let the jobs process post an approved run, or go on with one that was stopped. Refused (`not_approved`)."""
    row = find(session, run)
    if row.state == POSTING:
        return row
    if row.state == DRY and not needs_two(session, row.kind):
        row = approve(session, run, act)
    resumed = row.state == POSTED and row.posted_items < row.items
    if row.state != APPROVED and not resumed:
        raise Refused("not_approved", f"run {run} is {row.state}")
    row.state, row.asked_by, row.problem = POSTING, act.by, ""
    _record(session, row, "run.start", act)
    return _kept(session, row)


def cancel(session: Session, run: UUID, act: Act) -> Run:
    """Give a run up, or stop one that is being posted: what is posted stays and can be reversed."""
    row = find(session, run)
    if row.state in {ASKED, DRY, APPROVED, FAILED}:
        row.state = CANCELLED
    elif row.state == POSTING:
        _end(session, row, act.now_ms, STOPPED)
    elif row.state != CANCELLED:
        raise Refused("too_late", f"run {run} is {row.state}")
    _record(session, row, "run.cancel", act)
    return _kept(session, row)


def post_some(session: Session, run: UUID, act: Act, at_once: int = AT_ONCE) -> int:
    """Post the next items of an approved run, in a transaction of the caller's. Return how many; 0 when it is done."""
    row = find(session, run)
    if row.state == POSTED:
        return 0
    if row.state not in {APPROVED, POSTING}:
        raise Refused("not_approved", f"run {run} is {row.state}")
    item = table_of(RunItem)
    left = session.execute(
        select(item).where(item.c.run_id == run, item.c.posted.is_(None)).order_by(item.c.subject).limit(at_once)
    ).all()
    if not left:
        _end(session, row, act.now_ms, "")
        _record(session, row, "run.post", act)
        _kept(session, row)
        return 0
    commit_no = open_commit(session, act.now_ms)
    parameters = msgspec.json.decode(row.parameters)
    moved = _KINDS[row.kind].post_items(session, commit_no, row.id, parameters, left, at_ms=act.at_ms)
    own = (item.c.run_id == run, item.c.subject == bindparam("of"))
    changes = [{"of": one.subject, "moved": moved.amounts[one.subject]} for one in left]
    session.connection().execute(update(item).where(*own).values(posted=bindparam("moved")), changes)
    # Reread: a kind's work may have expired what the session holds.
    row = find(session, run)
    row.posted_items += len(left)
    row.posted_total += sum(moved.amounts.values())
    _note(session, commit_no, moved.members)
    _kept(session, row)
    return len(left)


def start_reversing(session: Session, run: UUID, act: Act, *, force: bool = False) -> Run:
    """Let the jobs process reverse a posted run. Refused (`not_posted`), Invalid without a reason."""
    row = find(session, run)
    if row.state == REVERSING:
        return row
    if row.state != POSTED:
        raise Refused("not_posted", f"run {run} is {row.state}")
    if row.kind == REFUND:
        raise Refused("refund_stays", "a refunded draw is not taken back from the members")
    if not act.reason.strip():
        raise Invalid(Phrase("say why: the reason is kept in the audit log"))
    row.state, row.asked_by, row.forced, row.problem = REVERSING, act.by, force, ""
    _record(session, row, "run.start_reversing", act)
    return _kept(session, row)


def reverse_all(session: Session, run: UUID, act: Act, *, force: bool = False) -> int:
    """Reverse a posted run whole, once. Return how many items came back.

    Refused (`value_gone`) where what it gave is spent meanwhile, unless by force, which leaves visible debts; of
    coupons those come back that nobody has used.
    """
    row = find(session, run)
    if row.state == REVERSED:
        return 0
    if row.state not in {POSTED, REVERSING}:
        raise Refused("not_posted", f"run {run} is {row.state}")
    item = table_of(RunItem)
    commit_no = open_commit(session, act.now_ms)
    own = (item.c.run_id == run, item.c.posted > 0)
    found = session.execute(select(item).where(*own).order_by(item.c.subject)).all()
    moved = _KINDS[row.kind].undo_items(session, commit_no, row.id, found, at_ms=act.at_ms, force=force)
    _note(session, commit_no, moved.members)
    row = find(session, run)
    row.state, row.reversed_by, row.reversed_items = REVERSED, act.by, len(moved.amounts)
    _record(session, row, "run.reverse", act)
    _kept(session, row)
    return len(moved.amounts)


def find(session: Session, run: UUID) -> Run:
    """Return a run, locked. Raise NotFound."""
    row = session.get(Run, run, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no run {run}")
    return row


def _end(session: Session, row: Run, now_ms: int, problem: str) -> None:
    item = table_of(RunItem)
    posted = select(func.coalesce(func.sum(item.c.posted), 0)).where(item.c.run_id == row.id)
    row.state, row.posted_ms, row.problem = POSTED, now_ms, problem
    row.posted_total = int(session.execute(posted).scalar_one())


def _note(session: Session, commit_no: int, members: Iterable[UUID]) -> None:
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0) for member in sorted(members)])


def _record(session: Session, row: Run, action: str, act: Act) -> None:
    subject = f"{row.kind} {row.id}"
    audit.record(session, at_ms=act.now_ms, actor=act.by, action=action, subject=subject, reason=act.reason)


def _kept(session: Session, row: Run) -> Run:
    session.add(row)
    session.flush()
    return row
