"""How far what was published has come: store by store and till by till, by the books that tills report to run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from sqlmodel import Session, col, select

from cloud.org.models import Store
from cloud.prices.adoption import TillVersion, reported_versions

Book = tuple[str, int]
"""A store and a version of its prices."""
Holding = Callable[[Collection[Book]], Collection[Book]]
"""Which of some books have it."""


class Arrival(NamedTuple):
    """One till, and how it stands to what was published."""

    store: str
    name: str
    """What the store is called."""
    till: str
    version: str
    state: str
    """`sells`, `leaving` (still sells by what is taken back), `holds`, `under_way`, or `silent`."""


def arrival(
    session: Session, goal: Mapping[str, int], ever: Iterable[str], holding: Holding, now_ms: int
) -> list[Arrival]:
    """Return every till that is to have it, and every one that has it still.

    `goal` says by store which version brings it, `ever` names the stores that were to have it at any time.
    """
    stores = sorted({*goal, *ever})
    tills = reported_versions(session, now_ms, stores) if stores else []
    selling = set(holding({(till.store, till.runs) for till in tills if till.runs is not None}))
    names = dict(session.exec(select(col(Store.id), col(Store.name)).where(col(Store.id).in_(stores))).all())
    found = [(till, _state(till, goal.get(till.store), selling)) for till in tills]
    return [
        Arrival(till.store, names.get(till.store) or till.store, till.till, str(till.runs or ""), state)
        for till, state in found
        if state
    ]


def _state(till: TillVersion, wanted: int | None, selling: Collection[Book]) -> str:
    """Return how a till stands to it; nothing, where it neither has it nor is to have it."""
    sells = till.runs is not None and (till.store, till.runs) in selling
    if wanted is None:
        return "leaving" if sells else ""
    if till.runs is None:
        return "silent"
    if sells:
        return "sells"
    return "holds" if wanted in till.holds else "under_way"
