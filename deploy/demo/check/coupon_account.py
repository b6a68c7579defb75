"""An account of every redemption and every cent of coupons: taken by the tills as in the source, or why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.check.coupons import Campaigns, HandedOver

FACE = "amount_differs_from_face"
"""The source took off something else than it most often does for this number."""
GOODS = "more_than_the_goods_cost"
"""What the coupon is for cost less, at book prices and after paper coupons, than it takes off."""
LEFT = "paper_coupons_found_more_left"
"""Campaigns' coupons are spread over all they are for, so that paper coupons reached the end of other lines."""


@dataclass(slots=True)
class CouponAccount:
    """What became of the source's redemptions, and of its discounts that are none of a campaign's."""

    redemptions: int = 0
    outside: int = 0
    """Redemptions of households that none of the run's baskets of that day belongs to."""
    refused: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    taken_minor: int = 0
    source_minor: int = 0
    difference_count: Counter[str] = field(default_factory=Counter)
    difference_minor: Counter[str] = field(default_factory=Counter)
    paper: int = 0
    paper_minor: int = 0

    @property
    def total_difference_minor(self) -> int:
        """What the tills took more than the source did, because of coupons."""
        return self.difference_minor.total()

    def hand_in(self, coupons: Collection[HandedOver], taken: Mapping[str, int], difference_minor: int) -> None:
        """Note a basket's coupons; `difference_minor` is what it costs more than with the source's own amounts."""
        for one in coupons:
            minor = taken[one.promotion]
            self.taken += 1
            self.taken_minor += minor
            self.source_minor += one.source_minor
            for cause, part in ((FACE, one.source_minor - one.face_minor), (GOODS, one.face_minor - minor)):
                if part:
                    self._differ(cause, part)
                    difference_minor -= part
        if difference_minor:
            self._differ(LEFT, difference_minor)

    def close(self, campaigns: Campaigns, rung: Collection[int]) -> None:
        """Count the redemptions that are not among the run's coupons."""
        self.redemptions = campaigns.redemptions
        for reason, day in campaigns.refused:
            if campaigns.baskets.get(day, set()).isdisjoint(rung):
                self.outside += 1
            else:
                self.refused[reason] += 1
        self.outside += sum(len(coupons) for basket, coupons in campaigns.handed.items() if basket not in rung)

    def report(self) -> dict[str, Any]:
        """Return the account as the report states it."""
        return {
            "redemptions": self.redemptions,
            "outside_the_run": self.outside,
            "taken": self.taken,
            "not_taken": dict(sorted(self.refused.items())),
            "taken_minor": self.taken_minor,
            "source_minor": self.source_minor,
            "differences": {
                cause: {"times": self.difference_count[cause], "minor": self.difference_minor[cause]}
                for cause in sorted(self.difference_count)
            },
            "paper_without_redemption": {"times": self.paper, "minor": self.paper_minor},
        }

    def _differ(self, cause: str, minor: int) -> None:
        self.difference_count[cause] += 1
        self.difference_minor[cause] += minor
