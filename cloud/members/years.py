"""What a member spent in a year, changed by hand of a merge or by a till that is not ours; tiers follow."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.loyalty import rules as loyalty_rules
from cloud.loyalty.models import MemberYear


def add_spend(session: Session, member: UUID, year: int, minor: int) -> None:
    """Add to a member's spend of a calendar year, in minor units, and weigh the year again."""
    row = session.get(MemberYear, (member, year), with_for_update=True, populate_existing=True)
    row = row or MemberYear(member_id=member, year=year, spend_minor=0)
    row.spend_minor += minor
    row.tier = loyalty_rules.load(session).tier.reached(row.spend_minor)
    session.add(row)
    session.flush()
