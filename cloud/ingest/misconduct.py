"""What an agent does that no agent of ours would: into the log each time, into the audit trail once a day."""

from __future__ import annotations

import structlog
from sqlmodel import Session, col, select

from cloud.audit.models import AuditEntry

DAY_MS = 24 * 3600 * 1000
_REASON_CHARACTERS = 200

log = structlog.get_logger(__name__)


def note(session: Session, agent: str, action: str, reason: str, now_ms: int) -> None:
    """Note it. An agent that goes on with it all day does not fill the audit trail."""
    log.warning("agent misbehaves", agent=agent, action=action, reason=reason)
    known = (
        select(AuditEntry.id)
        .where(
            col(AuditEntry.action) == action,
            col(AuditEntry.subject) == agent,
            col(AuditEntry.at_ms) > now_ms - DAY_MS,
        )
        .order_by(col(AuditEntry.id).desc())
        .limit(1)
    )
    if session.exec(known).first() is None:
        entry = AuditEntry(
            at_ms=now_ms, actor="ingest", action=action, subject=agent, reason=reason[:_REASON_CHARACTERS]
        )
        session.add(entry)
        session.flush()
