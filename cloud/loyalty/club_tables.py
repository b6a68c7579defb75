"""The tables of friends brought and of points handed on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.loyalty import page_words
from cloud.loyalty.club_models import PointsTransfer, Referral
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.web.words import marked


def _member(member: UUID) -> Cell:
    return Cell(value=str(member)[-8:], href=f"/members/{member}")


def _referrals(asked: Asked) -> Query:
    query: Query = select(Referral)
    return query.where(col(Referral.state) == asked.get("state")) if asked.get("state") else query


def _states(_session: Session) -> Sequence[tuple[str, str]]:
    return [(code, text) for code, (text, _tone) in page_words.REFERRAL.items()]


def _referral_columns() -> Sequence[Column[Any]]:
    def state(row: Any) -> Cell:
        text, tone = page_words.REFERRAL[row.Referral.state]
        return Cell(value=text, tone=tone, say=True, href="/members/reviews" if row.Referral.state == "review" else "")

    def reason(row: Any) -> Cell | None:
        text = page_words.REASON.get(row.Referral.reason, row.Referral.reason)
        return Cell(value=text, say=True) if text else None

    return (
        Column(
            key="day", title=marked("Bought on"), order=col(Referral.bought_on), cell=lambda row: row.Referral.bought_on
        ),
        Column(
            key="referrer",
            title=marked("Brought by"),
            kind=Kind.CODE,
            cell=lambda row: _member(row.Referral.referrer_id),
        ),
        Column(key="friend", title=marked("Friend"), kind=Kind.CODE, cell=lambda row: _member(row.Referral.friend_id)),
        Column(
            key="sale",
            title=marked("Receipt"),
            kind=Kind.CODE,
            cell=lambda row: Cell(value=str(row.Referral.sale_id)[-8:], href=f"/sales/{row.Referral.sale_id}"),
        ),
        Column(key="state", title=marked("State"), cell=state),
        Column(key="reason", title=marked("Because"), kind=Kind.WRAP, cell=reason),
        Column(
            key="points",
            title=marked("Points"),
            kind=Kind.NUMBER,
            order=col(Referral.points),
            cell=lambda row: row.Referral.points,
        ),
        Column(
            key="friend_points",
            title=marked("Friend's points"),
            kind=Kind.NUMBER,
            cell=lambda row: row.Referral.friend_points,
        ),
        Column(key="due", title=marked("Due on"), order=col(Referral.due_on), cell=lambda row: row.Referral.due_on),
    )


REFERRALS: Listing[Any] = Listing(
    name="referrals",
    title=marked("Friends brought"),
    columns=_referral_columns(),
    source=SqlSource(_referrals, lambda row: row, _referral_columns, (col(Referral.friend_id),)),
    order="-day",
    filters=(Filter(key="state", title=marked("State"), options=_states, say=True),),
    empty=marked("No friend who was brought has bought yet. Who brought a new member is said when they join."),
)


def _transfers(_asked: Asked) -> Query:
    return select(PointsTransfer)


def _transfer_columns() -> Sequence[Column[Any]]:
    return (
        Column(
            key="day",
            title=marked("Day"),
            order=col(PointsTransfer.day),
            cell=lambda row: row.PointsTransfer.day,
        ),
        Column(
            key="giver", title=marked("Given by"), kind=Kind.CODE, cell=lambda row: _member(row.PointsTransfer.giver_id)
        ),
        Column(
            key="taker", title=marked("Given to"), kind=Kind.CODE, cell=lambda row: _member(row.PointsTransfer.taker_id)
        ),
        Column(
            key="points",
            title=marked("Points"),
            kind=Kind.NUMBER,
            order=col(PointsTransfer.points),
            cell=lambda row: row.PointsTransfer.points,
        ),
        Column(key="fee", title=marked("Fee"), kind=Kind.NUMBER, cell=lambda row: row.PointsTransfer.fee),
        Column(key="by", title=marked("Done by"), cell=lambda row: row.PointsTransfer.actor.removeprefix("person:")),
    )


TRANSFERS: Listing[Any] = Listing(
    name="transfers",
    title=marked("Points handed on"),
    columns=_transfer_columns(),
    source=SqlSource(_transfers, lambda row: row, _transfer_columns, (col(PointsTransfer.id),)),
    order="-day",
    empty=marked("Nobody has handed points on."),
)
