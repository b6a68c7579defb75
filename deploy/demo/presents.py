"""After the year: a coupon and a gift, so that the members' page has more to show than what the source knows.

The source has no gifts and no coupons that are a member's own. Nobody looks at these before the year is checked.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from deploy.demo import schedule
from deploy.demo.hq import Hq
from deploy.demo.members import card_number

PROMOTION = "welcome-back"
GIFT = "shopping-bag"
_DAYS = 60
_OFF_MINOR, _FROM_MINOR = 300, 1_500
_POINTS, _IN_EACH_STORE = 10, 20


async def give_presents(hq: Hq, household: int, stores: Collection[str], now_ms: int) -> None:
    """Publish a coupon and give it to a household, and put a gift into the points mall. Raise HqRefused."""
    today = datetime.fromtimestamp(now_ms // 1000, UTC).astimezone(schedule.ZONE).date()
    draft = str((await hq.ask("POST", "/prices/drafts", {"title": "Welcome back"}))["id"])
    change = {"kind": "promotions", "scope": "chain", "key": PROMOTION, "row": _promotion()}
    await hq.ask("POST", f"/prices/drafts/{draft}/rows", {"changes": [change]})
    await hq.ask("POST", f"/prices/drafts/{draft}/publish", {})
    batch = {
        "id": PROMOTION,
        "kind": "personal",
        "promotion": PROMOTION,
        "starts": today.isoformat(),
        "ends": (today + timedelta(days=_DAYS)).isoformat(),
        "most": 1_000,
        "title": "欢迎回来 Welcome back",
    }
    await hq.ask("POST", "/coupons/batches", batch)
    member = (await hq.ask("POST", "/members/find", {"card": card_number(household)}))["member"]
    given = {"id": _id("coupon"), "members": [member]}
    await hq.ask("POST", f"/coupons/batches/{PROMOTION}/give", given)
    gift = {"id": GIFT, "names": {"en": "Shopping bag", "zh": "环保购物袋"}, "points": _POINTS}
    await hq.ask("POST", "/rewards/gifts", gift)
    for store in stores:
        stock = {"id": _id(f"stock/{store}"), "store": store, "delta": _IN_EACH_STORE, "reason": "first delivery"}
        await hq.ask("POST", f"/rewards/gifts/{GIFT}/stock", stock)


def _promotion() -> dict[str, Any]:
    return {
        "kind": "coupon",
        "promotion": PROMOTION,
        "names": {"en": "Welcome back", "zh": "欢迎回来"},
        "need": {"spend_minor": _FROM_MINOR},
        "who": {"audience": "members"},
        "off_minor": _OFF_MINOR,
    }


def _id(what: str) -> str:
    return str(uuid5(NAMESPACE_OID, f"storewire-demo/{what}"))
