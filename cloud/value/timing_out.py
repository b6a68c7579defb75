"""Holds that nobody captured free themselves, once it is certain that no sale on its way was paid with them.

A till commits against a hold only until a minute before it ends. So HQ frees it when it has ended and the agent's
stream, as HQ has it, goes past that moment: whatever was sold against it is here. The agent says so itself, by the same
time that it commits by: a heartbeat may be late, or overtake a sale that is still on its way. An agent that is away
keeps its holds until it is back, or until a person frees them by force; a sale that comes after that stands in its
store's shortfall.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud import audit
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.fleet.agents import GRACE_MS, heard_until
from cloud.ledger.holding import HELD, TIMED_OUT, lock_hold
from cloud.ledger.models import Hold
from cloud.ledger.settling import let_go
from cloud.members import dirt

AT_ONCE = 200


def free_ended(session: Session, now_ms: int, at_once: int = AT_ONCE) -> int:
    """Free holds that have ended and whose agents have sent everything since. Return how many. `now_ms`: wall time."""
    hold = table_of(Hold)
    rows = session.execute(
        select(hold.c.id, hold.c.agent_id, hold.c.valid_until_ms)
        .where(hold.c.state == HELD, hold.c.valid_until_ms < now_ms - GRACE_MS)
        .order_by(hold.c.valid_until_ms, hold.c.id)
    ).all()
    heard = heard_until(session, {row.agent_id for row in rows if row.agent_id})
    ended = [row.id for row in rows if not row.agent_id or heard.get(row.agent_id, 0) >= row.valid_until_ms + GRACE_MS]
    freed = 0
    for hold_id in sorted(ended[:at_once]):
        freed += _free(session, hold_id, now_ms)
    return freed


def free_by_force(session: Session, hold_id: UUID, *, actor: str, reason: str, now_ms: int) -> None:
    """Free a hold whose agent does not answer. A sale that was paid with it and comes later falls to its store.

    Raise NotFound, Refused (`reason`, `hold_ended`).
    """
    if not reason.strip():
        raise Refused("reason", "say why it is freed by force")
    hold = lock_hold(session, hold_id)
    if hold is None:
        raise NotFound(f"there is no hold {hold_id}")
    if not _free(session, hold_id, now_ms):
        raise Refused("hold_ended", f"hold {hold_id} is {hold.state}")
    audit.record(
        session, at_ms=now_ms, actor=actor, action="value.force_free", subject=f"hold {hold_id}", reason=reason.strip()
    )


def _free(session: Session, hold_id: UUID, now_ms: int) -> bool:
    hold = lock_hold(session, hold_id)
    if hold is None or hold.state != HELD:
        return False
    commit_no = open_commit(session, now_ms)
    let_go(session, commit_no, hold_id, TIMED_OUT, now_ms=now_ms)
    if hold.member_id is not None:
        dirt.note(session, commit_no, [(hold.member_id, dirt.HEAD_OFFICE, 0)])
    return True
