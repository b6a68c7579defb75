"""Trouble on purpose: which process gets hurt how, after how many baskets, all drawn from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deploy.demo import draws


class Harm(StrEnum):
    """What can happen to a process."""

    KILL_AGENT = "kill_agent"
    STOP_AGENT = "stop_agent"
    """Asked to end, as by a service manager."""
    FREEZE_AGENT = "freeze_agent"
    KILL_BROKER = "kill_broker"
    KILL_INGEST = "kill_ingest"
    FREEZE_INGEST = "freeze_ingest"
    CUT_DATABASE = "cut_database"
    """Every connection to the database is ended by the server (PostgreSQL)."""


_PER_BASKETS = 250
_LEAST = 12
_AGENT_HARMS = (Harm.KILL_AGENT, Harm.STOP_AGENT, Harm.FREEZE_AGENT)


@dataclass(frozen=True, slots=True)
class Act:
    """One harm, done once `after` baskets of the run are rung, to `store` where it is an agent's."""

    after: int
    harm: Harm
    store: int | None
    frozen_ms: int


def plan(seed: int, baskets: int, stores: tuple[int, ...], *, postgresql: bool) -> list[Act]:
    """Return the acts of a run in order; every kind of harm comes at least once."""
    kinds = [harm for harm in Harm if postgresql or harm is not Harm.CUT_DATABASE]
    count = max(_LEAST, baskets // _PER_BASKETS)
    acts = [_act(seed, number, kinds, baskets, stores) for number in range(count)]
    return sorted(acts, key=lambda act: act.after)


def _act(seed: int, number: int, kinds: list[Harm], baskets: int, stores: tuple[int, ...]) -> Act:
    drawn = kinds[draws.below(len(kinds), seed, "harm", number)]
    harm = kinds[number] if number < len(kinds) else drawn
    return Act(
        after=draws.below(max(1, baskets), seed, "after", number),
        harm=harm,
        store=stores[draws.below(len(stores), seed, "victim", number)] if harm in _AGENT_HARMS else None,
        frozen_ms=500 + draws.below(2500, seed, "frozen", number),
    )
