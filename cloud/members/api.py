"""Members over HTTP. Card numbers travel in bodies, never in addresses, which end in logs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from cloud import audit
from cloud.api.auth import holder_with
from cloud.api.services import Here, Services
from cloud.database.commits import open_commit
from cloud.identity.tokens import TokenHolder
from cloud.members import claiming, enrolling, entry, finding
from cloud.members.home_days import HomeDays
from cloud.members.minting import mint_of

router = APIRouter(prefix="/api/v1/members", tags=["members"])

MayRead = Annotated[TokenHolder, Depends(holder_with("members:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("members:write"))]
CardNumber = Annotated[str, Field(min_length=4, max_length=32)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ByCard(_Body):
    """Which card."""

    card: CardNumber


class NewMember(_Body):
    """Somebody to enrol. `fields` are those of `GET /api/v1/members/profile`, each optional."""

    fields: dict[str, str] = {}
    cards: list[CardNumber] = []
    home_store: str | None = None
    language: str = ""
    consents: dict[str, str] = {}
    campaign: Annotated[str, Field(max_length=64)] | None = None
    referred_by: UUID | None = None
    receipt: UUID | None = None
    """The sale whose receipt they bring, where the entry rule wants one."""


class MemberView(BaseModel):
    """A member as a till may show them."""

    member: UUID
    masked_name: str
    tier: str
    points: int
    home_store: str | None
    closed: bool


class Enrolled(BaseModel):
    """Who was enrolled."""

    member: UUID


@router.post("/find")
def find_by_card(services: Here, who: MayRead, body: ByCard) -> MemberView:
    """Return the member behind a card with balance and tier. The look-up is recorded."""
    today = HomeDays(services.clocks.business.now_ms())
    with services.database.session() as session:
        member, found = finding.by_card(session, services.vault, body.card, today)
        _record(services, session, who, "member.find", str(member))
    return MemberView(
        member=member,
        masked_name=found.masked_name,
        tier=found.tier,
        points=found.points,
        home_store=found.home_store,
        closed=found.closed,
    )


@router.post("", status_code=status.HTTP_201_CREATED)
def enrol(services: Here, who: MayWrite, body: NewMember) -> Enrolled:
    """Enrol a member; cards that were shown before bring their sales with them."""
    now_ms, business_ms = services.clocks.machine.wall_ms(), services.clocks.business.now_ms()
    given = body.model_dump(exclude={"receipt"})
    sign_up = enrolling.SignUp(source="api", **{**given, "cards": tuple(body.cards)})
    with services.database.session() as session:
        receipt = entry.check(
            session, services.vault, card_numbers=body.cards, receipt=body.receipt, business_ms=business_ms
        )
        commit_no = open_commit(session, now_ms)
        member = enrolling.enrol(
            session,
            services.vault,
            mint_of(services.clocks),
            sign_up,
            today=HomeDays(business_ms),
            commit_no=commit_no,
            now_ms=now_ms,
        )
        if receipt is not None:
            claiming.join_by(
                session, member, receipt, store=body.home_store or "", cashier="", commit_no=commit_no,
                business_ms=business_ms,
            )  # fmt: skip
        _record(services, session, who, "member.enrol", str(member))
    return Enrolled(member=member)


def _record(services: Services, session: Session, who: TokenHolder, action: str, subject: str) -> None:
    audit.record(session, at_ms=services.clocks.machine.wall_ms(), actor=who.actor, action=action, subject=subject)
