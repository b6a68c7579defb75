"""The page of points that a till promised and head office computes otherwise: looked at, and decided with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.api.services import Here
from cloud.identity.people import Right
from cloud.loyalty import promises, review
from cloud.loyalty.models import PointsReview
from cloud.loyalty.review_words import CAUSES, KINDS
from cloud.org.zones import house_day
from cloud.sales.models import Sale
from cloud.sales.naming import receipt_name
from cloud.web.asked_once import read_id
from cloud.web.doing import done
from cloud.web.refusals import refusal
from cloud.web.rendering import Context
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.web.words import marked

router = APIRouter(prefix="/reviews/points", include_in_schema=False)

MayMove = Annotated[Posted, Depends(form_by(Right.VALUE))]
HERE = "/reviews/points"
_MOST = 50
DECIDED = {
    "open": (marked("to be looked at"), "warn"),
    "stands": (marked("head office's figure stands"), "good"),
    "given": (marked("the promise was honoured"), "good"),
}


@router.get("")
def points(request: Request, services: Here, refused: str = "") -> Response:
    """Where did a till promise other points than head office gave?"""

    def read(session: Session, _now_ms: int) -> Context:
        waiting = (
            select(PointsReview, Sale)
            .join(Sale, col(Sale.id) == col(PointsReview.sale_id), isouter=True)
            .where(col(PointsReview.decided_by).is_(None))
            .order_by(col(PointsReview.noted_ms), col(PointsReview.event_id))
        )
        return {
            "open": review.waiting(session),
            "cases": session.execute(waiting.limit(_MOST)).all(),
            "causes": CAUSES,
            "table": _LISTING,
            **refusal(refused),
        }

    return listed(request, services, "points_reviews", read)


@router.post("")
def decide(services: Here, posted: MayMove) -> Response:
    """Let head office's figure stand, or give what is missing."""
    at_ms = services.clocks.business.now_ms()

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        review.decide(
            session, commit_no, read_id(posted.get("event")), grant=posted.get("as") == "give",
            by=posted.who.actor, reason=posted.get("reason"), at_ms=at_ms, now_ms=now_ms,
            today=house_day(session, at_ms),
        )  # fmt: skip

    return done(services, HERE, act)


def _stands(row: PointsReview) -> str:
    return "open" if row.decided_by is None else "given" if row.granted else "stands"


def _query(asked: Asked) -> Query:
    query: Query = select(PointsReview, Sale).join(Sale, col(Sale.id) == col(PointsReview.sale_id), isouter=True)
    decided = col(PointsReview.decided_by)
    states = {
        "open": decided.is_(None),
        "given": col(PointsReview.granted).is_(True),
        "stands": col(PointsReview.granted).is_(False),
    }
    if asked.get("state") in states:
        query = query.where(states[asked.get("state")])
    return query.where(col(PointsReview.store_id) == asked.get("store")) if asked.get("store") else query


def _states(_session: Session) -> Sequence[tuple[str, str]]:
    return [(code, text) for code, (text, _tone) in DECIDED.items()]


def _columns() -> Sequence[Column[Any]]:
    def receipt(row: Any) -> Cell:
        text = receipt_name(row.Sale) if row.Sale else "–"
        return Cell(value=text, href=f"/sales/{row.PointsReview.sale_id}" if row.Sale else "")

    def what(row: Any) -> Cell:
        return Cell(value=KINDS[row.PointsReview.event_id != row.PointsReview.sale_id], say=True)

    def why(row: Any) -> Cell:
        return Cell(value=CAUSES.get(row.PointsReview.cause, CAUSES[promises.SAME_RULES]).short, say=True)

    def state(row: Any) -> Cell:
        text, tone = DECIDED[_stands(row.PointsReview)]
        return Cell(value=text, tone=tone, say=True)

    return (
        Column(
            key="at",
            title=marked("Sold"),
            kind=Kind.MOMENT,
            order=col(PointsReview.noted_ms),
            cell=lambda row: row.PointsReview.noted_ms,
        ),
        Column(key="receipt", title=marked("Receipt"), cell=receipt),
        Column(key="what", title=marked("What"), cell=what),
        Column(key="store", title=marked("Store"), cell=lambda row: row.PointsReview.store_id),
        Column(
            key="member",
            title=marked("Member"),
            kind=Kind.CODE,
            cell=lambda row: Cell(
                value=str(row.PointsReview.member_id)[-8:], href=f"/members/{row.PointsReview.member_id}"
            ),
        ),
        Column(
            key="promised", title=marked("Promised"), kind=Kind.NUMBER, cell=lambda row: row.PointsReview.promised
        ),
        Column(
            key="given",
            title=marked("Head office gave"),
            kind=Kind.NUMBER,
            cell=lambda row: row.PointsReview.computed,
        ),
        Column(
            key="missing",
            title=marked("Difference"),
            kind=Kind.NUMBER,
            order=col(PointsReview.promised) - col(PointsReview.computed),
            cell=lambda row: row.PointsReview.promised - row.PointsReview.computed,
        ),
        Column(key="state", title=marked("State"), cell=state),
        Column(key="cause", title=marked("Why they differ"), kind=Kind.WRAP, cell=why),
        Column(
            key="by",
            title=marked("Decided by"),
            cell=lambda row: (row.PointsReview.decided_by or "").removeprefix("person:") or None,
        ),
        Column(
            key="reason", title=marked("Reason"), kind=Kind.WRAP, cell=lambda row: row.PointsReview.reason or None
        ),
    )  # fmt: skip


_LISTING: Listing[Any] = Listing(
    name="points",
    title=marked("Points review"),
    columns=_columns(),
    source=SqlSource(_query, lambda row: row, _columns, (col(PointsReview.event_id),)),
    order="-at",
    filters=(
        Filter(key="state", title=marked("State"), options=_states, say=True),
        Filter(key="store", title=marked("Store")),
    ),
    empty=marked("Tills and head office agree about every point."),
)
