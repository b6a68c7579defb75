"""The record of privileged acts: who did what to what, and why. Written in the act's own transaction."""

from __future__ import annotations

from sqlmodel import Session, col, select

from cloud.fleet.models import AuditEntry


def record(
    session: Session, *, at_ms: int, actor: str, action: str, subject: str, reason: str = "", detail: str = ""
) -> None:
    """Note an act; it is kept if and only if the act is."""
    session.add(AuditEntry(at_ms=at_ms, actor=actor, action=action, subject=subject, reason=reason, detail=detail))


def latest(session: Session, limit: int = 100) -> list[AuditEntry]:
    """Return the newest entries, newest first."""
    return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)))
