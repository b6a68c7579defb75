"""Campaigns' coupons as head office puts them into price books: each from the week it begins to the week it ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from deploy.demo import schedule
from deploy.demo.campaigns import CampaignCoupon
from deploy.demo.catalogue import item_code

Change = dict[str, Any]
"""A change of a price draft."""
_LAST_DAY = timedelta(days=6)


def on_in(week: int, coupons: Iterable[CampaignCoupon]) -> dict[str, CampaignCoupon]:
    """Return the coupons that count on a day of a week of the source, by promotion."""
    first = schedule.week_starts_local(week).date()
    return {one.promotion: one for one in coupons if one.is_on(first, first + _LAST_DAY)}


def changes(before: Collection[str], now: dict[str, CampaignCoupon], products: Collection[int]) -> list[Change]:
    """Return what takes a book from the promotions it has to those it should have, for goods that the chain sells."""
    put = [_change(promotion, row(now[promotion], products)) for promotion in sorted(now.keys() - set(before))]
    return put + [_change(promotion, None) for promotion in sorted(set(before) - now.keys())]


def row(coupon: CampaignCoupon, products: Collection[int]) -> Change:
    """Return a coupon's promotion: one printed code, for those it was mailed to, borne by whoever issued it."""
    return {
        "kind": "coupon",
        "promotion": coupon.promotion,
        "names": {"en": f"Campaign {coupon.campaign}", "zh": f"活动 {coupon.campaign}"},
        "scope": {"items": [item_code(product) for product in sorted(coupon.products) if product in products]},
        "when": {"first": coupon.first.isoformat(), "last": coupon.last.isoformat()},
        "who": {"audience": "members", "segments": [coupon.segment]},
        "issue": "public",
        "code": coupon.code,
        "off_minor": coupon.face_minor,
        "stackable": True,
        "payers": {"supplier": 10_000},
    }


def _change(promotion: str, content: Change | None) -> Change:
    return {"kind": "promotions", "scope": "chain", "key": promotion, "row": content}
