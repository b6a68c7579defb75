"""The pages of tiers and earning: today's rules in words, drafts, trials on real members, approval, publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, func, select

from cloud.api.services import Here
from cloud.identity.people import Right
from cloud.loyalty import deciding, drafting, giving, page_words, rule_form, rules, tiers, trial_running
from cloud.loyalty.api import today_of
from cloud.loyalty.draft_models import DONE, TIERS, RuleDraft
from cloud.loyalty.models import MemberStanding, TierGift
from cloud.loyalty.page_acts import carried_out, refusal
from cloud.loyalty.tier_words import reason_words, tier_words
from cloud.loyalty.trial import Trial
from cloud.loyalty.words import earning_words, no_rule_words
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.org.stores import house_money
from cloud.web.asked_once import fresh_id, read_id
from cloud.web.rendering import Context, page
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of
from shared.loyalty import EarningRule, TierRule
from shared.web.words import Language
from shared.wire.events import TenderKind

router = APIRouter(prefix="/loyalty", include_in_schema=False)

MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
MayApprove = Annotated[Posted, Depends(form_by(Right.APPROVE))]
MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
MayMove = Annotated[Posted, Depends(form_by(Right.VALUE))]
MayDecide = Annotated[Posted, Depends(form_by(Right.PEOPLE))]
HERE = "/loyalty"


@router.get("")
def loyalty(request: Request, services: Here, refused: str = "") -> Response:
    """By which rules do members earn and rise?"""
    language, today = language_of(request), today_of(services)
    fresh = {kind: fresh_id(services) for kind in page_words.KIND}

    def read(session: Session, _now_ms: int) -> Context:
        (currency, exponent), found = house_money(session), rules.load(session)
        tier, earning = found.tier_on(today), found.earning_on(today)
        return {
            "tier": tier,
            "sentences": {
                "tiers": tier_words(tier, language, exponent, currency),
                "earning": earning_words(earning, language, exponent, currency)
                if earning
                else [no_rule_words(language)],
            },
            "standing": _standing(session, tier, language),
            "drafts": drafting.open_drafts(session),
            "versions": [
                *((TIERS, one.version, tier_words(one, language, exponent, currency)) for one in reversed(found.tiers)),
                *(
                    ("earning", one.version, earning_words(one, language, exponent, currency))
                    for one in reversed(found.earning)
                ),
            ],
            "problems": _gift_problems(session),
            "alone": deciding.chosen_alone(session),
            "fresh": fresh,
            "words": page_words,
            **refusal(refused),
        }

    return page(request, services, "loyalty_rules", read)


def _standing(session: Session, rule: TierRule, language: Language) -> Sequence[tuple[str, int]]:
    """Return how many members stood in each tier at the last look, the lowest first."""
    query = select(MemberStanding.tier, func.count()).group_by(MemberStanding.tier)
    found = {tier: int(count) for tier, count in session.exec(query)}
    return [(tier.name(language), found.get(tier.code, 0)) for tier in rule.ladder]


def _gift_problems(session: Session) -> Sequence[tuple[str, str, int]]:
    """Return which batches could not give what tiers bring, why, and to how many members."""
    query = select(TierGift.batch, TierGift.problem, func.count()).where(col(TierGift.problem) != "")
    return [(*row[:2], int(row[2])) for row in session.exec(query.group_by(TierGift.batch, TierGift.problem))]


@router.post("/second-person")
def second_person(services: Here, posted: MayDecide) -> Response:
    """Say whether a second person has to approve these rules."""

    def act(session: Session, now_ms: int) -> None:
        on = posted.get("needed") == "no"
        deciding.set_alone(session, on=on, actor=posted.who.actor, reason=posted.get("reason"), now_ms=now_ms)

    return carried_out(services, HERE, act)


@router.post("/gifts/again")
def gifts_again(services: Here, posted: MayMove) -> Response:
    """Have another try at the gifts that could not be given."""
    del posted
    return carried_out(services, HERE, lambda session, _now_ms: giving.try_again(session))


@router.post("/drafts")
def begin(services: Here, posted: MayPlan) -> Response:
    """Begin a draft from the rule in force."""
    draft, kind, today = read_id(posted.get("id")), posted.get("kind"), today_of(services)

    def act(session: Session, now_ms: int) -> None:
        rule = drafting.current(session, kind, today)
        drafting.begin(session, draft, rule, today, actor=posted.who.actor, now_ms=now_ms)

    return carried_out(services, f"{HERE}/drafts/{draft}", act)


@router.get("/drafts/{draft}")
def one(request: Request, services: Here, draft: UUID, refused: str = "") -> Response:
    """What would this rule change?"""
    language, today, fresh = language_of(request), today_of(services), fresh_id(services)

    def read(session: Session, _now_ms: int) -> Context:
        row, (currency, exponent) = drafting.find(session, draft), house_money(session)
        rule = drafting.rule_of(row)
        before = _words(drafting.current(session, row.kind, today), language, exponent, currency)
        tried = trial_running.newest(session, draft)
        tiers_tried = tried if row.kind == TIERS else None
        return {
            "it": row,
            "rule": rule,
            "sentences": [(one, one not in before) for one in _words(rule, language, exponent, currency)],
            "tried": tried,
            "stale": tried is not None and tried.rule != row.rule,
            "done": tried is not None and tried.state == DONE,
            **_found(session, row, trial_running.tally_of(tiers_tried) if tiers_tried else Trial(), language),
            "earned": trial_running.earned_of(tried) if tried and row.kind != TIERS else None,
            "shops": dict(session.exec(select(col(Store.id), col(Store.name))).all()) if row.kind != TIERS else {},
            "rows": rule_form.tier_rows(rule, exponent) if isinstance(rule, TierRule) else [],
            "exponent": exponent,
            "currency": currency,
            "alone": deciding.alone(session),
            "tenders": list(TenderKind),
            "fresh": fresh,
            "words": page_words,
            **refusal(refused),
        }

    return page(request, services, "loyalty_draft", read)


def _words(rule: TierRule | EarningRule, language: Language, exponent: int, currency: str) -> list[str]:
    if isinstance(rule, TierRule):
        return tier_words(rule, language, exponent, currency)
    return earning_words(rule, language, exponent, currency)


def _found(session: Session, row: RuleDraft, found: Trial, language: Language) -> Mapping[str, Any]:
    """Return what a trial found so far: the flow between tiers as a square, and examples with their reasons."""
    rule, today = drafting.rule_of(row), row.starts
    names = {tier.code: tier.name(language) for known in rules.load(session).tiers for tier in known.tiers}
    if isinstance(rule, TierRule):
        names |= {tier.code: tier.name(language) for tier in rule.ladder}
    flow = found.flow()
    before = ["", *(code for code in names if code in found.before)]
    after = ["", *(code for code in names if code in found.after)]
    stayed = {code: found.before.get(code, 0) - sum(n for (a, _), n in flow.items() if a == code) for code in before}
    whose = _masked(session, [one.member for one in found.examples])
    return {
        "found": found,
        "names": {"": "", **names},
        "before": before,
        "after": after,
        "flow": {(a, b): stayed[a] if a == b else flow.get((a, b), 0) for a in before for b in after},
        "examples": [(one, whose.get(one.member, ""), reason_words(one.reason, language)) for one in found.examples],
        "starts_later": today,
    }


def _masked(session: Session, members: Sequence[UUID]) -> Mapping[UUID, str]:
    rows = session.exec(select(Member.id, Member.masked_name).where(col(Member.id).in_(members)))
    return dict(rows.all())


@router.post("/drafts/{draft}/save")
def save(services: Here, draft: UUID, posted: MayPlan) -> Response:
    """Write the draft anew."""

    def act(session: Session, now_ms: int) -> None:
        row, exponent = drafting.find(session, draft), house_money(session)[1]
        read = rule_form.read_tiers if row.kind == TIERS else rule_form.read_earning
        rule, starts = read(posted, 0, exponent), rule_form.read_date(posted.get("starts"))
        drafting.change(session, draft, rule, starts, actor=posted.who.actor, now_ms=now_ms)

    return carried_out(services, f"{HERE}/drafts/{draft}", act)


@router.post("/drafts/{draft}/try")
def try_it(services: Here, draft: UUID, posted: MayPlan) -> Response:
    """Try tiers on every member as of the day they start, earning on the last weeks' sales."""
    id_, today = read_id(posted.get("id")), today_of(services)

    def act(session: Session, now_ms: int) -> None:
        row = drafting.find(session, draft)
        trial_running.ask(session, id_, row, today=today, actor=posted.who.actor, now_ms=now_ms)

    return carried_out(services, f"{HERE}/drafts/{draft}", act)


