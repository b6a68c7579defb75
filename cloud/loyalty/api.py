"""Rules of points and tiers over HTTP: read them, send a next version, which a person approves unless one is enough."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Response, status
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here, Services
from cloud.errors import Invalid
from cloud.identity.tokens import TokenHolder
from cloud.loyalty import deciding, drafting, rules
from cloud.loyalty.tier_words import tier_words
from cloud.loyalty.words import earning_words
from cloud.org.zones import house_day
from shared.loyalty import EarningRule, TierRule

router = APIRouter(prefix="/api/v1/loyalty", tags=["loyalty"])

MayRead = Annotated[TokenHolder, Depends(holder_with("members:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("members:write"))]


class Body(BaseModel):
    """What is sent to this API: a field it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class NewEarningRule(Body):
    """`points` for every full `per_minor` of net spend, from a business date of the stores on."""

    version: int = Field(ge=1)
    valid_from: date
    points: int = Field(default=1, ge=0)
    per_minor: int = Field(default=100, ge=1)
    excluded_categories: list[str] = []
    excluded_tenders: list[str] = []
    expiry: str = Field(default="never", pattern="^(never|months|year_end)$")
    expiry_count: int = Field(default=0, ge=0, le=120)
    pending_days: int = Field(default=0, ge=0, le=366)
    spent_points: str = Field(default="owed", pattern="^(owed|refused)$")


class NewTier(Body):
    """A tier, from how much on it is reached in what its rule measures, and what it brings (`kind` names which)."""

    code: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    names: dict[str, str]
    from_minor: int = Field(ge=0)
    from_visits: int = Field(default=0, ge=0)
    benefits: list[dict[str, Any]] = Field(default=[], max_length=20)


class NewTierRule(Body):
    """Every tier, and how they are reached and lost; see `shared.loyalty.TierRule`."""

    version: int = Field(ge=1)
    tiers: list[NewTier] = Field(max_length=20)
    window: str = "calendar_year"
    months: int = 12
    measure: str = "spend"
    mix: str = "all"
    growth_per_minor: int = 100
    growth_per_visit: int = 0
    downgrade: str = "period_end"
    step: str = "to_earned"
    initial: str = ""
    valid_from: date | None = None


class RuleSent(BaseModel):
    """What became of a rule that was sent.

    `published`: it has a version, and `members` stand in another tier at once (0 where it starts later). `proposed`: it
    waits as a draft at `/loyalty/drafts/{draft}` for a person to try and approve it.
    """

    state: Literal["published", "proposed"]
    version: int | None
    draft: UUID | None
    members: int


def read_tier_rule(facts: dict[str, Any]) -> TierRule:
    """Make a tier rule of plain facts. Raise Invalid, in words of its field."""
    try:
        return msgspec.convert(facts, TierRule)
    except (msgspec.ValidationError, ValueError) as error:
        raise Invalid(f"tier rule: {error}") from error


def today_of(services: Services) -> date:
    """Return the day it is for the chain as a whole."""
    with services.database.snapshot() as session:
        return house_day(session, services.clocks.business.now_ms())


@router.get("/rules")
def get_rules(services: Here, _: MayRead) -> dict[str, object]:
    """Return every earning rule, every tier rule, which tier rule is in force, and what both say in words.

    `second_person` tells whether what is sent waits for a person's approval.
    """
    with services.database.snapshot() as session:
        found, second = rules.load(session), not deciding.alone(session)
    today = today_of(services)
    tier, earning = found.tier_on(today), found.earning_on(today)
    words = {
        language: {"earning": earning_words(earning, language) if earning else [], "tier": tier_words(tier, language)}
        for language in ("en", "zh")
    }
    return {
        "earning": msgspec.to_builtins(found.earning),
        "tiers": msgspec.to_builtins(found.tiers),
        "tier": msgspec.to_builtins(tier),
        "words": words,
        "second_person": second,
    }


@router.post("/earning-rules", status_code=status.HTTP_201_CREATED)
def send_earning(services: Here, who: MayWrite, body: NewEarningRule, response: Response) -> RuleSent:
    """Send the next version of the earning rule: 202 where it waits for a person's approval."""
    try:
        rule = msgspec.convert(body.model_dump(mode="json"), EarningRule)
    except (msgspec.ValidationError, ValueError) as error:
        raise Invalid(f"earning rule: {error}") from error
    return _send(services, who, rule, response)


@router.post("/tier-rules", status_code=status.HTTP_201_CREATED)
def send_tiers(services: Here, who: MayWrite, body: NewTierRule, response: Response) -> RuleSent:
    """Send the next version of the tiers: 202 where it waits for a person's approval."""
    return _send(services, who, read_tier_rule(body.model_dump(mode="json")), response)


def _send(services: Services, who: TokenHolder, rule: drafting.Rule, response: Response) -> RuleSent:
    now_ms, today = services.clocks.machine.wall_ms(), today_of(services)
    with services.database.session() as session:
        sent = drafting.send(session, rule, actor=who.actor, today=today, now_ms=now_ms)
    if sent.draft is not None:
        response.status_code = status.HTTP_202_ACCEPTED
    state: Literal["published", "proposed"] = "published" if sent.draft is None else "proposed"
    return RuleSent(state=state, version=sent.version, draft=sent.draft, members=sent.members)
