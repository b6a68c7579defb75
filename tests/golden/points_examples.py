"""Examples of points as tills promise them, for `tests.golden.examples`."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import msgspec

from shared.loyalty import EarningRule, MemberDay, PointsBasis, PointsRule, PointsTimes, TierTimes, stated
from shared.loyalty.points_rules import EARNING, TIERS
from shared.wire.events import SaleCompleted, SaleReturned

_BASIS = PointsBasis(3, 2, sha256(b"rules").digest()[:8])
_EARNING = EarningRule(
    version=3, valid_from=date(2026, 1, 1), excluded_categories=["tobacco"], excluded_tenders=["gift_card"]
)
_TIERS = TierTimes(
    times={"gold": [PointsTimes(times_bp=15_000), MemberDay(times_bp=20_000, month_days=[8, 18, 28])]}
)  # fmt: skip

POINTS_RULES: list[PointsRule] = [
    stated(EARNING, 3, msgspec.json.encode(_EARNING), _EARNING.valid_from),
    stated(EARNING, 4, b'{"kind":"visits","version":4,"valid_from":"2026-07-01"}', date(2026, 7, 1), level=2),
    stated(TIERS, 2, msgspec.json.encode(_TIERS), None),
]


def promised(sale: SaleCompleted) -> SaleCompleted:
    """Return a sale with a promise."""
    return msgspec.structs.replace(sale, points_promised=41, points_by=_BASIS)


def taken_back(event: SaleReturned) -> SaleReturned:
    """Return a return that says what it takes back."""
    return msgspec.structs.replace(event, points_taken=9)
