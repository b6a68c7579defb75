"""Next versions of the rules of friends brought, the leaderboard and points handed on: they wait for a second person.

They are decided as tiers and earning are (`deciding`), without a try: what they would have given is not to be had from
the books. At most one of a kind waits; a newer one takes the older one's place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from cloud import audit
from cloud.audit.models import AuditEntry
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.loyalty import deciding
from cloud.loyalty.draft_models import DRAFT, DROPPED, PUBLISHED, RuleDraft
from cloud.members import rules

CLUB: Mapping[str, type[rules.Rule]] = {one.KIND: one for one in (rules.Referral, rules.Leaderboard, rules.Transfers)}
"""The rules that are decided here, by their kind."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A rule that waits for somebody else: what it would be, who wrote it, when and why."""

    id: UUID
    rule: rules.Rule
    author: str
    made_ms: int
    reason: str


def send(
    session: Session, id_: UUID, rule: rules.Rule, *, actor: str, today: date, now_ms: int, reason: str = ""
) -> bool:
    """Publish a rule where one person is enough, else let it wait; tell whether it counts already.

    Raise Invalid for figures that cannot be, Conflict unless its version is the next one.
    """
    rule.check()
    following = rules.newest(session, type(rule)).version + 1
    if rule.version != following:
        raise Conflict(f"the next version of the rule {rule.KIND!r} is {following}, got {rule.version}")
    if deciding.alone(session):
        rules.publish(session, rule, actor=actor, now_ms=now_ms, reason=reason)
        return True
    for row in _open(session, [rule.KIND]):
        row.state = DROPPED
        session.add(row)
    row = RuleDraft(
        id=id_, kind=rule.KIND, rule=msgspec.json.encode(rule).decode(), starts=today, author=actor, made_ms=now_ms,
        changed_by=actor, changed_ms=now_ms,
    )  # fmt: skip
    session.add(row)
    _record(session, row, "loyalty.draft", actor, now_ms=now_ms, reason=reason)
    return False


def waiting(session: Session, kinds: Iterable[str]) -> dict[str, Waiting]:
    """Return what waits for a second person, by kind."""
    found = {row.kind: row for row in _open(session, kinds)}
    subjects = [_subject(row) for row in found.values()]
    query = select(AuditEntry).where(AuditEntry.action == "loyalty.draft", col(AuditEntry.subject).in_(subjects))
    why = {entry.subject: entry.reason for entry in session.exec(query)} if subjects else {}
    return {
        kind: Waiting(row.id, rules.read(kind, msgspec.json.decode(row.rule)), row.author, row.made_ms,
                      why.get(_subject(row), ""))
        for kind, row in found.items()
    }  # fmt: skip


def approve(session: Session, id_: UUID, *, actor: str, now_ms: int, reason: str) -> str:
    """Approve what somebody else wrote: it counts from now on. Return its kind.

    Raise Refused: `draft_closed`, `person_needed`, `second_person`; Conflict where the rule has changed meanwhile.
    """
    row = _find(session, id_)
    deciding.refuse_approval(session, actor, (row.author,))
    said = reason.strip()[:500]
    rules.publish(session, rules.read(row.kind, msgspec.json.decode(row.rule)), actor=actor, now_ms=now_ms, reason=said)
    row.state, row.approved_by, row.approved_ms = PUBLISHED, actor, now_ms
    row.version = msgspec.json.decode(row.rule)["version"]
    session.add(row)
    _record(session, row, "loyalty.approve", actor, now_ms=now_ms, reason=said)
    return row.kind


def drop(session: Session, id_: UUID, *, actor: str, now_ms: int) -> str:
    """Give up what waits. Return its kind. Raise Refused (`draft_closed`)."""
    row = _find(session, id_)
    row.state = DROPPED
    session.add(row)
    _record(session, row, "loyalty.drop_draft", actor, now_ms=now_ms)
    return row.kind


def read(kind: str, facts: dict[str, object]) -> rules.Rule:
    """Make one of these rules of plain facts. Raise Invalid for another kind, or facts that make none."""
    if kind not in CLUB:
        raise Invalid("rule: there is no such rule")
    return rules.read(kind, facts)


def _open(session: Session, kinds: Iterable[str]) -> list[RuleDraft]:
    query = select(RuleDraft).where(RuleDraft.state == DRAFT, col(RuleDraft.kind).in_(list(kinds)))
    return list(session.exec(query.order_by(col(RuleDraft.made_ms))))


def _find(session: Session, id_: UUID) -> RuleDraft:
    row = session.get(RuleDraft, id_, with_for_update=True, populate_existing=True)
    if row is None or row.kind not in CLUB:
        raise NotFound(f"there is no draft {id_}")
    if row.state != DRAFT:
        raise Refused("draft_closed", f"this draft is {row.state}")
    return row


def _subject(row: RuleDraft) -> str:
    return f"draft {row.id}"


def _record(session: Session, row: RuleDraft, action: str, actor: str, *, now_ms: int, reason: str = "") -> None:
    audit.record(
        session, at_ms=now_ms, actor=actor, action=action, subject=_subject(row), reason=reason.strip()[:500],
        detail=row.kind,
    )  # fmt: skip
    session.flush()
