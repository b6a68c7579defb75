"""The table of planned promotions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.console.targets import Targeted, targeted, targets_cell
from cloud.promotions.models import PlanStatus, PromotionPlan
from cloud.promotions.words import KINDS
from cloud.web import said
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, toned
from cloud.web.who import who_cell
from shared.web.words import marked


def _columns() -> Sequence[Column[Targeted[PromotionPlan]]]:
    return (
        Column(
            key="title",
            title=marked("Promotion"),
            kind=Kind.WRAP,
            order=col(PromotionPlan.title),
            cell=lambda row: Cell(value=row.it.title, href=f"/promotions/{row.it.id}"),
        ),
        Column(
            key="kind",
            title=marked("Kind"),
            order=col(PromotionPlan.kind),
            cell=lambda row: Cell(value=KINDS[row.it.kind][0], say=True),
        ),
        Column(
            key="status",
            title=marked("State"),
            order=col(PromotionPlan.status),
            cell=lambda row: toned(said.PLAN[row.it.status]),
        ),
        Column(
            key="targets",
            title=marked("Stores"),
            kind=Kind.WRAP,
            cell=lambda row: targets_cell(row.it.targets, row.places),
        ),
        Column(key="version", title=marked("Price book"), kind=Kind.NUMBER, cell=lambda row: row.it.version),
        Column(
            key="changed",
            title=marked("Changed"),
            kind=Kind.MOMENT,
            order=col(PromotionPlan.changed_ms),
            cell=lambda row: row.it.changed_ms,
        ),
        Column(key="by", title=marked("By"), cell=lambda row: who_cell(row.it.changed_by)),
    )


def _plans(asked: Asked) -> Query:
    query: Query = select(PromotionPlan)
    if asked.get("status"):
        return query.where(col(PromotionPlan.status) == asked.get("status"))
    return query.where(col(PromotionPlan.status) != PlanStatus.DISCARDED)


def _placed(session: Session, rows: list[Targeted[PromotionPlan]]) -> list[Targeted[PromotionPlan]]:
    return targeted(session, rows, lambda it: it.targets)


PLANS: Listing[Targeted[PromotionPlan]] = Listing(
    name="promotions",
    title=marked("Promotions"),
    columns=_columns(),
    source=SqlSource(
        _plans, lambda row: Targeted(row.PromotionPlan), _columns, (col(PromotionPlan.id).desc(),), _placed
    ),
    order="-changed",
    filters=(
        Filter(
            key="status",
            title=marked("State"),
            options=lambda _session: [(status, said.PLAN[status][0]) for status in said.PLAN],
            say=True,
            otherwise=marked("all but discarded"),
        ),
    ),
    empty=marked(
        "Nothing is planned here yet. Choose “New promotion”; what price books brought along stands in the calendar."
    ),
)
