"""Voids: a receipt number was taken and nothing was sold under it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from cloud.database.bulk import insert_tuples
from cloud.ingest.handlers.base import Refusals, Unfit, business_day, claim_receipts, expect
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from cloud.sales.models import SaleVoid
from shared.wire.events import SaleVoided

_COLUMNS = (
    "id", "commit_no", "agent_id", "store_id", "till_id", "cashier", "receipt_series", "receipt_number",
    "business_date", "at_ms", "original_id", "reason",
)  # fmt: skip


def apply_voids(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take voided receipt numbers HQ has not seen before."""
    voids = [(one, expect(one.event, SaleVoided)) for one in events]
    refused = claim_receipts(session, [(one, void.receipt) for one, void in voids])
    rows = []
    for one, void in voids:
        if one.event_id in refused:
            continue
        try:
            day = business_day(void)
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
            continue
        rows.append(
            (void.id, intake.commit_no, one.agent, one.store, void.till, void.cashier, void.receipt.series,
             void.receipt.number, day, void.at_ms, void.original, void.reason)
        )  # fmt: skip
    insert_tuples(session, SaleVoid, _COLUMNS, rows)
    return refused
