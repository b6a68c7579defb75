"""The tables of coupons: every batch with how it stands, and the codes of one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import col

from cloud.coupons import words
from cloud.coupons.figures import Tally
from cloud.coupons.models import EXPIRED, ISSUED, Coupon, CouponBatch
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, toned
from shared.web.words import marked

_NONE = Tally()


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch and how its coupons stand."""

    batch: CouponBatch
    tally: Tally


def state_of(batch: CouponBatch, today: date) -> tuple[str, str]:
    """Return what a batch is on a day, marked, with its tone."""
    if batch.closed:
        return words.WITHDRAWN
    return words.OVER if today > batch.ends else words.LATER if today < batch.starts else words.OPEN


def batches(today: date, money: tuple[str, int], tallied: Mapping[str, Tally]) -> Listing[BatchRow]:
    """Return the table of batches as they stand on a day, with the coupons of each as they were tallied for it.

    `money`: the house's currency and its exponent.
    """
    currency, exponent = money

    def columns() -> Sequence[Column[BatchRow]]:
        return (
            Column(
                key="title",
                title=marked("Batch"),
                kind=Kind.WRAP,
                order=col(CouponBatch.title),
                cell=lambda row: Cell(value=row.batch.title or row.batch.id, href=f"/coupons/{row.batch.id}"),
            ),
            Column(
                key="kind",
                title=marked("Kind"),
                order=col(CouponBatch.kind),
                cell=lambda row: Cell(value=words.KINDS[row.batch.kind][0], say=True),
            ),
            Column(key="state", title=marked("State"), cell=lambda row: toned(state_of(row.batch, today))),
            Column(
                key="starts", title=marked("From"), order=col(CouponBatch.starts), cell=lambda row: row.batch.starts
            ),
            Column(key="ends", title=marked("Until"), order=col(CouponBatch.ends), cell=lambda row: row.batch.ends),
            Column(key="issued", title=marked("Issued"), kind=Kind.NUMBER, cell=lambda row: row.tally.issued),
            Column(key="open", title=marked("Open"), kind=Kind.NUMBER, cell=lambda row: row.tally.open),
            Column(key="used", title=marked("Used"), kind=Kind.NUMBER, cell=lambda row: row.tally.used),
            Column(key="over", title=marked("Over"), kind=Kind.NUMBER, cell=lambda row: row.tally.expired),
            Column(
                key="cost",
                title=marked("Taken off"),
                kind=Kind.MONEY,
                cell=lambda row: Cell(value=row.tally.cost_minor, exponent=exponent, note=currency),
            ),
            Column(
                key="made",
                title=marked("Made"),
                kind=Kind.MOMENT,
                order=col(CouponBatch.made_ms),
                cell=lambda row: row.batch.made_ms,
            ),
        )

    def as_row(row: Any) -> BatchRow:
        return BatchRow(row.CouponBatch, tallied.get(row.CouponBatch.id, _NONE))

    def query(asked: Asked) -> Query:
        wanted: Query = select(CouponBatch)
        if asked.get("kind"):
            wanted = wanted.where(col(CouponBatch.kind) == asked.get("kind"))
        if asked.get("state") == "running":
            wanted = wanted.where(~col(CouponBatch.closed), col(CouponBatch.ends) >= today)
        if asked.get("q"):
            text = asked.get("q")
            named = (CouponBatch.title, CouponBatch.promotion, CouponBatch.id)
            wanted = wanted.where(or_(*(col(one).icontains(text, autoescape=True) for one in named)))
        return wanted

    return Listing(
        name="coupons",
        title=marked("Coupon batches"),
        columns=columns(),
        source=SqlSource(query, as_row, columns, (col(CouponBatch.id),)),
        order="-made",
        filters=(
            Filter(key="q", title=marked("Title, promotion or id")),
            Filter(
                key="kind",
                title=marked("Kind"),
                say=True,
                options=lambda _session: [(kind, name) for kind, (name, _) in words.KINDS.items()],
            ),
            Filter(
                key="state",
                title=marked("State"),
                say=True,
                options=lambda _session: [("running", marked("running or to come"))],
            ),
        ),
        empty=marked("No coupons yet. Publish a promotion of the kind coupon, then make a batch for it here."),
    )


def codes(batch: str, today: date, money: tuple[str, int], *, shown: bool) -> Listing[Coupon]:
    """Return the table of a batch's codes; whoever may not hand them out sees the last signs alone.

    `money`: the house's currency and its exponent.
    """
    currency, exponent = money

    def columns() -> Sequence[Column[Coupon]]:
        return (
            Column(
                key="code",
                title=marked("Code"),
                kind=Kind.CODE,
                order=col(Coupon.code),
                cell=lambda row: _code(row, shown=shown),
            ),
            Column(
                key="state", title=marked("State"), order=col(Coupon.state), cell=lambda row: toned(_state(row, today))
            ),
            Column(key="member", title=marked("Member"), cell=_member),
            Column(key="from", title=marked("From"), cell=lambda row: row.starts),
            Column(key="until", title=marked("Until"), order=col(Coupon.ends), cell=lambda row: row.ends),
            Column(
                key="given",
                title=marked("Given on"),
                kind=Kind.MOMENT,
                order=col(Coupon.given_ms),
                cell=lambda row: row.given_ms,
            ),
            Column(
                key="used",
                title=marked("Used"),
                kind=Kind.MOMENT,
                order=col(Coupon.used_ms),
                cell=lambda row: row.used_ms,
            ),
            Column(key="store", title=marked("Store"), cell=_store),
            Column(
                key="off",
                title=marked("Taken off"),
                kind=Kind.MONEY,
                cell=lambda row: Cell(
                    value=row.off_minor if row.used_sale else None,
                    exponent=exponent,
                    note=currency if row.used_sale else "",
                ),
            ),
        )

    def query(asked: Asked) -> Query:
        wanted: Query = select(Coupon).where(col(Coupon.batch) == batch)
        state = asked.get("state")
        if state == EXPIRED:
            return wanted.where(
                or_(col(Coupon.state) == EXPIRED, (col(Coupon.state) == ISSUED) & (col(Coupon.ends) < today))
            )
        if state == ISSUED:
            return wanted.where(col(Coupon.state) == ISSUED, col(Coupon.ends) >= today)
        return wanted.where(col(Coupon.state) == state) if state else wanted

    return Listing(
        name="codes",
        title=marked("Codes"),
        columns=columns(),
        source=SqlSource(query, lambda row: row.Coupon, columns, (col(Coupon.code),)),
        order="code",
        filters=(
            Filter(
                key="state",
                title=marked("State"),
                say=True,
                options=lambda _session: [(state, name) for state, (name, _) in words.STATES.items()],
            ),
        ),
        empty=marked("No coupon of this batch has been given yet."),
    )


def _state(row: Coupon, today: date) -> tuple[str, str]:
    return words.STATES[EXPIRED if row.state == ISSUED and row.ends < today else row.state]


def _code(row: Coupon, *, shown: bool) -> Cell:
    code = row.code.partition("~")[0]
    return Cell(value=code, href=f"/coupons/codes/{row.code}") if shown else Cell(value=f"…{code[-4:]}")


def _member(row: Coupon) -> Cell:
    if row.member_id is None:
        return Cell(value=None)
    return Cell(value=str(row.member_id)[-8:], href=f"/members/{row.member_id}")


def _store(row: Coupon) -> Cell:
    return Cell(value=row.used_store or None, href=f"/sales/{row.used_sale}" if row.used_sale else "")