@router.post("/drafts/{draft}/cancel")
def cancel(services: Here, draft: UUID, posted: MayPlan) -> Response:
    """End the trial that is under way."""

    def act(session: Session, now_ms: int) -> None:
        trial_running.cancel(session, draft, actor=posted.who.actor, now_ms=now_ms)

    return carried_out(services, f"{HERE}/drafts/{draft}", act)


@router.post("/drafts/{draft}/approve")
def approve(services: Here, draft: UUID, posted: MayApprove) -> Response:
    """Approve what somebody else wrote."""

    def act(session: Session, now_ms: int) -> None:
        drafting.approve(session, draft, actor=posted.who.actor, reason=posted.get("reason"), now_ms=now_ms)

    return carried_out(services, f"{HERE}/drafts/{draft}", act)


@router.post("/drafts/{draft}/publish")
def publish(services: Here, draft: UUID, posted: MayPublish) -> Response:
    """Put it into force from the day it names."""
    today = today_of(services)

    def act(session: Session, now_ms: int) -> None:
        drafting.publish(
            session, draft, actor=posted.who.actor, reason=posted.get("reason"), today=today, now_ms=now_ms
        )

    return carried_out(services, f"{HERE}/drafts/{draft}", act)


@router.post("/drafts/{draft}/drop")
def drop(services: Here, draft: UUID, posted: MayPlan) -> Response:
    """Give it up."""

    def act(session: Session, now_ms: int) -> None:
        drafting.drop(session, draft, actor=posted.who.actor, now_ms=now_ms)

    done = carried_out(services, f"{HERE}/drafts/{draft}", act)
    return done if "refused" in done.headers["location"] else RedirectResponse(HERE, HTTPStatus.SEE_OTHER)


@router.post("/floors")
def floor(services: Here, posted: MayMove) -> Response:
    """Let a member stand in a tier at least until a day."""
    member = read_id(posted.get("member"))

    def act(session: Session, now_ms: int) -> None:
        until: date = rule_form.read_date(posted.get("until"))
        tiers.set_floor(
            session, member, posted.get("tier"), until, reason=posted.get("reason"), actor=posted.who.actor,
            now_ms=now_ms,
        )  # fmt: skip

    return carried_out(services, f"/members/{member}", act)
