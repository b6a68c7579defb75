"""What is forgotten of paper and drawers when its time is over."""

from __future__ import annotations

import sqlite3

from edge_agent.receipt import drawers, jobs


def forget_paper(db: sqlite3.Connection, before_ms: int) -> int:
    """Forget print jobs that ended and drawer openings, ordered before a business time; return how many."""
    return jobs.prune(db, before_ms) + drawers.prune(db, before_ms)
