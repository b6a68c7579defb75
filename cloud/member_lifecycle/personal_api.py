"""A member's rights over HTTP: see everything held about them, take consent back, be erased. Each act is recorded."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.database.commits import open_commit
from cloud.database.sweeping import sweep
from cloud.identity.tokens import TokenHolder
from cloud.member_lifecycle import disclosure, disclosure_page, leaving
from cloud.members import consent, revealing
from cloud.members.minting import mint_of
from shared.web.words import Language

router = APIRouter(prefix="/api/v1/members/{member}", tags=["members"])

MayRead = Annotated[TokenHolder, Depends(holder_with("personal:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("personal:write"))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Agreement(_Body):
    """The version of a channel's text that a member agrees to."""

    version: str = Field(min_length=1, max_length=32)


class Erasure(_Body):
    """The member's id once more, because this cannot be undone, and why; and whether the points are given up."""

    confirm: str = Field(max_length=64)
    reason: str = Field(min_length=1, max_length=500)
    give_up_points: bool = False


class Look(_Body):
    """Which fields somebody wants to see, and why."""

    fields: list[str] = Field(min_length=1, max_length=32)
    reason: str = Field(min_length=1, max_length=500)


class ErasedView(BaseModel):
    """How much was erased."""

    fields: int
    cards: int
    consents: int
    points: int = 0


@router.post("/export")
def export(services: Here, who: MayRead, member: UUID, response: Response) -> dict[str, Any]:
    """Return everything held about a member, opened."""
    response.headers["Cache-Control"] = "no-store"
    with services.database.session() as session:
        return disclosure.export(
            session, services.vault, member, actor=who.actor, now_ms=services.clocks.machine.wall_ms()
        )


@router.post("/export.html", response_class=HTMLResponse)
def export_page(
    services: Here, who: MayRead, member: UUID, language: Annotated[Language, Query()] = "zh"
) -> HTMLResponse:
    """Return everything held about a member as one page to print or keep."""
    with services.database.session() as session:
        now_ms = services.clocks.machine.wall_ms()
        facts = disclosure.export(session, services.vault, member, actor=who.actor, now_ms=now_ms)
    return HTMLResponse(disclosure_page.page(facts, language), headers={"Cache-Control": "no-store"})


@router.post("/reveal")
def reveal(services: Here, who: MayRead, member: UUID, body: Look, response: Response) -> dict[str, str]:
    """Return some fields, opened. Who looked, at what and why is recorded."""
    response.headers["Cache-Control"] = "no-store"
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        return revealing.reveal(
            session, services.vault, member, body.fields, reason=body.reason, actor=who.actor, now_ms=now_ms
        )


@router.put("/consents/{channel}", status_code=status.HTTP_204_NO_CONTENT)
def give_consent(services: Here, who: MayWrite, member: UUID, channel: str, body: Agreement) -> None:
    """Note that a member agrees to a version of a channel's text."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        consent.give(session, member, channel, version=body.version, source="api", actor=who.actor, now_ms=now_ms)


@router.delete("/consents/{channel}", status_code=status.HTTP_204_NO_CONTENT)
def withdraw_consent(services: Here, who: MayWrite, member: UUID, channel: str) -> None:
    """Note that a member takes a consent back. That there was one stays on record."""
    with services.database.session() as session:
        consent.withdraw(session, member, channel, actor=who.actor, now_ms=services.clocks.machine.wall_ms())


@router.post("/erase")
def erase(services: Here, who: MayWrite, member: UUID, body: Erasure) -> ErasedView:
    """Erase who a member is, for good; what they bought stays in the books under the bare id."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        done = leaving.erase(
            session,
            mint_of(services.clocks),
            member,
            confirm=body.confirm,
            reason=body.reason,
            actor=who.actor,
            commit_no=open_commit(session, now_ms),
            now_ms=now_ms,
            give_up_points=body.give_up_points,
        )
    sweep(services.database)
    return ErasedView(fields=done.fields, cards=done.cards, consents=done.consents, points=done.points)
