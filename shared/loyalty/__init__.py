"""Points and tiers: the rules of both, the same at the till and at head office."""

from shared.loyalty.earning import EarningRule, Paid, months_later, rule_on, share_returned
from shared.loyalty.tiers import NextTier, Standing, Tier, TierRule

__all__ = [
    "EarningRule",
    "NextTier",
    "Paid",
    "Standing",
    "Tier",
    "TierRule",
    "months_later",
    "rule_on",
    "share_returned",
]
