"""The pages of coupons used where they could not be: all of them, one with both sales, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.api.services import Here
from cloud.coupons import conflicts
from cloud.coupons.models import CouponConflict
from cloud.identity.people import Right
from cloud.sales.models import Sale
from cloud.sales.naming import receipt_name
from cloud.web.doing import done
from cloud.web.refusals import refusal
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.web.words import marked

router = APIRouter(prefix="/reviews/coupons", include_in_schema=False)

MayMove = Annotated[Posted, Depends(form_by(Right.VALUE))]
HERE = "/reviews/coupons"
REASON = {
    "unknown": marked("nobody knows this code"),
    "used": marked("another sale had used it"),
    "reserved": marked("it was reserved for another basket"),
    "voided": marked("it had been taken out of use"),
    "expired": marked("it had ended"),
    "withdrawn": marked("it had been taken out of use"),
    "issued": marked("it was open"),
}
DECIDED = {
    "": (marked("to be looked at"), "warn"),
    "stands": (marked("let stand"), "good"),
    "misuse": (marked("misuse"), "bad"),
}


@router.get("")
def coupon_conflicts(request: Request, services: Here) -> Response:
    """Which coupons were used where they could not be?"""

    def read(session: Session, _now_ms: int) -> Context:
        return {"waiting": conflicts.waiting(session), "table": _LISTING}

    return listed(request, services, "coupon_conflicts", read)


@router.get("/{sale}/{code}")
def one(request: Request, services: Here, sale: UUID, code: str, refused: str = "") -> Response:
    """What happened with this coupon?"""

    def read(session: Session, _now_ms: int) -> Context:
        return {
            "it": conflicts.find(session, sale, code),
            "reasons": REASON,
            "decided": DECIDED,
            **refusal(refused),
        }

    return page(request, services, "coupon_conflict", read)


@router.post("/{sale}/{code}")
def decide(services: Here, sale: UUID, code: str, posted: MayMove) -> Response:
    """Close it."""

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        conflicts.decide(
            session, sale, code, decision=posted.get("as"), by=posted.who.actor, note=posted.get("note"),
            now_ms=now_ms,
        )  # fmt: skip

    return done(services, _address(sale, code), act)


def _address(sale: UUID, code: str) -> str:
    return f"{HERE}/{sale}/{quote(code, safe='')}"


def _query(asked: Asked) -> Query:
    query: Query = select(CouponConflict, Sale).join(Sale, col(Sale.id) == col(CouponConflict.sale_id), isouter=True)
    if asked.get("state"):
        wanted = "" if asked.get("state") == "open" else asked.get("state")
        query = query.where(col(CouponConflict.decision) == wanted)
    if asked.get("store"):
        query = query.where(col(CouponConflict.store_id) == asked.get("store"))
    if asked.get("cashier"):
        query = query.where(col(Sale.cashier) == asked.get("cashier"))
    return query


def _states(_session: Session) -> Sequence[tuple[str, str]]:
    return [(code or "open", text) for code, (text, _tone) in DECIDED.items()]


def _columns() -> Sequence[Column[Any]]:
    def state(row: Any) -> Cell:
        text, tone = DECIDED[row.CouponConflict.decision]
        return Cell(value=text, tone=tone, say=True)

    def receipt(row: Any) -> Cell:
        if row.Sale is None:
            return Cell(value=None)
        return Cell(value=receipt_name(row.Sale), href=f"/sales/{row.Sale.id}")

    return (
        Column(
            key="at",
            title=marked("Sold"),
            kind=Kind.MOMENT,
            order=col(CouponConflict.at_ms),
            cell=lambda row: row.CouponConflict.at_ms,
        ),
        Column(
            key="code",
            title=marked("Coupon"),
            kind=Kind.CODE,
            cell=lambda row: Cell(
                value=row.CouponConflict.code, href=_address(row.CouponConflict.sale_id, row.CouponConflict.code)
            ),
        ),
        Column(
            key="reason",
            title=marked("Why it could not be used"),
            cell=lambda row: Cell(value=REASON.get(row.CouponConflict.reason, row.CouponConflict.reason), say=True),
        ),
        Column(key="receipt", title=marked("Receipt"), cell=receipt),
        Column(key="store", title=marked("Store"), cell=lambda row: row.CouponConflict.store_id),
        Column(key="cashier", title=marked("Cashier"), cell=lambda row: row.Sale.cashier if row.Sale else None),
        Column(key="state", title=marked("State"), cell=state),
        Column(
            key="by",
            title=marked("Decided by"),
            cell=lambda row: (row.CouponConflict.decided_by or "").removeprefix("person:") or None,
        ),
        Column(key="note", title=marked("Note"), kind=Kind.WRAP, cell=lambda row: row.CouponConflict.note or None),
    )


_LISTING: Listing[Any] = Listing(
    name="conflicts",
    title=marked("Coupon conflicts"),
    columns=_columns(),
    source=SqlSource(_query, lambda row: row, _columns, (col(CouponConflict.sale_id), col(CouponConflict.code))),
    order="-at",
    filters=(
        Filter(key="state", title=marked("State"), options=_states, say=True),
        Filter(key="store", title=marked("Store")),
        Filter(key="cashier", title=marked("Cashier")),
    ),
    empty=marked("No coupon was used twice."),
)
