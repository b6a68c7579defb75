"""A member's tier as people read it: which and why, until when, what is missing, what it brings, how it came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from cloud.loyalty import rules, tiers
from cloud.loyalty.models import TierChange, TierFloor
from cloud.loyalty.tier_words import benefit_words, reason_words
from cloud.loyalty.words import Language
from cloud.members.home_days import Days, day_of
from cloud.web.figures import with_sign
from shared.loyalty import Tier, TierRule, missing_words

MOST = 10


@dataclass(frozen=True, slots=True)
class Changed:
    """The member came to stand elsewhere on a day."""

    day: date
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class MemberTier:
    """Where a member stands, in words of one language."""

    tier: Tier | None
    name: str
    reason: str
    until: date | None
    next_name: str
    missing: str
    by: str
    """The last day on which it counts; empty where the window moves with the days."""
    brings: Sequence[str]
    changes: Sequence[Changed]
    floor: TierFloor | None
    choices: Sequence[tuple[str, str]]
    """(code, name) of every tier there is."""


def tier_of(
    session: Session, member: UUID, days: Days, language: Language, money: tuple[str, int]
) -> MemberTier | None:
    """Return a member's tier on a day, or on their own; None where there are no tiers.

    `money`: the house's currency and its exponent.
    """
    currency, exponent = money
    today = day_of(session, member, days)
    rule = rules.load(session).tier_on(today)
    if not rule.tiers:
        return None
    found = tiers.outlooks(session, [member], today, rule)[member]
    here, lacks = rule.tier(found.standing.tier), found.next_tier
    ahead = rule.tier(lacks.tier) if lacks else None
    return MemberTier(
        tier=here,
        name=here.name(language) if here else "",
        reason=reason_words(found.standing.reason, language),
        until=found.standing.until,
        next_name=ahead.name(language) if ahead else "",
        missing=missing_words(lacks, language, with_sign(lacks.spend_minor, exponent, currency)) if lacks else "",
        by=lacks.until if lacks else "",
        brings=[benefit_words(one, here, language) for one in here.benefits] if here else [],
        changes=_changes(session, member, rule, language),
        floor=session.get(TierFloor, member),
        choices=[(one.code, one.name(language)) for one in rule.ladder],
    )


def _changes(session: Session, member: UUID, rule: TierRule, language: Language) -> list[Changed]:
    query = select(TierChange).where(col(TierChange.member_id) == member).order_by(col(TierChange.n).desc()).limit(MOST)

    def name(code: str) -> str:
        tier = rule.tier(code)
        return tier.name(language) if tier else code

    return [
        Changed(row.day, name(row.before), name(row.after), reason_words(row.reason, language))
        for row in session.exec(query)
    ]
