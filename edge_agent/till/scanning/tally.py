"""What was remarkable about labels, counted by day and format: a scale with an old price shows here first."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge_agent.disk.agent_row import business_day
from edge_agent.till.desk import Desk

CHECK_IGNORED = "check_ignored"
"""A wrong check digit that the format says to ignore."""
_DAYS_KEPT = 35


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


def counts(db: sqlite3.Connection) -> list[LabelCount]:
    """Return everything that was counted, the newest day first."""
    rows = db.execute("SELECT * FROM label_tally ORDER BY business_date DESC, format, finding")
    return [LabelCount(*row) for row in rows]
