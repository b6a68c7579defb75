"""The rules in force, as HQ published them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Conflict
from cloud.loyalty.models import EarningRuleRow, TierRuleRow
from shared.loyalty import EarningRule, TierRule, in_force

_NO_TIERS = TierRule(version=0)


@dataclass(frozen=True, slots=True)
class Rules:
    """Every version of the earning rule and of the tier rule, the oldest first."""

    earning: tuple[EarningRule, ...] = ()
    tiers: tuple[TierRule, ...] = ()

    def earning_on(self, day: date) -> EarningRule | None:
        """Return the earning rule of a business date; None before the first one started."""
        return in_force(self.earning, day)

    def tier_on(self, day: date) -> TierRule:
        """Return the tier rule of a business date: the latest start, then the highest version. At first: no tiers."""
        return in_force(self.tiers, day) or _NO_TIERS

    @property
    def tier_version(self) -> int:
        """Return the version of the newest tier rule, in force or not; 0 for none."""
        return max((rule.version for rule in self.tiers), default=0)


def load(session: Session) -> Rules:
    """Read the rules. Cheap enough to be done in every transaction, so that no worker earns by an old one."""
    earning, tier = table_of(EarningRuleRow), table_of(TierRuleRow)
    rules = session.execute(select(earning.c.rule).order_by(earning.c.version)).scalars()
    of_tiers = session.execute(select(tier.c.rule).order_by(tier.c.version)).scalars()
    return Rules(
        earning=tuple(msgspec.json.decode(rule, type=EarningRule) for rule in rules),
        tiers=tuple(msgspec.json.decode(rule, type=TierRule) for rule in of_tiers),
    )


def next_version(session: Session, rule: EarningRule | TierRule) -> int:
    """Return the version that the next rule of this kind gets."""
    of = EarningRuleRow if isinstance(rule, EarningRule) else TierRuleRow
    return (session.execute(select(func.max(of.version))).scalar_one_or_none() or 0) + 1


def expect_next(session: Session, rule: EarningRule | TierRule) -> None:
    """Raise Conflict unless a rule's version is the next one of its kind."""
    if rule.version != (following := next_version(session, rule)):
        raise Conflict(f"the next version of this rule is {following}, got {rule.version}")


def publish_earning(session: Session, rule: EarningRule, *, author: str, at_ms: int) -> None:
    """Add a version of the earning rule. Raise Conflict unless its version is the next one."""
    expect_next(session, rule)
    bulk.insert_tuples(
        session,
        EarningRuleRow,
        ("version", "valid_from", "rule", "author", "made_ms"),
        [(rule.version, rule.valid_from, msgspec.json.encode(rule).decode(), author, at_ms)],
    )


def publish_tier(session: Session, rule: TierRule, *, author: str, at_ms: int) -> None:
    """Add a version of the tier rule. Raise Conflict unless its version is the next one.

    Years are weighed against it as they change; `posting.reassess` weighs all of them.
    """
    expect_next(session, rule)
    bulk.insert_tuples(
        session,
        TierRuleRow,
        ("version", "rule", "author", "made_ms"),
        [(rule.version, msgspec.json.encode(rule).decode(), author, at_ms)],
    )


def tier_names(session: Session) -> dict[str, dict[str, str]]:
    """Return what each tier there ever was is called, by its code and language; the newest rule that has it counts."""
    return {tier.code: tier.names for rule in load(session).tiers for tier in rule.tiers}
