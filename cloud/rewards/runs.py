"""Runs over many members: worked out first, approved by a second person, posted in parts, reversible as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Uuid, func, select, update
from sqlmodel import Session

from cloud import audit
from cloud.coupons import giving
from cloud.database import bulk
from cloud.database.commits import open_commit
from cloud.database.rowset import Columns, rowset, table_of
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.members import dirt
from cloud.prices import approvals
from cloud.rewards import expiry, rebate, refunding
from cloud.rewards.kinds import Found, Item, RunKind
from cloud.rewards.models import Run, RunItem
from shared.web.phrases import Phrase

ASKED, DRY, APPROVED, POSTING, POSTED = "asked", "dry", "approved", "posting", "posted"
REVERSING, REVERSED, CANCELLED, FAILED = "reversing", "reversed", "cancelled", "failed"
STOPPED = "stopped"
"""The problem of a run that somebody stopped before everything was posted."""
EXPIRY, REBATE, COUPONS, REFUND = "expiry", "rebate", "coupons", "draw_refund"
AT_ONCE: Mapping[str, int] = {EXPIRY: 2_000}
"""How many items of a kind one transaction posts: those that are written together, else a few."""
FEW = 500
FOUND_AT_ONCE = 20_000
"""How many lots past their day one transaction writes down."""

_KINDS: Mapping[str, RunKind] = {EXPIRY: expiry, REBATE: rebate, COUPONS: giving, REFUND: refunding}
_WHOLE: Mapping[str, Callable[[Session, Mapping[str, Any]], list[Item]]] = {
    REBATE: rebate.items, COUPONS: giving.items, REFUND: refunding.items,
}  # fmt: skip
"""What works out everything a run of a kind would do at once."""
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
    """Work out what was asked for, all of it. Raise Invalid or Refused where it makes no sense."""
    while not fill_some(session, row):
        pass


def fill_some(session: Session, row: Run, at_once: int = FOUND_AT_ONCE) -> bool:
    """Work out the next part of what was asked for, and tell whether that was all. Raise as `fill`."""
    parameters = msgspec.json.decode(row.parameters)
    if row.kind == EXPIRY:
        found = expiry.some(session, parameters, row.far, at_once)
    else:
        found = Found(_WHOLE[row.kind](session, parameters))
    said = {why: msgspec.json.encode(why.record).decode() if why else "" for why in {one[2] for one in found.items}}
    rows = [(row.id, subject, amount, None, said[why]) for subject, amount, why in found.items]
    bulk.insert_tuples(session, RunItem, _ITEM, rows)
    row.items += len(rows)
    row.total += sum(amount for _, amount, _ in found.items)
    _add_units(row, found.units, posted=False)
    more = row.kind == EXPIRY and len(rows) == at_once
    row.state, row.far = (ASKED, found.items[-1][0]) if more else (DRY, None)
    _kept(session, row)
    return not more


def units_of(row: Run) -> dict[str, tuple[int, int]]:
    """Return what a run comes to in each unit and what of it is posted; nothing where it moves but one."""
    return {unit: (whole, posted) for unit, (whole, posted) in msgspec.json.decode(row.units or "{}").items()}


def _add_units(row: Run, more: Mapping[str, int], *, posted: bool) -> None:
    if not more:
        return
    known = units_of(row)
    for unit, amount in more.items():
        whole, done = known.get(unit, (0, 0))
        known[unit] = (whole, done + amount) if posted else (whole + amount, done)
    row.units = msgspec.json.encode(known, order="sorted").decode()


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


def post_some(session: Session, run: UUID, act: Act, at_once: int = 0) -> int:
    """Post the next items of an approved run, in a transaction of the caller's. Return how many; 0 when it is done.

    `at_once`: how many at most; 0 leaves it to the kind.
    """
    row = find(session, run)
    if row.state == POSTED:
        return 0
    if row.state not in {APPROVED, POSTING}:
        raise Refused("not_approved", f"run {run} is {row.state}")
    left = _next(session, row, at_once or AT_ONCE.get(row.kind, FEW))
    if not left:
        _end(session, row, act.now_ms, "")
        _record(session, row, "run.post", act)
        _kept(session, row)
        return 0
    commit_no = open_commit(session, act.now_ms)
    parameters = msgspec.json.decode(row.parameters)
    moved = _KINDS[row.kind].post_items(session, commit_no, row.id, parameters, left, at_ms=act.at_ms)
    _note_posted(session, run, [(one.subject, moved.amounts[one.subject]) for one in left])
    # Reread: a kind's work may have expired what the session holds.
    row = find(session, run)
    row.posted_items += len(left)
    row.posted_total += sum(moved.amounts.values())
    row.far = left[-1].subject
    _add_units(row, moved.units, posted=True)
    _note(session, commit_no, moved.members)
    _kept(session, row)
    return len(left)


def _next(session: Session, row: Run, at_once: int) -> Sequence[Any]:
    """Return the next items that are not posted, in order; what the run has come past is not looked through again."""
    item = table_of(RunItem)
    open_ = (item.c.run_id == row.id, item.c.posted.is_(None), *((item.c.subject > row.far,) if row.far else ()))
    return session.execute(select(item).where(*open_).order_by(item.c.subject).limit(at_once)).all()


def _note_posted(session: Session, run: UUID, moved: Sequence[tuple[UUID, int]]) -> None:
    item = table_of(RunItem)
    shape: Columns = {"run": Uuid(), "subject": Uuid(), "moved": BigInteger()}
    done = rowset(session, "done", shape, [(run, *one) for one in moved])
    # The run is a column of theirs: named apart, it leads SQLite through all of its items for each of these.
    own = (item.c.run_id == done.c.run, item.c.subject == done.c.subject)
    session.execute(update(item).where(*own).values(posted=done.c.moved))


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
    row.far, row.reversed_items = None, 0
    _record(session, row, "run.start_reversing", act)
    return _kept(session, row)


def reverse_all(session: Session, run: UUID, act: Act, *, force: bool = False) -> int:
    """Reverse a posted run whole, once. Return how many items came back.

    Refused (`value_gone`) where what it gave is spent meanwhile, unless by force, which leaves visible debts; of
    coupons those come back that nobody has used.
    """
    if find(session, run).state == REVERSED:
        return 0
    while not reverse_some(session, run, act, force=force):
        pass
    return find(session, run).reversed_items


def reverse_some(session: Session, run: UUID, act: Act, *, force: bool = False) -> bool:
    """Reverse the next part of a posted run, and tell whether that was the last. Raise as `reverse_all`.

    What an expiry took can always come back: it does so part by part. Everything else is reversed at once or not at
    all, because some of it may be spent.
    """
    row = find(session, run)
    if row.state not in {POSTED, REVERSING}:
        raise Refused("not_posted", f"run {run} is {row.state}")
    item = table_of(RunItem)
    own = (item.c.run_id == run, item.c.posted > 0, *((item.c.subject > row.far,) if row.far else ()))
    query = select(item).where(*own).order_by(item.c.subject)
    found = session.execute(query.limit(FEW) if row.kind == EXPIRY else query).all()
    commit_no = open_commit(session, act.now_ms)
    moved = _KINDS[row.kind].undo_items(session, commit_no, row.id, found, at_ms=act.at_ms, force=force)
    _note(session, commit_no, moved.members)
    row = find(session, run)
    row.reversed_items += len(moved.amounts)
    more = row.kind == EXPIRY and len(found) == FEW
    row.state, row.far = (REVERSING, found[-1].subject) if more else (REVERSED, None)
    if not more:
        row.reversed_by = act.by
        _record(session, row, "run.reverse", act)
    _kept(session, row)
    return not more


def find(session: Session, run: UUID) -> Run:
    """Return a run, locked. Raise NotFound."""
    row = session.get(Run, run, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no run {run}")
    return row


def _end(session: Session, row: Run, now_ms: int, problem: str) -> None:
    item = table_of(RunItem)
    posted = select(func.coalesce(func.sum(item.c.posted), 0)).where(item.c.run_id == row.id)
    row.state, row.posted_ms, row.problem, row.far = POSTED, now_ms, problem, None
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
