"""What stores find on the labels of their scales: an old price is an alarm: each label has it until mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta

from cloud.fleet.agents import AgentStatus
from shared.calendar import local_time
from shared.codes import LabelFinding
from shared.wire.messages import LabelReport

_ALARM_DAYS = 2
"""Business days back from the UTC day of now that an alarm stands: yesterday's labels are still on the shelf."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a store's tills found on labels, the newest day first; `old_prices` lately showed another price."""

    rows: tuple[LabelReport, ...] = ()
    old_prices: int = 0


def of_agent(agent: AgentStatus | None, now_ms: int) -> Labels:
    """Return what an agent last said of labels. `now_ms` is wall time."""
    rows = tuple(agent.reported.labels) if agent and agent.reported else ()
    since = (local_time(now_ms, UTC).date() - timedelta(days=_ALARM_DAYS)).isoformat()
    old = LabelFinding.PRICE_OLD.value
    return Labels(
        rows=rows, old_prices=sum(one.times for one in rows if one.finding == old and one.business_date >= since)
    )


def with_old_prices(serving: Iterable[AgentStatus], now_ms: int) -> list[tuple[str, int]]:
    """Return the stores whose scales lately printed an old price, and on how many labels, the most first."""
    counted = [(agent.store, of_agent(agent, now_ms).old_prices) for agent in serving]
    return sorted(((store, count) for store, count in counted if count), key=lambda one: (-one[1], one[0]))
