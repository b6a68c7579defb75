"""Publish rules of points and tiers: the next version, recorded, and whoever's tier it changes noted."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.fleet import audit
from cloud.ledger.commits import open_commit
from cloud.loyalty import posting, rules
from cloud.members import dirt
from shared.loyalty import EarningRule, TierRule


def publish_earning(session: Session, rule: EarningRule, *, actor: str, now_ms: int) -> None:
    """Publish the next version of the earning rule. Raise Conflict unless its version is the next one."""
    rules.publish_earning(session, rule, author=actor, at_ms=now_ms)
    subject = f"earning rule {rule.version}"
    audit.record(session, at_ms=now_ms, actor=actor, action="loyalty.publish", subject=subject)
    session.flush()


def publish_tiers(session: Session, rule: TierRule, *, actor: str, now_ms: int, year: int) -> set[UUID]:
    """Publish the next version of the tiers, and weigh `year` and the one before against it.

    Return the members who stand in another tier now. Raise Conflict unless its version is the next one.
    """
    rules.publish_tier(session, rule, author=actor, at_ms=now_ms)
    subject = f"tier rule {rule.version}"
    audit.record(session, at_ms=now_ms, actor=actor, action="loyalty.publish", subject=subject)
    found = rules.load(session)
    changed = posting.reassess(session, found, year - 1) | posting.reassess(session, found, year)
    dirt.note(session, open_commit(session, now_ms), [(member, dirt.HEAD_OFFICE, 0) for member in sorted(changed)])
    return changed
