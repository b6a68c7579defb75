"""Next versions of the rules of tiers and earning: drafted, tried, approved by a second person, published.

Whoever wrote or last changed a draft does not approve it (`deciding`), and a draft is approved as it was tried:
tiers on the members, earning on the last weeks' sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

import msgspec
from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.loyalty import deciding, publishing, rules, trial_running
from cloud.loyalty.draft_models import APPROVED, DONE, DRAFT, DROPPED, EARNING, PUBLISHED, TIERS, RuleDraft
from shared.loyalty import EarningRule, TierRule

Rule = TierRule | EarningRule
_KINDS: dict[str, type[TierRule] | type[EarningRule]] = {TIERS: TierRule, EARNING: EarningRule}
_SENT = UUID("0b1d5a52-3f0e-5a7f-9a3f-7d1c8f2e6b40")
"""The room of ids of drafts that came as whole rules: the same rule from the same sender is the same draft."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a whole rule: published as a version, or waiting as a draft; and who stands elsewhere at once."""

    version: int | None = None
    draft: UUID | None = None
    members: int = 0


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

    Raise Refused: `draft_closed`, `person_needed` (a program asks), `second_person` (their own), `not_tried` (as it
    stands it was not tried).
    """
    row = _open(session, id_)
    deciding.refuse_approval(session, actor, (row.author, row.changed_by))
    if not tried_as_it_stands(session, row):
        raise Refused("not_tried", "try it first: as it stands it was not")
    row.state, row.approved_by, row.approved_ms = APPROVED, actor, now_ms
    session.add(row)
    _record(session, row, "loyalty.approve", actor, now_ms=now_ms, reason=reason)
    return row


def tried_as_it_stands(session: Session, row: RuleDraft) -> bool:
    """Tell whether the newest trial of a draft has ended and was of the rule as it stands."""
    tried = trial_running.newest(session, row.id)
    return tried is not None and tried.state == DONE and tried.rule == row.rule


def send(session: Session, rule: Rule, *, actor: str, today: date, now_ms: int, alone_because: str = "") -> Sent:
    """Publish a whole rule where one person is enough, else leave it as a draft that waits for a person.

    `alone_because`, of whoever runs the server itself, publishes all the same and is kept in the audit log. Sent again,
    a rule that waits stays the one draft. Raise Conflict unless its version is the next one, Refused (`starts_past`)
    for one that would wait and starts before `today`.
    """
    rules.expect_next(session, rule)
    if alone_because or deciding.alone(session):
        return _published(session, rule, actor=actor, today=today, now_ms=now_ms, because=alone_because)
    starts = rule.valid_from or today
    if starts < today:
        raise Refused("starts_past", f"a rule that a person approves starts on {today} or later, not on {starts}")
    draft = uuid5(_SENT, f"{actor} {_encoded(rule, starts)}")
    return Sent(draft=begin(session, draft, rule, starts, actor=actor, now_ms=now_ms).id)


def _published(session: Session, rule: Rule, *, actor: str, today: date, now_ms: int, because: str) -> Sent:
    if because:
        subject = f"{TIERS if isinstance(rule, TierRule) else EARNING} {rule.version}"
        reason = deciding.require_reason(because)
        audit.record(session, at_ms=now_ms, actor=actor, action="loyalty.alone", subject=subject, reason=reason)
    if isinstance(rule, TierRule):
        moved = publishing.publish_tiers(session, rule, actor=actor, now_ms=now_ms, today=today)
        return Sent(version=rule.version, members=len(moved))
    publishing.publish_earning(session, rule, actor=actor, now_ms=now_ms)
    return Sent(version=rule.version)


def publish(session: Session, id_: UUID, *, actor: str, reason: str, today: date, now_ms: int) -> int:
    """Publish a draft as the next version: approved, or only tried where one person is enough.

    Return how many members stand elsewhere at once. Raise Refused: `draft_closed`, `not_approved`, `not_tried`,
    `starts_past`.
    """
    row = _open(session, id_)
    if row.state != APPROVED and deciding.alone(session):
        if not tried_as_it_stands(session, row):
            raise Refused("not_tried", "try it first: as it stands it was not")
    elif row.state != APPROVED:
        raise Refused("not_approved", "a second person approves it first")
    if row.starts < today:
        raise Refused("starts_past", "a rule does not start on a day that is over: choose another and approve it again")
    rule = rule_of(row)
    made = msgspec.structs.replace(rule, version=rules.next_version(session, rule))
    done = _published(session, made, actor=actor, today=today, now_ms=now_ms, because="")
    row.state, row.version = PUBLISHED, done.version
    session.add(row)
    _record(session, row, "loyalty.publish_draft", actor, now_ms=now_ms, reason=reason)
    return done.members


def drop(session: Session, id_: UUID, *, actor: str, now_ms: int) -> None:
    """Give a draft up."""
    row = _open(session, id_)
    row.state = DROPPED
    session.add(row)
    _record(session, row, "loyalty.drop_draft", actor, now_ms=now_ms)


def find(session: Session, id_: UUID) -> RuleDraft:
    """Return a draft. Raise NotFound."""
    row = session.get(RuleDraft, id_)
    if row is None or row.kind not in _KINDS:
        raise NotFound(f"there is no draft {id_}")
    return row


def open_drafts(session: Session) -> list[RuleDraft]:
    """Return the drafts that are neither published nor given up, the newest first."""
    query = select(RuleDraft).where(col(RuleDraft.state).in_((DRAFT, APPROVED)), col(RuleDraft.kind).in_(_KINDS))
    return list(session.exec(query.order_by(col(RuleDraft.changed_ms).desc(), col(RuleDraft.id))))


def _open(session: Session, id_: UUID) -> RuleDraft:
    row = session.get(RuleDraft, id_, with_for_update=True, populate_existing=True)
    if row is None or row.kind not in _KINDS:
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
