"""The key card: every action with its key and what it does offline, and a practice basket, on one page to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.till.results import QuickKeyView
from edge_agent.web.screen.actions import ACTIONS, Action
from edge_agent.web.screen.flows_paying import METHODS
from edge_agent.web.screen.words import TENDERS
from edge_agent.web.shop import Counter


@dataclass(frozen=True, slots=True)
class KeyCard:
    """What the card shows: actions with their keys, ways to pay with theirs, the store's quick keys."""

    actions: Sequence[tuple[Action, str]]
    payments: Sequence[tuple[str, str]]
    quick: Sequence[QuickKeyView]


async def card_of(counter: Counter) -> KeyCard:
    """Return a till's key card."""
    keys = counter.screen.keys
    return KeyCard(
        actions=[(action, keys[action.name]) for action in ACTIONS if action.name != "more"],
        payments=[(TENDERS[method], key) for method, key in METHODS],
        quick=await counter.till.catalogue.quick_keys(),
    )
