"""The record of privileged acts: who did what to what, and why. Written in the act's own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from cloud.audit.models import AuditEntry

MAX_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which acts to show; what is empty or None asks for nothing.

    `actor` is who exactly; `action` one exactly, or a family by its beginning with a dot (`parked.`); `subject` what
    it was done to; `words` stand somewhere in the reason or the details, in whatever case; times are milliseconds,
    from `since_ms` on and before `until_ms`.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    words: str = ""
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first, and where the page of older ones begins: give it as `before`; None on the last page."""

    entries: Sequence[AuditEntry]
    older: int | None


def record(
    session: Session, *, at_ms: int, actor: str, action: str, subject: str, reason: str = "", detail: str = ""
) -> None:
    """Note an act; it is kept if and only if the act is."""
    session.add(AuditEntry(at_ms=at_ms, actor=actor, action=action, subject=subject, reason=reason, detail=detail))


def latest(session: Session, limit: int = 100) -> list[AuditEntry]:
    """Return the newest entries, newest first."""
    return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)))


def page(session: Session, wanted: AuditFilter, *, before: int | None = None, limit: int = 100) -> AuditPage:
    """Return a page of the acts that a filter wants, those recorded before the entry `before` (None: the newest).

    Pages are told apart by entry and not by count, so that acts recorded meanwhile move nothing.
    """
    limit = max(1, min(limit, MAX_PAGE))
    query = _filtered(wanted)
    if before is not None:
        query = query.where(col(AuditEntry.id) < before)
    found = list(session.exec(query.order_by(col(AuditEntry.id).desc()).limit(limit + 1)))
    return AuditPage(found[:limit], found[limit - 1].id if len(found) > limit else None)


def actors(session: Session) -> list[str]:
    """Return everybody who ever did something on record, for a choice to filter by."""
    return list(session.exec(select(col(AuditEntry.actor)).distinct().order_by(col(AuditEntry.actor))))


def actions(session: Session) -> list[str]:
    """Return every kind of act on record, for a choice to filter by."""
    return list(session.exec(select(col(AuditEntry.action)).distinct().order_by(col(AuditEntry.action))))


def _filtered(wanted: AuditFilter) -> SelectOfScalar[AuditEntry]:
    query = select(AuditEntry)
    if wanted.actor:
        query = query.where(col(AuditEntry.actor) == wanted.actor)
    if wanted.action.endswith("."):
        query = query.where(col(AuditEntry.action).startswith(wanted.action, autoescape=True))
    elif wanted.action:
        query = query.where(col(AuditEntry.action) == wanted.action)
    if wanted.subject:
        query = query.where(col(AuditEntry.subject) == wanted.subject)
    if wanted.words:
        places = (col(AuditEntry.reason), col(AuditEntry.detail))
        query = query.where(or_(*(place.icontains(wanted.words, autoescape=True) for place in places)))
    if wanted.since_ms is not None:
        query = query.where(col(AuditEntry.at_ms) >= wanted.since_ms)
    if wanted.until_ms is not None:
        query = query.where(col(AuditEntry.at_ms) < wanted.until_ms)
    return query
