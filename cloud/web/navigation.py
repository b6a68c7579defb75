"""The console by task: what stands in the navigation, which pages each task has, and where somebody is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fastapi import APIRouter

from cloud.identity.people import Right, Signed
from shared.web.words import marked


class Task(StrEnum):
    """What somebody comes to do. Nine at most; one without pages is not shown."""

    TODAY = "today"
    STORES = "stores"
    MEMBERS = "members"
    PROMOTIONS = "promotions"
    PRICES = "prices"
    SALES = "sales"
    CARE = "care"
    REPORTS = "reports"
    SETTINGS = "settings"


TITLES: dict[Task, str] = {
    Task.TODAY: marked("Today"),
    Task.STORES: marked("Stores"),
    Task.MEMBERS: marked("Members"),
    Task.PROMOTIONS: marked("Promotions"),
    Task.PRICES: marked("Prices"),
    Task.SALES: marked("Sales"),
    Task.CARE: marked("Care"),
    Task.REPORTS: marked("Reports"),
    Task.SETTINGS: marked("Settings"),
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A page that can be gone to: its task, its title (marked), its address, and the router that answers it."""

    task: Task
    title: str
    path: str
    router: APIRouter | None = None
    """None where another entry of the feature brings the router."""
    right: Right = Right.READ
    """What somebody needs to be shown it."""


@dataclass(frozen=True)
class Place:
    """Where a request is: the entry it belongs to, its task's pages, and every task there is."""

    entry: Entry | None
    entries: Sequence[Entry]

    @property
    def tasks(self) -> list[tuple[str, str, bool]]:
        """Return (title, address, whether we are there) of each task that has pages, in order."""
        firsts = {entry.task: entry.path for entry in reversed(self.entries)}
        here = self.entry.task if self.entry else None
        return [(TITLES[task], firsts[task], task == here) for task in Task if task in firsts]

    @property
    def siblings(self) -> list[Entry]:
        """Return the pages of this task where it has several."""
        found = [entry for entry in self.entries if self.entry and entry.task == self.entry.task]
        return found if len(found) > 1 else []


def shown_to(who: Signed | None, entries: Sequence[Entry]) -> list[Entry]:
    """Return the pages that somebody may go to; before the first sign-in those that can only be read."""
    return [entry for entry in entries if (entry.right is Right.READ if who is None else who.may(entry.right))]


def place_of(path: str, entries: Sequence[Entry]) -> Place:
    """Find the entry that an address belongs to: its own, or the one whose address it continues."""
    fitting = [entry for entry in entries if path == entry.path or path.startswith(entry.path.rstrip("/") + "/")]
    found = max(fitting, key=lambda entry: len(entry.path), default=None)
    return Place(None if found and found.path == "/" != path else found, entries)
