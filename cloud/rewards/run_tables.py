"""The tables of runs: every run there was, and what one does to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlmodel import col

from cloud.ledger.models import Account, Lot
from cloud.rewards import runs, words
from cloud.rewards.models import Run, RunItem, Ticket
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, toned
from shared.web.phrases import Phrase
from shared.web.words import marked


def _columns() -> Sequence[Column[Any]]:
    return (
        Column(
            key="made",
            title=marked("Worked out"),
            kind=Kind.MOMENT,
            order=col(Run.made_ms),
            cell=lambda row: Cell(value=row.Run.made_ms, href=f"/rewards/runs/{row.Run.id}"),
        ),
        Column(
            key="kind",
            title=marked("Kind"),
            order=col(Run.kind),
            cell=lambda row: Cell(value=words.RUN_KINDS[row.Run.kind][0], say=True),
        ),
        Column(
            key="state",
            title=marked("State"),
            order=col(Run.state),
            cell=lambda row: toned(words.RUN_STATES[row.Run.state]),
        ),
        Column(key="items", title=marked("Items"), kind=Kind.NUMBER, cell=lambda row: row.Run.items),
        Column(key="total", title=marked("In all"), kind=Kind.NUMBER, cell=lambda row: row.Run.total),
        Column(key="posted", title=marked("Posted"), kind=Kind.NUMBER, cell=lambda row: row.Run.posted_total),
        Column(key="by", title=marked("By"), cell=lambda row: row.Run.made_by.removeprefix("person:")),
        Column(
            key="second",
            title=marked("Approved by"),
            cell=lambda row: (row.Run.approved_by or "").removeprefix("person:"),
        ),
    )


def _runs(asked: Asked) -> Query:
    query: Query = select(Run)
    return query.where(col(Run.kind) == asked.get("kind")) if asked.get("kind") else query


RUNS: Listing[Any] = Listing(
    name="runs",
    title=marked("Runs"),
    columns=_columns(),
    source=SqlSource(_runs, lambda row: row, _columns, (col(Run.id).desc(),)),
    order="-made",
    filters=(
        Filter(
            key="kind",
            title=marked("Kind"),
            say=True,
            options=lambda _session: [(kind, name) for kind, (name, _) in words.RUN_KINDS.items()],
        ),
    ),
    empty=marked("No run yet. Working one out moves nothing."),
)


def items(run: UUID, kind: str) -> Listing[Any]:
    """Return the table of what a run does: to lots for an expiry, to tickets for a refund, to members else."""
    by_lot, by_ticket = kind == runs.EXPIRY, kind == runs.REFUND

    def columns() -> Sequence[Column[Any]]:
        return (
            Column(key="subject", title=marked("Member or account"), cell=_whose),
            Column(
                key="amount",
                title=marked("Amount"),
                kind=Kind.NUMBER,
                order=col(RunItem.amount),
                cell=lambda row: Cell(value=row.RunItem.amount, note=row.unit if by_lot else ""),
            ),
            Column(key="posted", title=marked("Posted"), kind=Kind.NUMBER, cell=lambda row: row.RunItem.posted),
            Column(key="reason", title=marked("Why"), kind=Kind.WRAP, cell=_why),
        )

    def query(_asked: Asked) -> Query:
        if by_ticket:
            paid: Query = select(RunItem, col(Ticket.member_id).label("owner"))
            paid = paid.join(Ticket, col(Ticket.request) == col(RunItem.subject), isouter=True)
            return paid.where(col(RunItem.run_id) == run)
        if not by_lot:
            return select(RunItem).where(col(RunItem.run_id) == run)
        found: Query = select(RunItem, col(Account.owner).label("owner"), col(Account.unit).label("unit"))
        found = found.join(Lot, col(Lot.id) == col(RunItem.subject), isouter=True)
        return found.join(Account, col(Account.id) == col(Lot.account_id), isouter=True).where(
            col(RunItem.run_id) == run
        )

    def _whose(row: Any) -> Cell:
        owner = str(row.owner or "") if by_lot or by_ticket else str(row.RunItem.subject)
        is_member = not by_lot or row.unit == "POINTS"
        return Cell(value=owner[-8:], href=f"/members/{owner}" if is_member and owner else "")

    def _why(row: Any) -> Cell:
        if not row.RunItem.reason:
            return Cell(value="")
        why = Phrase.of(msgspec.json.decode(row.RunItem.reason))
        return Cell(value=why.text, values=why.values, say=True)

    return Listing(
        name="items",
        title=marked("What it does to whom"),
        columns=columns(),
        source=SqlSource(query, lambda row: row, columns, (col(RunItem.subject),)),
        order="-amount",
        empty=marked("Nothing fits: nobody would get or lose anything."),
    )
