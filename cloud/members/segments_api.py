"""Segments over HTTP: another system that knows who an offer is for says who comes and who goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import String, select
from sqlmodel import Session

from cloud import audit
from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.database.commits import open_commit
from cloud.database.rowset import rowset, table_of
from cloud.errors import NotFound
from cloud.identity.tokens import TokenHolder
from cloud.members import segments
from cloud.members.models import Member

router = APIRouter(prefix="/api/v1/members", tags=["members"])

MayRead = Annotated[TokenHolder, Depends(holder_with("members:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("members:write"))]
Reference = Annotated[str, Field(min_length=1, max_length=64)]
_MOST_AT_ONCE = 100_000


class SegmentMoves(BaseModel):
    """Who comes and who goes, by id or by the reference that another system's import gave them."""

    model_config = ConfigDict(extra="forbid")

    add: list[UUID] = Field(default=[], max_length=_MOST_AT_ONCE)
    add_references: list[Reference] = Field(default=[], max_length=_MOST_AT_ONCE)
    remove: list[UUID] = Field(default=[], max_length=_MOST_AT_ONCE)


class SegmentNames(BaseModel):
    """What a segment is called: in one language at least, empty for no name in the other."""

    model_config = ConfigDict(extra="forbid")

    en: str = Field(default="", max_length=segments.LONGEST_NAME)
    zh: str = Field(default="", max_length=segments.LONGEST_NAME)


class SegmentListed(BaseModel):
    """A segment: its names by language, none where nobody named it, and how many members are in it."""

    segment: str
    names: dict[str, str]
    members: int


class SegmentView(BaseModel):
    """How many were not in it before, and how many are in it no more."""

    came: int
    went: int


@router.post("/segments/{segment}")
def move(services: Here, who: MayWrite, segment: str, body: SegmentMoves) -> SegmentView:
    """Put members into a segment, or take them out. Who is in it already stays; a stranger and nothing is changed."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        commit_no = open_commit(session, now_ms)
        members = [*body.add, *_by_reference(session, body.add_references)]
        came = segments.put_in(session, segment, members, commit_no=commit_no, now_ms=now_ms)
        went = segments.take_out(session, segment, body.remove, commit_no=commit_no)
        detail = f"{came} came, {went} went"
        audit.record(session, at_ms=now_ms, actor=who.actor, action="member.segment", subject=segment, detail=detail)
    return SegmentView(came=came, went=went)


@router.get("/segments")
def listed(services: Here, _: MayRead) -> list[SegmentListed]:
    """Return every segment by its code: what it is called, and how many are in it."""
    with services.database.snapshot() as session:
        sizes = segments.sizes(session)
        return [
            SegmentListed(segment=code, names=dict(names), members=sizes.get(code, 0))
            for code, names in segments.names(session).items()
        ]


@router.put("/segments/{segment}")
def name(services: Here, who: MayWrite, segment: str, body: SegmentNames) -> SegmentListed:
    """Say what a segment is called; people read that instead of its code."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        given = {"en": body.en, "zh": body.zh}
        segments.called(session, segment, given, actor=who.actor, now_ms=now_ms)
        names, size = segments.names(session)[segment], segments.sizes(session).get(segment, 0)
        return SegmentListed(segment=segment, names=dict(names), members=size)


def _by_reference(session: Session, references: Sequence[str]) -> list[UUID]:
    """Return members by their references. Raise NotFound naming one that is nobody's."""
    if not references:
        return []
    member = table_of(Member)
    wanted = rowset(session, "wanted", {"reference": String()}, [(one,) for one in sorted(set(references))])
    found = {
        row.reference: row.id
        for row in session.execute(
            select(member.c.reference, member.c.id).join(wanted, wanted.c.reference == member.c.reference)
        )
    }
    stranger = next((one for one in references if one not in found), None)
    if stranger is not None:
        raise NotFound(f"there is no member with reference {stranger!r}")
    return [found[one] for one in references]
