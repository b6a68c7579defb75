"""Publish rules of points and tiers: the next version, recorded, and whoever's tier it changes noted."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlmodel import Session

from cloud import audit
from cloud.database.commits import open_commit
from cloud.loyalty import posting, rules, tiers, trial
from cloud.members import dirt
from shared.loyalty import EarningRule, TierRule


def publish_earning(session: Session, rule: EarningRule, *, actor: str, now_ms: int) -> None:
    """Publish the next version of the earning rule. Raise Conflict unless its version is the next one."""
    rules.publish_earning(session, rule, author=actor, at_ms=now_ms)
    subject = f"earning rule {rule.version}"
    audit.record(session, at_ms=now_ms, actor=actor, action="loyalty.publish", subject=subject)
    session.flush()


def publish_tiers(session: Session, rule: TierRule, *, actor: str, now_ms: int, today: date) -> set[UUID]:
    """Publish the next version of the tiers. Return the members who stand in another tier from it on.

    Where it starts at once, stores hear of those; a rule that starts later is noticed on its first day
    (`cloud.loyalty.assessing.turn`). Raise Conflict unless its version is the next one.
    """
    before = rules.load(session)
    old = before.tier_on(today)
    rules.publish_tier(session, rule, author=actor, at_ms=now_ms)
    subject = f"tier rule {rule.version}"
    audit.record(session, at_ms=now_ms, actor=actor, action="loyalty.publish", subject=subject)
    found = rules.load(session)
    for year in (today.year - 1, today.year):
        posting.reassess(session, found, year)
    if found.tier_on(today).version != rule.version:
        return set()
    changed = _standing_elsewhere(session, old, rule, today)
    dirt.note(session, open_commit(session, now_ms), [(member, dirt.HEAD_OFFICE, 0) for member in sorted(changed)])
    return changed


def _standing_elsewhere(session: Session, old: TierRule, new: TierRule, today: date) -> set[UUID]:
    changed: set[UUID] = set()
    last: UUID | None = None
    while members := trial.members_after(session, last):
        before, after = (tiers.outlooks(session, members, today, rule) for rule in (old, new))
        changed |= {one for one in members if before[one].standing.tier != after[one].standing.tier}
        last = members[-1]
    return changed
