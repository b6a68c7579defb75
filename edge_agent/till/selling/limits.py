"""What may be sold to whom and when: ages by date arithmetic and hours by the store's own clock, in one place.

Every way to ring something up comes by here, weighed goods and labels too, and paying looks once more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from edge_agent.till import baskets
from edge_agent.till.asks import AgeAsked, ApprovalAsked, Approver
from edge_agent.till.basket import Basket
from edge_agent.till.changes import AgeChecked
from edge_agent.till.desk import Desk, Refusal, changeable, require_resolved
from edge_agent.till.ports import TillBook
from edge_agent.till.results import AgeConfirmed
from shared.calendar import local_time
from shared.pricing import Item
from shared.wire.policies import Approval, StaffRole
from shared.wire.till_events import AgeCheck, AgeProof

_DAY_MINUTES = 24 * 60
OLDEST_YEARS = 130


def require_may_sell(desk: Desk, basket: Basket, item: Item) -> None:
    """Refuse an item that may not be sold now, or not before somebody made sure of the buyer's age."""
    if not item.sale_hours and not item.min_age:
        return
    now = _now(desk)
    if not in_hours(item.sale_hours, now):
        raise Refusal("sale_hours", f"{item.item} {' '.join(item.sale_hours)}")
    if item.min_age > basket.age_checked:
        born_by = latest_birth(now.date(), item.min_age).isoformat()
        raise Refusal("age_check", str(item.min_age), AgeAsked(item.min_age, born_by, item.item))


def require_all(desk: Desk, basket: Basket, book: TillBook) -> None:
    """Look once more at everything in the basket, when it is paid for: the sale is made now, not at the scan."""
    for line in basket.lines:
        item = book.item(line.item)
        if item is not None:
            require_may_sell(desk, basket, item)


def confirm(db: sqlite3.Connection, desk: Desk, years: int, born: str, approver: Approver | None) -> AgeConfirmed:
    """Record that the buyer is old enough, by birth date (YYYY-MM-DD) or, without one, by looking.

    Only the age asked for is kept, never the birth date. A cashier who is too young to sell such things needs
    somebody's approval.
    """
    require_resolved(db, desk)
    if not 1 <= years <= OLDEST_YEARS:
        raise Refusal("birth_date", str(years))
    by = desk.cashier
    if not desk.stand.adult:
        by = _adult(desk, approver)
    proof = AgeProof.SEEN
    if born:
        proof = AgeProof.BIRTH_DATE
        if age_on(_now(desk).date(), _date(born)) < years:
            raise Refusal("too_young", str(years))
    basket = baskets.load_open(db, desk.till)
    at_ms = desk.clocks.business.now_ms()
    if basket is None:
        basket = baskets.create(db, desk.mint(), desk.till, at_ms)
    check = AgeCheck(years=years, proof=proof, by=by)
    baskets.add(db, changeable(basket), AgeChecked(at_ms=at_ms, check=check))
    return AgeConfirmed(basket.id, check)


def _adult(desk: Desk, approver: Approver | None) -> str:
    staff = {one.code: one for one in desk.settings().staff}
    if approver is None or approver.code not in staff or not staff[approver.code].adult:
        asks = ApprovalAsked(Approval.SELL_AGED, StaffRole.CASHIER, desk.cashier)
        raise Refusal("approval_needed", Approval.SELL_AGED, asks)
    return approver.code


def age_on(today: date, born: date) -> int:
    """Return the full years somebody has on a date; a birthday on 29 February comes on 1 March in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def latest_birth(today: date, years: int) -> date:
    """Return the last birth date that makes somebody `years` old today."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February, and no such day that year
        return date(today.year - years, 2, 28)


def in_hours(hours: Iterable[str], now: datetime) -> bool:
    """Tell whether a local time lies in one of the windows `06:00-22:00`, from the first minute to before the last.

    A window that ends before it begins goes over midnight; without windows it is always in. One that cannot be read
    opens nothing.
    """
    windows = list(hours)
    minute = now.hour * 60 + now.minute
    return not windows or any(_inside(window, minute) for window in windows)


def _inside(window: str, minute: int) -> bool:
    first, _, last = window.partition("-")
    start, end = _minute(first), _minute(last)
    if start is None or end is None:
        return False
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end


def _minute(text: str) -> int | None:
    hour, _, minute = text.strip().partition(":")
    if not (hour.isdigit() and minute.isdigit()):
        return None
    found = int(hour) * 60 + int(minute)
    return found if found <= _DAY_MINUTES and int(minute) < 60 else None


def _now(desk: Desk) -> datetime:
    return local_time(desk.clocks.business.now_ms(), ZoneInfo(desk.settings().time_zone))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal("birth_date", text[:10]) from error
