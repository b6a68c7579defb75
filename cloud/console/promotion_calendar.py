"""The calendar of promotions: what runs where, four weeks at a time."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from cloud.api.services import Here
from cloud.console.targets import choices
from cloud.org.models import Store
from cloud.org.stores import house_money
from cloud.promotions.calendar import runs
from cloud.promotions.fields import as_day
from cloud.promotions.naming import names_for
from cloud.promotions.plans import titled
from cloud.promotions.sentence import sentence
from cloud.web.rendering import Context, page
from shared.calendar import local_time
from shared.pricing.promotion import Money

DAYS = 28

router = APIRouter(include_in_schema=False)


def on_today(session: Session, now_ms: int) -> int:
    """Return how many promotions are on somewhere today, planned at head office or brought by a price book.

    `now_ms` is business time; today is the first store's.
    """
    stores = list(session.exec(select(Store).order_by(col(Store.id))))
    today = local_time(now_ms, ZoneInfo(stores[0].time_zone if stores else "UTC")).date()
    return len(runs(session, stores, today, 1, now_ms))


@router.get("/promotions/calendar")
def calendar(request: Request, services: Here, first: str = "", store: str = "") -> Response:
    """What runs where, and when?"""

    def read(session: Session, _now_ms: int) -> Context:
        now_ms = services.clocks.business.now_ms()
        query = select(Store).order_by(col(Store.id))
        stores = list(session.exec(query.where(col(Store.id) == store) if store else query))
        zone = ZoneInfo(stores[0].time_zone if stores else "UTC")
        today = local_time(now_ms, zone).date()
        day = as_day(first) or today - timedelta(days=today.weekday())
        found = runs(session, stores, day, DAYS, now_ms)
        money = Money(house_money(session)[1])
        planned = titled(session, [run.promotion.promotion for run in found], alive=True)
        found.sort(key=lambda run: run.promotion.promotion not in planned)  # what is planned here comes first
        names = names_for(session, [run.promotion for run in found])
        return {
            "runs": [(run, sentence(run.promotion, money, names)) for run in found],
            "days": [day + timedelta(days=number) for number in range(DAYS)],
            "today": today,
            "earlier": day - timedelta(days=DAYS),
            "later": day + timedelta(days=DAYS),
            "plans": planned,
            "store": store,
            "choices": choices(session),
            "stores": len(stores),
            "on_today": sum(bool(run.count(today)) for run in found),
        }

    return page(request, services, "promotion_calendar", read)
