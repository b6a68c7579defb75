"""What head office does with a batch once it is out: more time, an end, one code taken back. Each for a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from cloud import audit
from cloud.coupons.batches import end, lock_batch, void
from cloud.coupons.models import ISSUED, PUBLIC, RESERVED, VOIDED, Coupon, CouponBatch
from cloud.database.rowset import table_of
from cloud.errors import Invalid, Refused
from shared.web.phrases import Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does it, why, and when: business time and HQ's wall time."""

    actor: str
    reason: str
    at_ms: int
    now_ms: int


def extend(session: Session, batch_id: str, ends: date, act: Act) -> CouponBatch:
    """Let a batch, and its open coupons that end with it, last longer. Raise Invalid for a day that is no later."""
    _require_reason(act)
    batch = lock_batch(session, batch_id)
    if ends <= batch.ends:
        raise Invalid(Phrase("a later day than {day}, please: what was promised is not cut short", day=batch.ends))
    row, before = table_of(Coupon), batch.ends
    mine = (row.c.batch == batch_id, row.c.ends == before, row.c.state.in_((ISSUED, RESERVED)))
    session.execute(update(row).where(*mine).values(ends=ends))
    batch.ends = ends
    session.add(batch)
    session.flush()
    session.expire_all()
    _record(session, act, "coupons.extend", f"batch {batch_id}", f"{before} to {ends}")
    return batch


def withdraw(session: Session, commit_no: int, batch_id: str, act: Act, *, cause: UUID) -> int:
    """Close a batch and end its unused coupons; one that is set aside at a till may still be used there.

    Return how many ended. Repeating it ends what was let go since. Refused: `batch_promised` while a draw goes on.
    """
    _require_reason(act)
    batch = lock_batch(session, batch_id)
    if batch.promised:
        raise Refused("batch_promised", f"{batch.promised} coupons of {batch_id} can be won in a draw: end that first")
    row = table_of(Coupon)
    mine = (row.c.batch == batch_id, row.c.state == ISSUED)
    gone = session.execute(update(row).where(*mine).values(state=VOIDED).returning(row.c.code)).scalars().all()
    if gone and batch.kind != PUBLIC:
        end(session, commit_no, batch_id, len(gone), cause=cause, at_ms=act.at_ms)
    batch.closed = True
    session.add(batch)
    session.flush()
    session.expire_all()
    _record(session, act, "coupons.withdraw", f"batch {batch_id}", f"{len(gone)} ended")
    return len(gone)


def withdraw_code(session: Session, commit_no: int, code: str, act: Act, *, cause: UUID) -> None:
    """Take one unused coupon back. Raise NotFound, Refused (`not_open`), Invalid without a reason."""
    _require_reason(act)
    row = session.get(Coupon, code)
    if row is not None and session.get_one(CouponBatch, row.batch).kind == PUBLIC:
        raise Refused("batch_kind", "this is one use of a public code: withdraw its batch instead")
    void(session, commit_no, code, cause=cause, actor=act.actor, at_ms=act.at_ms, reason=act.reason)


def _require_reason(act: Act) -> None:
    if not 0 < len(act.reason.strip()) <= 500:
        raise Invalid(Phrase("say why, in up to 500 characters: the reason is kept in the audit log"))


def _record(session: Session, act: Act, action: str, subject: str, detail: str) -> None:
    audit.record(
        session, at_ms=act.now_ms, actor=act.actor, action=action, subject=subject, reason=act.reason, detail=detail
    )
