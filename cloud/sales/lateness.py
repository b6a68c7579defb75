"""How late a sale or return came to head office, by the machines' clocks, which nobody drives as business time is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session, col, select

from cloud.database.commits import IngestCommit
from cloud.sales.models import Sale, SaleReturn
from shared.web.words import marked

LATE_MS = 10 * 60_000
"""What comes within this came at once: a till that is online takes seconds, one that starts anew a minute or two."""
LOOKED_BACK = 200
"""How many of the sales that came last are looked at for late ones."""
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_MOST_DAYS = 366


class Words(NamedTuple):
    """A marked text and what stands in its braces."""

    text: str
    values: dict[str, object]


class LateSale(NamedTuple):
    """A sale that came long after it was made."""

    sale: Sale
    late_ms: int


def late_by(row: Sale | SaleReturn, arrived_ms: int) -> int:
    """Return how many ms lay between a receipt and its arrival at HQ; 0 where that is as quick as it ever is."""
    late_ms = arrived_ms - (row.device_ms + row.hq_offset_ms)
    return late_ms if late_ms > LATE_MS else 0


def arrivals(session: Session, commits: set[int]) -> dict[int, int]:
    """Return when ingest transactions were, by number: HQ's wall time in ms."""
    found = select(IngestCommit).where(col(IngestCommit.no).in_(commits))
    return {one.no: one.at_ms for one in session.exec(found) if one.no is not None}


def came_late(session: Session) -> Sequence[LateSale]:
    """Return those of the last LOOKED_BACK sales to arrive that were late, the last to arrive first."""
    query = select(Sale).order_by(col(Sale.commit_no).desc(), col(Sale.id).desc()).limit(LOOKED_BACK)
    rows = session.exec(query).all()
    arrived = arrivals(session, {row.commit_no for row in rows})
    found = [LateSale(row, late_by(row, arrived.get(row.commit_no, 0))) for row in rows]
    return [one for one in found if one.late_ms]


def late_words(late_ms: int) -> Words | None:
    """Return how late that is in words, None for not at all. Beyond a year the till's clock is wrong, not its line."""
    if not late_ms:
        return None
    if late_ms < 2 * _HOUR_MS:
        return Words(marked("{minutes} min late"), {"minutes": late_ms // 60_000})
    if late_ms < 2 * _DAY_MS:
        return Words(marked("{hours} h late"), {"hours": late_ms // _HOUR_MS})
    if late_ms <= _MOST_DAYS * _DAY_MS:
        return Words(marked("{days} days late"), {"days": late_ms // _DAY_MS})
    return Words(marked("late"), {})
