"""Which stores something is for, as pages ask and say it: all of them, groups and stores by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud.org.models import Store, StoreGroup
from cloud.prices.targets import ALL
from cloud.web.signing_in import Posted
from cloud.web.tables import Cell
from shared.web.words import marked

R = TypeVar("R")
MOST_STORES = 60
"""So many stores are chosen from by name; of more, some are named by their ids."""
ALL_STORES = marked("All stores")


@dataclass(frozen=True)
class Choices:
    """What a form offers: groups, and stores where there are few; `many` asks for ids instead."""

    groups: list[StoreGroup]
    stores: list[Store]
    many: bool


def choices(session: Session) -> Choices:
    """Return what there is to choose from."""
    groups = list(session.exec(select(StoreGroup).order_by(col(StoreGroup.id))))
    many = session.exec(select(func.count()).select_from(Store)).one() > MOST_STORES
    stores = [] if many else list(session.exec(select(Store).order_by(col(Store.id))))
    return Choices(groups, stores, many)


def chosen(form: Posted) -> list[str]:
    """Return what was chosen in a form, as publications name it; nothing chosen is nothing."""
    if form.get("all_stores"):
        return [ALL]
    stores = [*form.all("store_chosen"), *form.get("stores_named").replace(",", " ").split()]
    return [f"group:{group}" for group in form.all("group_chosen")] + [f"store:{store}" for store in stores]


def place_names(session: Session, targets: Iterable[str]) -> Mapping[str, str]:
    """Return what groups and stores are called, by how publications name them."""
    parts = {part.partition(":")[::2] for text in targets for part in text.split()}
    groups = [name for kind, name in parts if kind == "group"]
    stores = [name for kind, name in parts if kind == "store"]
    found: dict[str, str] = {}
    if groups:
        rows = session.exec(select(StoreGroup).where(col(StoreGroup.id).in_(groups)))
        found |= {f"group:{row.id}": row.name for row in rows}
    if stores:
        found |= {f"store:{row.id}": row.name for row in session.exec(select(Store).where(col(Store.id).in_(stores)))}
    return found


@dataclass(frozen=True, slots=True)
class Targeted(Generic[R]):
    """A row of a table that is for some stores, with what all of its page's targets are called."""

    it: R
    places: Mapping[str, str] = field(default_factory=dict)


def targeted(session: Session, rows: list[Targeted[R]], targets: Callable[[R], str]) -> list[Targeted[R]]:
    """Return rows with the names of their stores and groups, read at once."""
    places = place_names(session, [targets(row.it) for row in rows])
    return [Targeted(row.it, places) for row in rows]


def targets_cell(targets: str, places: Mapping[str, str]) -> Cell:
    """Return them for a table, all by their names; what nobody knows any more keeps its id."""
    parts = targets.split()
    if ALL in parts:
        return Cell(value=ALL_STORES, say=True)
    return Cell(value=" · ".join(places.get(part) or part.partition(":")[2] or part for part in parts) or None)
