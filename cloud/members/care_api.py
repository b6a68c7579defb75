"""Caring for members over HTTP: what they tell, their card, blocks, family, the chain's rules about members."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Response, status
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here, Services
from cloud.database.commits import open_commit
from cloud.identity.tokens import TokenHolder
from cloud.loyalty import club_deciding
from cloud.members import blocks, card_desk, changing, rules
from cloud.members.home_days import HomeDays, chain_day
from cloud.members.minting import mint_of
from cloud.members.profile import PROFILE

router = APIRouter(prefix="/api/v1/members", tags=["members"])

MayRead = Annotated[TokenHolder, Depends(holder_with("members:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("members:write"))]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Told(_Body):
    """Fields of the profile; an empty text takes one away."""

    fields: dict[str, str]
    source: str = Field(default="service_desk", max_length=32)


class ToldView(BaseModel):
    """What changed, and the points that a full profile brought."""

    set: list[str]
    removed: list[str]
    rewarded: int


class NewCard(_Body):
    """The card's number."""

    card: str = Field(min_length=4, max_length=32)


class CardAct(_Body):
    """What is to be done with the card a member carries, and why."""

    act: Literal["freeze", "thaw", "lost"]
    reason: Reason


class CardView(BaseModel):
    """How many earlier sales the card brought along."""

    sales_credited: int


class Why(_Body):
    """Why."""

    reason: Reason


class Home(_Body):
    """The store a member calls home, null for none."""

    store: str | None


class Relative(_Body):
    """Another member of the same family."""

    member: UUID


class FamilyView(BaseModel):
    """The family's id."""

    family: UUID


@router.get("/profile")
def profile(_: MayRead) -> dict[str, Any]:
    """Return every field there is: form, names, choices, whether segments grow from it."""
    return {
        name: {"form": one.form, "names": one.names, "seed": one.seed, "choices": one.choices}
        for name, one in PROFILE.items()
    }


@router.patch("/{member}/fields")
def tell(services: Here, who: MayWrite, member: UUID, body: Told) -> ToldView:
    """Set and remove fields of a profile."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        done = changing.change(
            session,
            services.vault,
            member,
            body.fields,
            source=body.source,
            actor=who.actor,
            commit_no=open_commit(session, now_ms),
            now_ms=now_ms,
            business_ms=services.clocks.business.now_ms(),
        )
    return ToldView(set=list(done.set), removed=list(done.removed), rewarded=done.rewarded)


@router.post("/{member}/card")
def issue_card(services: Here, who: MayWrite, member: UUID, body: NewCard) -> CardView:
    """Give a member a card; the one before it is replaced."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        done = card_desk.issue(
            session,
            services.vault,
            mint_of(services.clocks),
            member,
            body.card,
            today=HomeDays(services.clocks.business.now_ms()),
            actor=who.actor,
            commit_no=open_commit(session, now_ms),
            now_ms=now_ms,
        )
    return CardView(sales_credited=done.sales_credited)


@router.post("/{member}/card/act", status_code=status.HTTP_204_NO_CONTENT)
def card_act(services: Here, who: MayWrite, member: UUID, body: CardAct) -> None:
    """Freeze the card a member carries, thaw it, or report it lost."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        card_desk.act(
            session,
            card_desk.current(session, member).id,
            body.act,
            reason=body.reason,
            actor=who.actor,
            commit_no=open_commit(session, now_ms),
            now_ms=now_ms,
        )


@router.put("/{member}/blocks/{kind}", status_code=status.HTTP_204_NO_CONTENT)
def block(services: Here, who: MayWrite, member: UUID, kind: str, body: Why) -> None:
    """Block a member from `buy`, `points` or `coupons`."""
    put = partial(blocks.put, since_ms=services.clocks.business.now_ms())
    _blocking(services, who, put, member=member, kind=kind, reason=body.reason)


@router.delete("/{member}/blocks/{kind}", status_code=status.HTTP_204_NO_CONTENT)
def unblock(services: Here, who: MayWrite, member: UUID, kind: str, body: Why) -> None:
    """Lift a block."""
    lift = partial(blocks.lift, until_ms=services.clocks.business.now_ms())
    _blocking(services, who, lift, member=member, kind=kind, reason=body.reason)


@router.put("/{member}/home", status_code=status.HTTP_204_NO_CONTENT)
def home(services: Here, who: MayWrite, member: UUID, body: Home) -> None:
    """Give a member another home store."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        commit_no = open_commit(session, now_ms)
        changing.move_home(session, member, body.store, actor=who.actor, commit_no=commit_no, now_ms=now_ms)


@router.post("/{member}/family")
def join_family(services: Here, who: MayWrite, member: UUID, body: Relative) -> FamilyView:
    """Put two members into one family."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        family = changing.join_family(session, member, body.member, actor=who.actor, now_ms=now_ms)
    return FamilyView(family=family)


@router.delete("/{member}/family", status_code=status.HTTP_204_NO_CONTENT)
def leave_family(services: Here, who: MayWrite, member: UUID) -> None:
    """Take a member out of their family."""
    with services.database.session() as session:
        changing.leave_family(session, member, actor=who.actor, now_ms=services.clocks.machine.wall_ms())


@router.get("/rules")
def get_rules(services: Here, _: MayRead) -> dict[str, Any]:
    """Return every rule about members as it counts now."""
    with services.database.snapshot() as session:
        return {kind: msgspec.to_builtins(rules.newest(session, one)) for kind, one in rules.RULES.items()}


@router.post("/rules/{kind}", status_code=status.HTTP_201_CREATED)
def publish_rule(services: Here, who: MayWrite, kind: str, body: dict[str, Any], response: Response) -> dict[str, Any]:
    """Publish the next version of a rule. 202: it waits for a person at the console, as rules of points do."""
    rule, now_ms = rules.read(kind, body), services.clocks.machine.wall_ms()
    with services.database.session() as session:
        today = chain_day(session, HomeDays(services.clocks.business.now_ms()))
        if kind not in club_deciding.CLUB:
            rules.publish(session, rule, actor=who.actor, now_ms=now_ms)
        elif not club_deciding.send(
            session, mint_of(services.clocks)(), rule, actor=who.actor, today=today, now_ms=now_ms
        ):
            response.status_code = status.HTTP_202_ACCEPTED
    return body


def _blocking(
    services: Services, who: TokenHolder, act: Callable[..., None], *, member: UUID, kind: str, reason: str
) -> None:
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        commit_no = open_commit(session, now_ms)
        act(session, member, kind, reason=reason, actor=who.actor, commit_no=commit_no, now_ms=now_ms)
