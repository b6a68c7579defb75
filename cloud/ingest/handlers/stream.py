"""What an agent says about its own stream: a new epoch, a new receipt series, numbers it can never supply."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, update
from sqlmodel import Session

from cloud.database.bulk import insert_new
from cloud.database.rowset import table_of
from cloud.fleet.models import AgentEpoch, AgentGap
from cloud.ingest import incarnation, watermarks
from cloud.ingest.handlers.base import MALFORMED, Refusals, expect
from cloud.ingest.intake import Intake
from cloud.ingest.received import Parking, Received
from cloud.ingest.restores import Restores
from cloud.sales import receipts
from shared.wire.events import EpochOpened, GapDeclared, SeriesOpened


def apply_epochs(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Note why the agent numbers its events anew, and see whether HQ was put back behind the epoch before."""
    row = table_of(AgentEpoch)
    session.connection().execute(
        update(row)
        .where(row.c.agent_id == bindparam("of_agent"), row.c.epoch == bindparam("of_epoch"))
        .values(reason=bindparam("why")),
        [
            {"of_agent": one.agent, "of_epoch": one.epoch, "why": expect(one.event, EpochOpened).reason}
            for one in events
        ],
    )
    if intake.restores is not None:
        for one in events:
            _weigh(session, one, intake.restores)
    return {}


def _weigh(session: Session, received: Received, restores: Restores) -> None:
    """Renew the incarnation when HQ has less of the previous epoch than it acked; nobody would ask for the rest."""
    opened = expect(received.event, EpochOpened)
    if opened.previous_epoch is not None and opened.previous_ack is not None:
        agent, epoch = received.agent, opened.previous_epoch
        mark, ours = watermarks.seq_of(session, agent, epoch), incarnation.current(session)
        restores.weigh(session, agent, epoch, opened.previous_ack, mark, ours=ours)


def apply_gaps(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Note which numbers will never come, and why."""
    refused: Refusals = {}
    rows = []
    for one in events:
        gap = expect(one.event, GapDeclared)
        if not 1 <= gap.first <= gap.last:
            refused[one.event_id] = Parking(MALFORMED, f"a gap from {gap.first} to {gap.last}")
            continue
        rows.append(
            {"agent_id": one.agent, "epoch": gap.epoch, "first": gap.first, "last": gap.last, "reason": gap.reason,
             "declared_ms": intake.now_ms}
        )  # fmt: skip
    insert_new(session, AgentGap, rows)
    return refused


def apply_series(session: Session, events: Sequence[Received], _intake: Intake) -> Refusals:
    """Note why a till's receipt series began and what it follows."""
    refused: Refusals = {}
    opened = []
    for one in events:
        series = expect(one.event, SeriesOpened)
        if series.till and series.series:
            opened.append(series)
        else:
            refused[one.event_id] = Parking(MALFORMED, f"a series {series.series!r} of till {series.till!r}")
    if opened:
        receipts.open_series(session, opened)
    return refused
