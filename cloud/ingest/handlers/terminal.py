"""Terminals that people in the store paired with a till or unpaired: privileged acts, so they go into the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from cloud import audit
from cloud.ingest.handlers.base import Refusals, expect
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from shared.wire.terminal_events import TerminalAct, TerminalActed

_ACTIONS = {TerminalAct.PAIRED: "terminal.pair", TerminalAct.UNPAIRED: "terminal.unpair"}


def apply_terminals(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Write down who paired or unpaired a terminal where, when HQ heard of it, and why."""
    for one in events:
        acted = expect(one.event, TerminalActed)
        audit.record(
            session,
            at_ms=intake.now_ms,
            actor=f"store:{one.store}:{acted.by}",
            action=_ACTIONS[acted.act],
            subject=one.store,
            reason=acted.reason,
            detail=f"{acted.name} ({acted.number}) of till {acted.till} at {acted.seen_from}",
        )
    return {}
