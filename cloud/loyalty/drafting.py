"""Next versions of the rules of tiers and earning: drafted, tried on members, approved by a second person, published.

Whoever wrote or last changed a draft does not approve it, and a draft of tiers is approved as it was tried.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.fleet import audit
from cloud.loyalty import publishing, rules, trial_running
from cloud.loyalty.draft_models import APPROVED, DONE, DRAFT, DROPPED, EARNING, PUBLISHED, TIERS, RuleDraft
from shared.loyalty import EarningRule, TierRule

Rule = TierRule | EarningRule
_KINDS: dict[str, type[TierRule] | type[EarningRule]] = {TIERS: TierRule, EARNING: EarningRule}


def rule_of(row: RuleDraft) -> Rule:
    """Return a draft's rule; its version is the one it would get when it was made, its start the draft's."""
    return msgspec.json.decode(row.rule, type=_KINDS[row.kind])


def current(session: Session, kind: str, today: date) -> Rule:
    """Return the rule to begin a draft from: the one in force, or else the defaults."""
    found = rules.load(session)
    if kind == TIERS:
        return found.tier_on(today)
    if kind == EARNING:
        return found.earning_on(today) or EarningRule(version=0, valid_from=today)
    raise Invalid(f"kind: a draft is of {TIERS} or {EARNING}")


def begin(session: Session, id_: UUID, rule: Rule, starts: date, *, actor: str, now_ms: int) -> RuleDraft:
    """Write a draft down, once. Raise Conflict for an id that somebody else's draft has."""
    known = session.get(RuleDraft, id_)
    if known is not None:
        if known.author != actor:
            raise Conflict(f"there is a draft {id_} already")
        return known
    kind = TIERS if isinstance(rule, TierRule) else EARNING
    row = RuleDraft(
        id=id_, kind=kind, rule=_encoded(rule, starts), starts=starts, author=actor, made_ms=now_ms,
        changed_by=actor, changed_ms=now_ms,
    )  # fmt: skip
    session.add(row)
    _record(session, row, "loyalty.draft", actor, now_ms=now_ms)
    return row


def change(session: Session, id_: UUID, rule: Rule, starts: date, *, actor: str, now_ms: int) -> RuleDraft:
    """Write a draft anew; an approval falls. Raise Refused (`draft_closed`) or Invalid for another kind."""
    row = _open(session, id_)
    if not isinstance(rule, _KINDS[row.kind]):
        raise Invalid("kind: a draft stays of its kind")
    row.rule, row.starts, row.changed_by, row.changed_ms = _encoded(rule, starts), starts, actor, now_ms
    row.state, row.approved_by, row.approved_ms = DRAFT, "", None
    session.add(row)
    _record(session, row, "loyalty.change_draft", actor, now_ms=now_ms)
    return row


def approve(session: Session, id_: UUID, *, actor: str, reason: str, now_ms: int) -> RuleDraft:
    """Approve what somebody else wrote.

    Raise Refused: `draft_closed`, `second_person` (their own), `not_tried` (tiers as they stand were not tried).
    """
    row = _open(session, id_)
    if actor in (row.author, row.changed_by):
        raise Refused("second_person", "somebody else approves what you wrote")
    if row.kind == TIERS:
        tried = trial_running.newest(session, id_)
        if tried is None or tried.state != DONE or tried.rule != row.rule:
            raise Refused("not_tried", "try these tiers on the members first")
    row.state, row.approved_by, row.approved_ms = APPROVED, actor, now_ms
    session.add(row)
    _record(session, row, "loyalty.approve", actor, now_ms=now_ms, reason=reason)
    return row


def publish(session: Session, id_: UUID, *, actor: str, reason: str, today: date, now_ms: int) -> int:
    """Publish an approved draft as the next version. Return how many members stand elsewhere at once.

    Raise Refused: `draft_closed`, `not_approved`, `starts_past`.
    """
    row = _open(session, id_)
    if row.state != APPROVED:
        raise Refused("not_approved", "a second person approves it first")
    if row.starts < today:
        raise Refused("starts_past", "a rule does not start on a day that is over: choose another and approve it again")
    known, rule, moved = rules.load(session), rule_of(row), 0
    if isinstance(rule, TierRule):
        version = known.tier_version + 1
        made = msgspec.structs.replace(rule, version=version)
        moved = len(publishing.publish_tiers(session, made, actor=actor, now_ms=now_ms, today=today))
    else:
        version = max((one.version for one in known.earning), default=0) + 1
        earning = msgspec.structs.replace(rule, version=version)
        publishing.publish_earning(session, earning, actor=actor, now_ms=now_ms)
    row.state, row.version = PUBLISHED, version
    session.add(row)
    _record(session, row, "loyalty.publish_draft", actor, now_ms=now_ms, reason=reason)
    return moved


def drop(session: Session, id_: UUID, *, actor: str, now_ms: int) -> None:
    """Give a draft up."""
    row = _open(session, id_)
    row.state = DROPPED
    session.add(row)
    _record(session, row, "loyalty.drop_draft", actor, now_ms=now_ms)


def find(session: Session, id_: UUID) -> RuleDraft:
    """Return a draft. Raise NotFound."""
    row = session.get(RuleDraft, id_)
    if row is None:
        raise NotFound(f"there is no draft {id_}")
    return row


def open_drafts(session: Session) -> list[RuleDraft]:
    """Return the drafts that are neither published nor given up, the newest first."""
    query = select(RuleDraft).where(col(RuleDraft.state).in_((DRAFT, APPROVED)))
    return list(session.exec(query.order_by(col(RuleDraft.changed_ms).desc(), col(RuleDraft.id))))


def _open(session: Session, id_: UUID) -> RuleDraft:
    row = session.get(RuleDraft, id_, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no draft {id_}")
    if row.state not in (DRAFT, APPROVED):
        raise Refused("draft_closed", f"this draft is {row.state}")
    return row


def _encoded(rule: Rule, starts: date) -> str:
    return msgspec.json.encode(msgspec.structs.replace(rule, valid_from=starts)).decode()


def _record(session: Session, row: RuleDraft, action: str, actor: str, *, now_ms: int, reason: str = "") -> None:
    subject = f"draft {row.id}"
    detail = f"{row.kind} from {row.starts}"
    audit.record(
        session, at_ms=now_ms, actor=actor, action=action, subject=subject, reason=reason.strip()[:500], detail=detail
    )
    session.flush()
