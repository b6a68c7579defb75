"""The day it is for head office: that of the stores where all share a zone."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from cloud.console.figures import house_zone


def house_day(session: Session, business_ms: int) -> date:
    """Return the day at a moment of business time."""
    return datetime.fromtimestamp(business_ms // 1000, house_zone(session)).date()
