"""Versions and timelines for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.prices.models import EntryStatus, PriceVersion, StoreManifest, TimelineEntryRow


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry of a store's timeline, and what it is at a moment."""

    row: TimelineEntryRow
    title: str
    hash: str
    status: Literal["past", "active", "staged", "withdrawn"]


def versions(session: Session, limit: int) -> list[PriceVersion]:
    """Return versions, newest first."""
    query = select(PriceVersion).order_by(col(PriceVersion.version).desc()).limit(limit)
    return list(session.execute(query).scalars())


def store_timeline(session: Session, store: str, now_ms: int) -> list[ShownEntry]:
    """Return everything that was ever put on a store's timeline, newest first."""
    query = (
        select(TimelineEntryRow, col(PriceVersion.title), col(StoreManifest.hash))
        .join(PriceVersion, col(PriceVersion.version) == col(TimelineEntryRow.version))
        .join(
            StoreManifest,
            (col(StoreManifest.version) == col(TimelineEntryRow.version))
            & (col(StoreManifest.store_id) == col(TimelineEntryRow.store_id)),
        )
        .where(col(TimelineEntryRow.store_id) == store)
        .order_by(col(TimelineEntryRow.version).desc())
    )
    shown: list[ShownEntry] = []
    seen_active = False
    for row, title, hash_ in session.execute(query):
        status: Literal["past", "active", "staged", "withdrawn"]
        if row.status == EntryStatus.WITHDRAWN:
            status = "withdrawn"
        elif row.activates_ms > now_ms:
            status = "staged"
        else:
            status, seen_active = ("past" if seen_active else "active"), True
        shown.append(ShownEntry(row, title, hash_, status))
    return shown
