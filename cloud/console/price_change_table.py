"""The table of price changes: drafts, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.console.targets import Targeted, targeted, targets_cell
from cloud.prices.models import DraftApproval, DraftStatus, PriceDraft
from cloud.web import said
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, toned
from cloud.web.who import who_cell
from shared.web.words import marked

_STATES = ("draft", "asked", "approved", "published", "stopped", "discarded")


@dataclass(frozen=True, slots=True)
class Standing:
    """A price change, and its state as people see it: a draft may wait for a second person, or have their yes."""

    draft: PriceDraft
    approved: bool

    @property
    def state(self) -> str:
        """The state, by the names that `cloud.web.said.PLAN` says."""
        if self.draft.status != DraftStatus.DRAFT:
            return self.draft.status
        return "approved" if self.approved else "asked" if self.draft.asked_ms is not None else DraftStatus.DRAFT


def _columns() -> Sequence[Column[Targeted[Standing]]]:
    return (
        Column(
            key="title",
            title=marked("Title"),
            kind=Kind.WRAP,
            order=col(PriceDraft.title),
            cell=lambda row: _title(row.it.draft),
        ),
        Column(
            key="status",
            title=marked("State"),
            order=col(PriceDraft.status),
            cell=lambda row: toned(said.PLAN[row.it.state]),
        ),
        Column(
            key="targets",
            title=marked("Stores"),
            kind=Kind.WRAP,
            cell=lambda row: targets_cell(row.it.draft.targets, row.places),
        ),
        Column(key="by", title=marked("By"), cell=lambda row: who_cell(row.it.draft.created_by)),
        Column(
            key="created",
            title=marked("Drafted"),
            kind=Kind.MOMENT,
            order=col(PriceDraft.created_ms),
            cell=lambda row: row.it.draft.created_ms,
        ),
    )


def _title(draft: PriceDraft) -> Cell:
    href = f"/prices/changes/{draft.id}"
    if draft.takes_back is None:
        return Cell(value=draft.title, href=href)
    return Cell(value=marked("Back from: {title}"), say=True, values={"title": draft.title}, href=href)


def _drafts(asked: Asked) -> Query:
    approval = col(DraftApproval.approved_by)
    query: Query = (
        select(PriceDraft, approval)
        .outerjoin(DraftApproval, col(DraftApproval.draft_id) == PriceDraft.id)
        .where(col(PriceDraft.of_plan).is_(None))
    )
    status, waits = asked.get("status"), col(PriceDraft.asked_ms).is_not(None)
    if status in {"draft", "asked", "approved"}:
        of = {"draft": (~waits, approval.is_(None)), "asked": (waits,), "approved": (approval.is_not(None),)}[status]
        return query.where(col(PriceDraft.status) == DraftStatus.DRAFT, *of)
    return query.where(col(PriceDraft.status) == status) if status else query


def _placed(session: Session, rows: list[Targeted[Standing]]) -> list[Targeted[Standing]]:
    return targeted(session, rows, lambda it: it.draft.targets)


PRICE_CHANGES: Listing[Targeted[Standing]] = Listing(
    name="price-changes",
    title=marked("Price changes"),
    columns=_columns(),
    source=SqlSource(
        _drafts,
        lambda row: Targeted(Standing(row.PriceDraft, row.approved_by is not None)),
        _columns,
        (col(PriceDraft.id).desc(),),
        _placed,
    ),
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
