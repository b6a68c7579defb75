"""What runs where: the promotions of every store's books, now and staged, by day of the stores' own calendars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from cloud.org.models import Store
from cloud.prices.books import StoreBook, StoreBooks
from cloud.prices.timeline import Entry, live_entries
from shared.calendar import local_time
from shared.pricing.promotion import Promotion
from shared.pricing.window import When


@dataclass(slots=True)
class Run:
    """A promotion and the stores where it is on, by day."""

    promotion: Promotion
    days: dict[date, set[str]] = field(default_factory=dict)

    @property
    def stores(self) -> set[str]:
        """Every store where it is on at some time."""
        return set().union(*self.days.values()) if self.days else set()

    def count(self, day: date) -> int:
        """Return in how many stores it is on that day."""
        return len(self.days.get(day, ()))


def runs(session: Session, stores: Sequence[Store], first: date, days: int, now_ms: int) -> list[Run]:
    """Return what is on from a day on, by first day and id. Days before today show what is in force now."""
    books = StoreBooks()
    found: dict[str, Run] = {}
    wanted = [first + timedelta(days=number) for number in range(days)]
    timelines = live_entries(session, [store.id for store in stores], now_ms)
    for store in stores:
        zone = ZoneInfo(store.time_zone)
        for entry, since, until in _spans(timelines[store.id], zone):
            span = [day for day in wanted if (since is None or since <= day) and (until is None or day <= until)]
            book = books.book(session, store.id, entry.version) if span else None
            for promotion, day in _on(book, store.id, span) if book else ():
                run = found.setdefault(promotion.promotion, Run(promotion))
                run.days.setdefault(day, set()).add(store.id)
    return sorted(found.values(), key=lambda run: (min(run.days), run.promotion.promotion))


def _on(book: StoreBook, store: str, days: Sequence[date]) -> Iterator[tuple[Promotion, date]]:
    """Yield the promotions that a store's book has on, with each of the days they are on."""
    for listed in book.promotions().listed:
        promotion = listed.promotion
        if not promotion.where.stores or store in promotion.where.stores:
            yield from ((promotion, day) for day in days if on_day(promotion.when, day))


def on_day(when: When, day: date) -> bool:
    """Tell whether a promotion is on at some time of a day."""
    return (
        (when.first is None or when.first <= day)
        and (when.last is None or day <= when.last)
        and (not when.weekdays or day.isoweekday() in when.weekdays)
        and (not when.days or day.day in when.days)
    )


def _spans(entries: Sequence[Entry], zone: ZoneInfo) -> list[tuple[Entry, date | None, date | None]]:
    """Return each entry of a timeline with its first and last day; the first one's beginning is open."""
    starts = [local_time(entry.moment.at_ms, zone).date() for entry in entries]
    return [
        (entry, starts[place] if place else None, starts[place + 1] if place + 1 < len(entries) else None)
        for place, entry in enumerate(entries)
    ]
