"""Timelines: which version each store sells by, and which wait to take over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ScalarSelect, func, insert, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from cloud.org.models import Store
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import EntryStatus, StoreManifest, TimelineEntryRow
from shared.calendar import local_time, resolve_local


@dataclass(frozen=True, slots=True)
class Moment:
    """When a version takes over in a store: the instant, and the local wall time it was resolved from."""

    at_ms: int
    local: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A version on a store's timeline that is in force or will be."""

    version: int
    moment: Moment


def moments(stores: Sequence[Store], activates_local: datetime | None, now_ms: int) -> dict[str, Moment]:
    """Resolve an activation to an instant per store; None means at once. Raise PriceRefusal for a past one."""
    found: dict[str, Moment] = {}
    late: list[str] = []
    for store in stores:
        zone = ZoneInfo(store.time_zone)
        if activates_local is None:
            local = local_time(now_ms, zone).replace(tzinfo=None)
            found[store.id] = Moment(now_ms, local.isoformat(timespec="seconds"))
            continue
        at_ms = resolve_local(activates_local, zone)
        found[store.id] = Moment(at_ms, activates_local.isoformat(timespec="seconds"))
        if at_ms < now_ms:
            late.append(store.id)
    if late:
        raise PriceRefusal(
            "activation_past",
            f"{activates_local} is already past in {', '.join(late)}: choose a later time, or activate now",
            late,
        )
    return found


def live_entries(session: Session, stores: Collection[str], from_ms: int | None = None) -> dict[str, list[Entry]]:
    """Return the entries that count, per store, by version, which is also their order of activation.

    `from_ms` leaves out what was over at that moment: the first entry is then the one in force.
    """
    row = TimelineEntryRow
    query = (
        select(col(row.store_id), col(row.version), col(row.activates_ms), col(row.activates_local))
        .where(col(TimelineEntryRow.store_id).in_(stores), col(TimelineEntryRow.status) == EntryStatus.STAGED)
        .order_by(col(TimelineEntryRow.store_id), col(TimelineEntryRow.version))
    )
    if from_ms is not None:
        query = query.where(col(TimelineEntryRow.version) >= func.coalesce(_in_force_at(from_ms), 0))
    found: dict[str, list[Entry]] = {store: [] for store in stores}
    for store, version, at_ms, local in session.execute(query):
        found[store].append(Entry(version, Moment(at_ms, local)))
    return found


def _in_force_at(at_ms: int) -> ScalarSelect[int]:
    """Select the version in force in the store of the surrounding query's row."""
    earlier = aliased(TimelineEntryRow)
    return (
        select(func.max(col(earlier.version)))
        .where(
            col(earlier.store_id) == col(TimelineEntryRow.store_id),
            col(earlier.status) == EntryStatus.STAGED,
            col(earlier.activates_ms) <= at_ms,
        )
        .correlate(TimelineEntryRow)
        .scalar_subquery()
    )


def in_force(entries: Iterable[Entry], at_ms: int) -> Entry | None:
    """Return the entry a store sells by at a moment."""
    return max((entry for entry in entries if entry.moment.at_ms <= at_ms), key=lambda e: e.version, default=None)


def staged(entries: Iterable[Entry], at_ms: int) -> list[Entry]:
    """Return the entries that take over after a moment, in order."""
    return sorted((entry for entry in entries if entry.moment.at_ms > at_ms), key=lambda e: e.version)


def add_entries(session: Session, version: int, moments_by_store: dict[str, Moment]) -> None:
    """Put a version on the timelines of stores."""
    session.execute(
        insert(TimelineEntryRow),
        [
            {
                "store_id": store,
                "version": version,
                "activates_ms": moment.at_ms,
                "activates_local": moment.local,
                "status": EntryStatus.STAGED,
            }
            for store, moment in moments_by_store.items()
        ],
    )


def withdraw_entries(session: Session, version: int, stores: Collection[str]) -> None:
    """Take a version off the timelines of stores; its rows stay, since an agent may have sold by it."""
    session.execute(
        update(TimelineEntryRow)
        .where(col(TimelineEntryRow.version) == version, col(TimelineEntryRow.store_id).in_(stores))
        .values(status=EntryStatus.WITHDRAWN)
    )


def manifests(session: Session, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], StoreManifest]:
    """Return manifests by (store, version)."""
    versions = {version for _, version in wanted}
    stores = {store for store, _ in wanted}
    query = select(StoreManifest).where(
        col(StoreManifest.version).in_(versions), col(StoreManifest.store_id).in_(stores)
    )
    found = {(row.store_id, row.version): row for row in session.execute(query).scalars()}
    return {key: found[key] for key in wanted if key in found}
