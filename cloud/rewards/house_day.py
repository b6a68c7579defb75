"""The day it is for head office: by the zone that the chain has chosen, or that its stores share."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from cloud.org.zones import zone_of


def house_day(session: Session, business_ms: int) -> date:
    """Return the day at a moment of business time."""
    return datetime.fromtimestamp(business_ms // 1000, zone_of(session)).date()
