"""Rules of points as stores get them, each version in the bytes that its hash is of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.loyalty.models import EarningRuleRow, TierRuleRow
from shared.loyalty import PointsRule, TierRule, TierTimes, counting_since, stated
from shared.loyalty.points_rules import EARNING, TIERS

KEPT_DAYS = 60
"""A version that no longer counts stays with stores for so long: for sales of a day not closed yet, for returns."""


def published(session: Session) -> list[PointsRule]:
    """Return every version there is."""
    earning, tier = table_of(EarningRuleRow), table_of(TierRuleRow)
    rows = session.execute(select(earning.c.version, earning.c.valid_from, earning.c.rule).order_by(earning.c.version))
    found = [stated(EARNING, row.version, row.rule.encode(), row.valid_from) for row in rows]
    for content in session.execute(select(tier.c.rule).order_by(tier.c.version)).scalars():
        rule = msgspec.json.decode(content, type=TierRule)
        found.append(stated(TIERS, rule.version, msgspec.json.encode(TierTimes.of(rule)), rule.valid_from))
    return found


def of_day(rules: Sequence[PointsRule], today: date) -> list[PointsRule]:
    """Return the versions that a store works by: those of the last KEPT_DAYS, and every later one, however far off."""
    return counting_since(rules, today - timedelta(days=KEPT_DAYS))
