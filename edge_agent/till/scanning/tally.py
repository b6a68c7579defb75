"""What was remarkable about labels, counted by day and format and told to HQ: an old price on a scale shows there."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge_agent.disk.agent_row import business_day
from edge_agent.till.desk import Desk
from shared.wire.messages import LabelReport

CHECK_IGNORED = "check_ignored"
"""A wrong check digit that the format says to ignore."""
_DAYS_KEPT = 35
_DAYS_TOLD = 7
_MOST_TOLD = 50
"""More formats and findings than a store has; a report stays small."""


@dataclass(frozen=True, slots=True)
class LabelCount:
    """How often something was found on a business day with labels of one format."""

    business_date: str
    format: str
    finding: str
    times: int


def note(db: sqlite3.Connection, desk: Desk, label_format: str, finding: str) -> None:
    """Count a finding; days long past are forgotten."""
    today = business_day(desk.settings(), desk.clocks.business.now_ms())
    db.execute(
        "INSERT INTO label_tally VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1",
        (today, label_format, finding),
    )
    db.execute("DELETE FROM label_tally WHERE business_date < date(?, ?)", (today, f"-{_DAYS_KEPT} days"))


def report(db: sqlite3.Connection) -> list[LabelReport]:
    """Return what HQ is told: the counts of the newest days on which something was found, the newest first."""
    told = counts(db)
    days = sorted({one.business_date for one in told}, reverse=True)[:_DAYS_TOLD]
    return [
        LabelReport(business_date=one.business_date, format=one.format, finding=one.finding, times=one.times)
        for one in told
        if one.business_date in days
    ][:_MOST_TOLD]


def counts(db: sqlite3.Connection) -> list[LabelCount]:
    """Return everything that was counted, the newest day first."""
    rows = db.execute("SELECT * FROM label_tally ORDER BY business_date DESC, format, finding")
    return [LabelCount(*row) for row in rows]
