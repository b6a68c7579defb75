"""Rules of points as stores get them, each version in the bytes that its hash is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.loyalty.models import EarningRuleRow, TierRuleRow
from shared.loyalty import PointsRule, TierRule, TierTimes, counting_since, stated
from shared.loyalty.points_rules import EARNING, TIERS

KEPT_DAYS = 60
"""A version that no longer counts stays with stores for so long: for sales of a day not closed yet, for returns."""


class Written(NamedTuple):
    """A version of the earning rule as it stands in its table: the JSON of an `EarningRule`."""

    version: int
    valid_from: date
    rule: str


def published(session: Session) -> list[PointsRule]:
    """Return every version there is."""
    earning, tier = table_of(EarningRuleRow), table_of(TierRuleRow)
    rows = session.execute(select(earning.c.version, earning.c.valid_from, earning.c.rule).order_by(earning.c.version))
    tiers = session.execute(select(tier.c.rule).order_by(tier.c.version)).scalars()
    return as_stores_get(
        [Written(row.version, row.valid_from, row.rule) for row in rows],
        [msgspec.json.decode(content, type=TierRule) for content in tiers],
    )


def as_stores_get(earning: Iterable[Written], tiers: Iterable[TierRule]) -> list[PointsRule]:
    """Return rules as stores get them: of tiers only what multiplies points."""
    found = [stated(EARNING, one.version, one.rule.encode(), one.valid_from) for one in earning]
    found += [
        stated(TIERS, rule.version, msgspec.json.encode(TierTimes.of(rule)), rule.valid_from) for rule in tiers
    ]  # fmt: skip
    return found


def of_day(rules: Sequence[PointsRule], today: date) -> list[PointsRule]:
    """Return the versions that a store works by: those of the last KEPT_DAYS, and every later one, however far off."""
    return counting_since(rules, today - timedelta(days=KEPT_DAYS))
