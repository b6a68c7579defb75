"""The pages of the rules of stored value: in words, drafted, tried on the purses there are, published with a reason."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Here
from cloud.identity.people import Right
from cloud.org.stores import house_money
from cloud.org.zones import house_day
from cloud.value import drafting, page_words, rule_form, rules, words
from cloud.web.asked_once import fresh_id, read_id
from cloud.web.doing import done
from cloud.web.refusals import refusal
from cloud.web.rendering import Context, page
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of

router = APIRouter(prefix="/value/rules", include_in_schema=False)

MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
HERE = "/value/rules"


@router.get("")
def value_rules(request: Request, services: Here) -> Response:
    """By which rules does stored value work?"""
    language, fresh = language_of(request), fresh_id(services)

    def read(session: Session, _now_ms: int) -> Context:
        currency, exponent = house_money(session)
        rule = rules.current(session)
        return {
            "rule": rule,
            "sentences": words.rule_words(rule, language, exponent, currency),
            "drafts": drafting.drafts(session),
            "versions": [
                (row, reason, words.rule_words(drafting.rule_of(row), language, exponent, currency))
                for row, reason in drafting.versions(session)
            ],
            "fresh": fresh,
            "words": page_words,
        }

    return page(request, services, "value_rules", read)


@router.post("")
def begin(services: Here, posted: MayPlan) -> Response:
    """Begin a draft of the next version: the rules as they are, to be changed."""
    draft = read_id(posted.get("id"))

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        drafting.begin(session, draft, rules.current(session), actor=posted.who.actor, now_ms=now_ms)

    return done(services, f"{HERE}/{draft}", act)


@router.get("/{draft}")
def one(request: Request, services: Here, draft: UUID, refused: str = "") -> Response:
    """What would these rules change?"""
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        row = drafting.find(session, draft)
        rule, now = drafting.rule_of(row), rules.current(session)
        currency, exponent = house_money(session)
        today = house_day(session, services.clocks.business.now_ms())
        before = words.rule_words(now, language, exponent, currency)
        return {
            "it": row,
            "rule": rule,
            "stale": row.state == drafting.DRAFT and rule.version != now.version,
            "sentences": [(one, one not in before) for one in words.rule_words(rule, language, exponent, currency)],
            "trial": drafting.trial(session, rule, today),
            "filled": rule_form.filled(rule, exponent),
            "campaigns": rule_form.campaign_rows(rule, exponent),
            "currency": currency,
            "exponent": exponent,
            "words": page_words,
            **refusal(refused),
        }

    return page(request, services, "value_rule", read)


@router.post("/{draft}/save")
def save(services: Here, draft: UUID, posted: MayPlan) -> Response:
    """Write the draft anew."""

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        exponent = house_money(session)[1]
        version = drafting.rule_of(drafting.find(session, draft)).version
        rule = rule_form.read(posted, version, exponent)
        drafting.change(session, draft, rule, actor=posted.who.actor, now_ms=now_ms)

    return done(services, f"{HERE}/{draft}", act)


@router.post("/{draft}/publish")
def publish(services: Here, draft: UUID, posted: MayPublish) -> Response:
    """Put it into force, at every till, from now on."""

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        drafting.publish(session, draft, actor=posted.who.actor, reason=posted.get("reason"), now_ms=now_ms)

    return done(services, f"{HERE}/{draft}", act)


@router.post("/{draft}/discard")
def discard(services: Here, draft: UUID, posted: MayPlan) -> Response:
    """Give it up."""

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        drafting.discard(session, draft, actor=posted.who.actor, now_ms=now_ms)

    answer = done(services, f"{HERE}/{draft}", act)
    return answer if "refused" in answer.headers["location"] else RedirectResponse(HERE, HTTPStatus.SEE_OTHER)
