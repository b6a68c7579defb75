"""What a member did, changed by hand of a merge, a take-over or a till that is not ours; tiers follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlmodel import Session

from cloud.loyalty import posting, rules
from cloud.members.home_days import HomeDays, chain_day
from shared.loyalty import TierRule


def add_spend(session: Session, member: UUID, day: date, minor: int, visits: int = 0) -> None:
    """Add to a member's spend (minor units) and visits of a business date, and weigh its year again."""
    posting.add(session, {(member, day): posting.Done(minor, visits)}, rules.load(session))


def tier_rule(session: Session, at_ms: int) -> TierRule:
    """Return the tier rule in force at a moment."""
    return rules.load(session).tier_on(chain_day(session, HomeDays(at_ms)))


def take_over(session: Session, tiers: Mapping[UUID, str], at_ms: int) -> None:
    """Write tiers as reached on the last day of last year, by exactly what they take: they hold on from there."""
    known, today = rules.load(session), chain_day(session, HomeDays(at_ms))
    day, rule = date(today.year - 1, 12, 31), known.tier_on(today)
    takes = {tier.code: posting.Done(*rule.takes(tier)) for tier in rule.tiers}
    posting.add(session, {(member, day): takes[code] for member, code in tiers.items()}, known)
