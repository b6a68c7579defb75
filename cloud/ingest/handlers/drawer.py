"""Drawers opened by hand, for a test, or by key because nothing else opened them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from cloud.database.bulk import insert_tuples
from cloud.ingest.handlers.base import Refusals, Unfit, business_day, expect
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from cloud.sales.models import DrawerOpening
from shared.wire.drawer_events import DrawerOpened

_COLUMNS = (
    "id", "commit_no", "agent_id", "store_id", "till_id", "cashier", "business_date", "at_ms", "reason", "cause_id",
    "kicked",
)  # fmt: skip


def apply_drawers(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take openings HQ has not seen before."""
    refused: Refusals = {}
    rows = []
    for one in events:
        opened = expect(one.event, DrawerOpened)
        try:
            day = business_day(opened)
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
            continue
        rows.append(
            (opened.id, intake.commit_no, one.agent, one.store, opened.till, opened.cashier, day, opened.at_ms,
             opened.reason.value, opened.cause, opened.kicked)
        )  # fmt: skip
    insert_tuples(session, DrawerOpening, _COLUMNS, rows)
    return refused
