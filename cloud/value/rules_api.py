"""The rules of stored value over HTTP: those that count, drafts, what a draft would do, publication with a reason."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

import msgspec
from fastapi import APIRouter, Depends, Header, status
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.database.transactions import in_transaction
from cloud.errors import Invalid
from cloud.identity.tokens import TokenHolder
from cloud.org.zones import house_day
from cloud.value import drafting, rules, words
from shared.value import TopUpCampaign, ValueRule

router = APIRouter(prefix="/api/v1/value/rules", tags=["stored value"])

MayRead = Annotated[TokenHolder, Depends(holder_with("value:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("value:write"))]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=64)]
_DRAFTS = UUID("7a4a9f37-0c4f-5f7e-9d0c-1f2f2b8a6c11")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Campaign(_Body):
    """Gift money with a top-up of at least `from_minor` within the dates, both included."""

    from_minor: int = Field(ge=1)
    gift_minor: int = Field(ge=0)
    starts: date
    ends: date
    repeating: bool = False
    gift_months: int = Field(default=0, ge=0)


class Rules(_Body):
    """How stored value works; see `shared.value.ValueRule`. Amounts are minor units; 0 as a cap means none."""

    named_cap_minor: int = Field(default=500_000, ge=0)
    unnamed_cap_minor: int = Field(default=100_000, ge=0)
    identity_from_minor: int = Field(default=1_000_000, ge=0)
    order_of_use: Literal["principal_first", "gift_first", "in_proportion"] = "principal_first"
    campaigns: list[Campaign] = []
    hold_minutes: int = 15
    return_fee_bp: int = Field(default=0, ge=0, le=10_000)
    return_fee_minor: int = Field(default=0, ge=0)
    recover_debt: bool = False
    allowance_minor: int = Field(default=0, ge=0)
    allowance_points: int = Field(default=0, ge=0)
    allowance_percent: int = Field(default=50, ge=1, le=100)
    allowance_hours: int = 24
    allowance_members: int = Field(default=200, ge=0)


class RulesView(BaseModel):
    """The rules that count, and what they say in English and Chinese."""

    version: int
    rules: dict[str, Any]
    words: dict[str, list[str]]


class DraftView(BaseModel):
    """A draft and what it would do today: fields that change, purses it finds too full, top-ups (minor, now, then)."""

    id: UUID
    state: str
    version: int | None
    words: dict[str, list[str]]
    changed: list[str]
    named_over: int
    unnamed_over: int
    examples: list[tuple[int, int, int]]


class Publication(_Body):
    """Why the rules change."""

    reason: str = Field(min_length=1, max_length=500)


@router.get("")
def get_rules(services: Here, _: MayRead) -> RulesView:
    """Return the rules that count."""
    with services.database.snapshot() as session:
        rule = rules.current(session)
    return RulesView(version=rule.version, rules=_plain(rule), words=_words(rule))


@router.post("/drafts", status_code=status.HTTP_201_CREATED)
def post_draft(services: Here, who: MayWrite, key: Key, body: Rules) -> DraftView:
    """Write a draft of the next version, made from the rules that count now."""
    draft, now_ms = uuid5(_DRAFTS, f"{who.name}\n{key}"), services.clocks.machine.wall_ms()
    in_transaction(
        services.database,
        lambda session: (
            drafting.begin(
                session, draft, _rule(body, rules.current(session).version), actor=who.actor, now_ms=now_ms
            ).id
        ),
    )
    return _view(services, draft)


@router.get("/drafts/{draft}")
def get_draft(services: Here, _: MayRead, draft: UUID) -> DraftView:
    """Return a draft and what it would do today."""
    return _view(services, draft)


@router.post("/drafts/{draft}/publication")
def publish_draft(services: Here, who: MayWrite, draft: UUID, body: Publication) -> RulesView:
    """Put a draft into force, if no other rules were published since it was made."""
    now_ms = services.clocks.machine.wall_ms()
    rule = in_transaction(
        services.database,
        lambda session: drafting.publish(session, draft, actor=who.actor, reason=body.reason, now_ms=now_ms),
    )
    return RulesView(version=rule.version, rules=_plain(rule), words=_words(rule))


def _view(services: Here, draft: UUID) -> DraftView:
    with services.database.snapshot() as session:
        row = drafting.find(session, draft)
        rule = drafting.rule_of(row)
        today = house_day(session, services.clocks.business.now_ms())
        trial = drafting.trial(session, rule, today)
        return DraftView(
            id=row.id, state=row.state, version=row.version, words=_words(rule), changed=list(trial.changed),
            named_over=trial.named_over, unnamed_over=trial.unnamed_over, examples=list(trial.examples),
        )  # fmt: skip


def _rule(body: Rules, version: int) -> ValueRule:
    fields = body.model_dump(exclude={"campaigns"})
    try:
        campaigns = [TopUpCampaign(**one.model_dump()) for one in body.campaigns]
        return ValueRule(version=version, campaigns=campaigns, **fields)
    except ValueError as error:
        raise Invalid(f"rules: {error}") from None


def _plain(rule: ValueRule) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(msgspec.structs.asdict(rule))
    return plain


def _words(rule: ValueRule) -> dict[str, list[str]]:
    return {language: words.rule_words(rule, language) for language in ("en", "zh")}
