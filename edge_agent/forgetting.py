"""What is forgotten when its time is over: events that HQ has, paper, drawer openings, payments, top-ups.

What is still open, or waits for somebody, is never forgotten here.
"""

from __future__ import annotations

import sqlite3

from edge_agent.disk.agent_row import trusted_now
from edge_agent.receipt import drawers, jobs
from edge_agent.record import retention
from edge_agent.till import attempts
from edge_agent.till.service import plans
from shared.clock import MachineClock
from shared.wire.desired import StoreSettings


def forget_acked(db: sqlite3.Connection, machine: MachineClock, settings: StoreSettings) -> int:
    """Forget events that HQ acked long ago, as the store's settings say; return how many went: call until it is 0.

    A restored HQ asks for them again, so a clock that jumped ahead must not make them old: only HQ's own time does.
    """
    return retention.prune(db, trusted_now(db, machine), settings.retain_days, settings.outbox_budget_bytes)


def forget_settled(db: sqlite3.Connection, before_ms: int) -> int:
    """Forget what was settled before a business time; return how many rows went."""
    kinds = (jobs.prune, drawers.prune, attempts.prune, plans.prune_sold)
    return sum(prune(db, before_ms) for prune in kinds)
