"""Points and tiers: the rules of both, the same at the till and at head office."""

from shared.loyalty.benefits import (
    Benefit,
    BirthdayGift,
    CouponsMonthly,
    CouponsOnReaching,
    MemberDay,
    OwnPrices,
    PointsTimes,
    times_bp,
)
from shared.loyalty.earning import EarningRule, Paid, months_later, rule_on, share_returned
from shared.loyalty.missing import missing_words
from shared.loyalty.standing import Did, Floor, Outlook, Standing, look_back, outlook, standing
from shared.loyalty.tiers import NextTier, Tier, TierRule

__all__ = [
    "Benefit",
    "BirthdayGift",
    "CouponsMonthly",
    "CouponsOnReaching",
    "Did",
    "EarningRule",
    "Floor",
    "MemberDay",
    "NextTier",
    "Outlook",
    "OwnPrices",
    "Paid",
    "PointsTimes",
    "Standing",
    "Tier",
    "TierRule",
    "look_back",
    "missing_words",
    "months_later",
    "outlook",
    "rule_on",
    "share_returned",
    "standing",
    "times_bp",
]
