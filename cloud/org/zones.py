"""The zone in which the chain as a whole counts its days and months."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.org.models import Store


def zone_of(session: Session) -> tzinfo:
    """Return the zone of the stores where all share one, else UTC."""
    store = table_of(Store)
    zones = session.execute(select(store.c.time_zone).distinct().limit(2)).scalars().all()
    return ZoneInfo(zones[0]) if len(zones) == 1 else UTC
