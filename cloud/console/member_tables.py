"""Tables of members: all of them, newest first. A name is masked here as everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.console import member_words
from cloud.members import segments
from cloud.members.models import Member, MemberSegment
from cloud.org.models import Store
from cloud.prices.naming import name_of
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.web.words import Language, marked


def _status(row: Any) -> Cell:
    text, tone = member_words.STATUS.get(row.Member.status, (row.Member.status, ""))
    return Cell(value=text, tone=tone, say=True)


def _name(row: Any) -> Cell:
    """Return the masked name; members without one are told apart by the end of their id."""
    href, masked = f"/members/{row.Member.id}", row.Member.masked_name
    if masked:
        return Cell(value=masked, href=href)
    return Cell(value=marked("no name ({id})"), say=True, values={"id": str(row.Member.id)[-8:]}, href=href)


def _columns() -> Sequence[Column[Any]]:
    return (
        Column(
            key="name",
            title=marked("Member"),
            cell=_name,
        ),
        Column(
            key="joined",
            title=marked("Joined"),
            kind=Kind.MOMENT,
            order=col(Member.created_ms),
            cell=lambda row: row.Member.created_ms,
        ),
        Column(key="status", title=marked("State"), cell=_status),
        Column(
            key="store",
            title=marked("Home store"),
            kind=Kind.WRAP,
            cell=lambda row: (
                Cell(value=row.name, note=row.Member.home_store or "") if row.Member.home_store else Cell(value=None)
            ),
        ),
        Column(
            key="source",
            title=marked("Joined how"),
            cell=lambda row: Cell(value=member_words.SOURCE.get(row.Member.source, row.Member.source), say=True),
        ),
    )


def _members(asked: Asked) -> Query:
    query: Query = select(Member, col(Store.name).label("name"))
    query = query.join(Store, col(Store.id) == col(Member.home_store), isouter=True)
    if asked.get("store"):
        query = query.where(col(Member.home_store) == asked.get("store"))
    if asked.get("state"):
        query = query.where(col(Member.status) == asked.get("state"))
    if asked.get("segment"):
        inside = select(col(MemberSegment.member_id)).where(col(MemberSegment.segment) == asked.get("segment"))
        query = query.where(col(Member.id).in_(inside))
    return query


def _states(_session: Session) -> Sequence[tuple[str, str]]:
    return [(code, text) for code, (text, _tone) in member_words.STATUS.items()]


def listing(language: Language) -> Listing[Any]:
    """Return the table of members, its segments by their names in a language."""

    def named(session: Session) -> Sequence[tuple[str, str]]:
        return [(code, name_of(names, code, language)) for code, names in segments.names(session).items()]

    return replace(_MEMBERS, filters=(*_MEMBERS.filters, Filter(key="segment", title=marked("Segment"), options=named)))


_MEMBERS: Listing[Any] = Listing(
    name="members",
    title=marked("Members"),
    columns=_columns(),
    source=SqlSource(_members, lambda row: row, _columns, (col(Member.id).desc(),)),
    order="-joined",
    filters=(
        Filter(key="store", title=marked("Home store")),
        Filter(key="state", title=marked("State"), options=_states, say=True),
    ),
    empty=marked("The first member joins at a till, by a file, or by another system."),
)
