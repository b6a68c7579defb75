"""What is settled and forgotten when its time is over: paper, drawer openings, payments and top-ups whose events went.

What is still open, or waits for somebody, is never forgotten here.
"""

from __future__ import annotations

import sqlite3

from edge_agent.receipt import drawers, jobs
from edge_agent.till import attempts
from edge_agent.till.service import plans


def forget_settled(db: sqlite3.Connection, before_ms: int) -> int:
    """Forget what was settled before a business time; return how many rows went."""
    kinds = (jobs.prune, drawers.prune, attempts.prune, plans.prune_sold)
    return sum(prune(db, before_ms) for prune in kinds)
