"""The table of price changes: drafts, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.console.targets import Targeted, targeted, targets_cell
from cloud.prices.models import PriceDraft
from cloud.web import said
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, toned
from cloud.web.who import who_cell
from shared.web.words import marked

_STATES = ("draft", "published", "stopped", "discarded")


def _columns() -> Sequence[Column[Targeted[PriceDraft]]]:
    return (
        Column(
            key="title",
            title=marked("Title"),
            kind=Kind.WRAP,
            order=col(PriceDraft.title),
            cell=lambda row: Cell(value=row.it.title, href=f"/prices/changes/{row.it.id}"),
        ),
        Column(
            key="status",
            title=marked("State"),
            order=col(PriceDraft.status),
            cell=lambda row: toned(said.PLAN[row.it.status]),
        ),
        Column(
            key="targets",
            title=marked("Stores"),
            kind=Kind.WRAP,
            cell=lambda row: targets_cell(row.it.targets, row.places),
        ),
        Column(key="by", title=marked("By"), cell=lambda row: who_cell(row.it.created_by)),
        Column(
            key="created",
            title=marked("Drafted"),
            kind=Kind.MOMENT,
            order=col(PriceDraft.created_ms),
            cell=lambda row: row.it.created_ms,
        ),
    )


def _drafts(asked: Asked) -> Query:
    query: Query = select(PriceDraft)
    return query.where(col(PriceDraft.status) == asked.get("status")) if asked.get("status") else query


def _placed(session: Session, rows: list[Targeted[PriceDraft]]) -> list[Targeted[PriceDraft]]:
    return targeted(session, rows, lambda it: it.targets)


PRICE_CHANGES: Listing[Targeted[PriceDraft]] = Listing(
    name="price-changes",
    title=marked("Price changes"),
    columns=_columns(),
    source=SqlSource(_drafts, lambda row: Targeted(row.PriceDraft), _columns, (col(PriceDraft.id).desc(),), _placed),
    order="-created",
    filters=(
        Filter(
            key="status",
            title=marked("State"),
            options=lambda _session: [(status, said.PLAN[status][0]) for status in _STATES],
            say=True,
        ),
    ),
    empty=marked("No price change was drafted yet. Start one above, then paste rows from a spreadsheet."),
)
