"""Rules of points and tiers over HTTP: read them, publish a next version."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.identity.tokens import TokenHolder
from cloud.loyalty import publishing, rules
from shared.loyalty import EarningRule, Tier, TierRule

router = APIRouter(prefix="/api/v1/loyalty", tags=["loyalty"])

MayRead = Annotated[TokenHolder, Depends(holder_with("members:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("members:write"))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewEarningRule(_Body):
    """`points` for every full `per_minor` of net spend, from a business date of the stores on."""

    version: int = Field(ge=1)
    valid_from: date
    points: int = Field(default=1, ge=0)
    per_minor: int = Field(default=100, ge=1)
    excluded_categories: list[str] = []


class NewTier(_Body):
    """A tier and the spend of a calendar year that reaches it."""

    code: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    names: dict[str, str]
    from_minor: int = Field(ge=0)


class NewTierRule(_Body):
    """Every tier."""

    version: int = Field(ge=1)
    tiers: list[NewTier]


class Reassessed(BaseModel):
    """How many members stand in another tier now."""

    members: int


@router.get("/rules")
def get_rules(services: Here, _: MayRead) -> dict[str, object]:
    """Return every earning rule and the tier rule that counts."""
    with services.database.snapshot() as session:
        found = rules.load(session)
    return {"earning": msgspec.to_builtins(found.earning), "tier": msgspec.to_builtins(found.tier)}


@router.post("/earning-rules", status_code=status.HTTP_201_CREATED)
def publish_earning(services: Here, who: MayWrite, body: NewEarningRule) -> NewEarningRule:
    """Publish the next version of the earning rule."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        publishing.publish_earning(session, EarningRule(**body.model_dump()), actor=who.actor, now_ms=now_ms)
    return body


@router.post("/tier-rules", status_code=status.HTTP_201_CREATED)
def publish_tiers(services: Here, who: MayWrite, body: NewTierRule) -> Reassessed:
    """Publish the next version of the tiers, and weigh this year and the last one against it."""
    now_ms = services.clocks.machine.wall_ms()
    year = datetime.fromtimestamp(services.clocks.business.now_ms() // 1000, UTC).year
    rule = TierRule(version=body.version, tiers=[Tier(**tier.model_dump()) for tier in body.tiers])
    with services.database.session() as session:
        changed = publishing.publish_tiers(session, rule, actor=who.actor, now_ms=now_ms, year=year)
    return Reassessed(members=len(changed))
