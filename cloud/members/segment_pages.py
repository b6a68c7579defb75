"""The pages of segments: which groups of members there are, what they are called, and who comes or goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud import audit
from cloud.api.services import Here, Services
from cloud.database.commits import open_commit
from cloud.errors import Invalid, NotFound
from cloud.identity.people import Right
from cloud.members import segment_lists, segments
from cloud.members.models import MemberSegment
from cloud.prices.naming import name_of
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of
from cloud.web.tables import Asked, Cell, Column, Kind, Listing, ListSource
from shared.web.words import Language, marked

HERE = "/members/segments"
router = APIRouter(prefix=HERE, include_in_schema=False)

MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A segment: its code, what it is called, how many are in it."""

    code: str
    name: str
    members: int


def listing(language: Language) -> Listing[Row]:
    """Return the table of segments."""

    def columns() -> Sequence[Column[Row]]:
        return (
            Column(
                key="name",
                title=marked("Segment"),
                kind=Kind.WRAP,
                order=lambda row: row.name,
                cell=lambda row: Cell(value=row.name, href=f"{HERE}?open={row.code}#one"),
            ),
            Column(
                key="code",
                title=marked("Code of the segment"),
                kind=Kind.CODE,
                order=lambda row: row.code,
                cell=lambda r: r.code,
            ),
            Column(
                key="members",
                title=marked("Members"),
                kind=Kind.NUMBER,
                order=lambda row: row.members,
                cell=lambda row: Cell(value=row.members, href=f"/members?segment={row.code}"),
            ),
        )

    def read(session: Session, _asked: Asked) -> list[Row]:
        sizes = segments.sizes(session)
        return [
            Row(code=code, name=name_of(names, code, language), members=sizes.get(code, 0))
            for code, names in segments.names(session).items()
        ]

    return Listing(
        name="segments",
        title=marked("Segments"),
        columns=columns(),
        source=ListSource(read, columns),
        order="name",
        empty=marked("No segment yet: name one below, then paste who is in it. Promotions and coupons can be for it."),
    )


@router.get("")
def show(request: Request, services: Here, open: str = "") -> Response:  # noqa: A002 - the word in the address
    """Which groups of members are there?"""
    return _page(request, services, open)


def _page(request: Request, services: Services, code: str, refused: str = "", typed: Posted | None = None) -> Response:
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        names, inside = segments.names(session), func.count(func.distinct(col(MemberSegment.member_id)))
        return {
            "table": listing(language),
            "count": len(names),
            "inside": session.exec(select(inside)).one(),
            "nameless": sum(1 for one in names.values() if not one),
            "code": code if code in names else "",
            "one": names.get(code, {}),
            "size": segments.sizes(session).get(code, 0),
            "typed": {name: typed.get(name) for name in ("code", "name_en", "name_zh", "members")} if typed else {},
            "refused": refused,
        }

    return listed(request, services, "member_segments", read)


@router.post("")
def name(request: Request, services: Here, form: MayPlan) -> Response:
    """Name a segment, a new one or one there is."""
    code = form.get("code")

    def act(session: Session, now_ms: int) -> None:
        names = {language: form.get(f"name_{language}") for language in ("en", "zh")}
        segments.called(session, code, names, actor=form.who.actor, now_ms=now_ms)

    return _do(request, services, code, form, act)


@router.post("/{code}/members")
def move(request: Request, services: Here, code: str, form: MayPlan) -> Response:
    """Put those of a list into a segment, or take them out."""

    def act(session: Session, now_ms: int) -> None:
        found = segment_lists.members_of(session, services.vault, segment_lists.read(form.get("members")))
        commit_no, came, went = open_commit(session, now_ms), 0, 0
        if form.get("as") == "out":
            went = segments.take_out(session, code, found, commit_no=commit_no)
        else:
            came = segments.put_in(session, code, found, commit_no=commit_no, now_ms=now_ms)
        audit.record(
            session, at_ms=now_ms, actor=form.who.actor, action="member.segment", subject=code,
            reason=form.get("reason")[:500], detail=f"{came} came, {went} went",
        )  # fmt: skip

    return _do(request, services, code, form, act)


def _do(request: Request, services: Services, code: str, form: Posted, act: Callable[[Session, int], None]) -> Response:
    """Act in one transaction and show the segment; what was refused is said, and what was typed stays."""
    now_ms = services.clocks.machine.wall_ms()
    try:
        with services.database.session() as session:
            act(session, now_ms)
    except (Invalid, NotFound) as error:
        return _page(request, services, code, refusal_words(error, {}), form)
    return RedirectResponse(f"{HERE}?open={code}#one", HTTPStatus.SEE_OTHER)
