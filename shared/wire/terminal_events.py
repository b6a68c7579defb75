"""Terminals of a store's network that came to show a till, or ceased to, by somebody's hand in the store."""

from __future__ import annotations

from enum import StrEnum

from shared.wire.event_base import Event


class TerminalAct(StrEnum):
    """What was done."""

    PAIRED = "paired"
    UNPAIRED = "unpaired"


class TerminalActed(Event, frozen=True, kw_only=True, omit_defaults=True, tag="terminal"):
    """A terminal was paired with `till`, or unpaired from it. HQ unpairs by its settings, which makes none of these.

    `number` is the agent's, `name` what people call it, `by` who gave the code or unpaired it, `reason` why.
    `seen_from` is the address that it was paired or last seen from.
    """

    act: TerminalAct
    number: int
    name: str
    by: str
    reason: str
    seen_from: str = ""
