"""The zone in which the chain as a whole counts its days and months."""

from __future__ import annotations

from datetime import UTC, date, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from sqlalchemy import select
from sqlmodel import Session

from cloud import audit
from cloud.database.rowset import table_of
from cloud.errors import Invalid
from cloud.org.models import ChainSetting, Store
from shared.calendar import local_time

_NAME = "zone"


def zone_of(session: Session) -> tzinfo:
    """Return the zone that the chain has chosen, else that of the stores where all share one, else UTC."""
    chosen = session.get(ChainSetting, _NAME)
    if chosen is not None:
        return ZoneInfo(msgspec.json.decode(chosen.value, type=str))
    store = table_of(Store)
    zones = session.execute(select(store.c.time_zone).distinct().limit(2)).scalars().all()
    return ZoneInfo(zones[0]) if len(zones) == 1 else UTC


def set_zone(session: Session, name: str, *, actor: str, now_ms: int) -> None:
    """Choose the chain's zone. Raise Invalid for one there is not."""
    if name not in available_timezones():
        raise Invalid(f"there is no time zone {name!r}; it is written like Asia/Shanghai")
    session.merge(ChainSetting(name=_NAME, value=msgspec.json.encode(name)))
    audit.record(session, at_ms=now_ms, actor=actor, action="chain.zone", subject="chain", detail=name)
    session.flush()


def house_day(session: Session, business_ms: int) -> date:
    """Return the day at a moment of business time."""
    return local_time(business_ms, zone_of(session)).date()
