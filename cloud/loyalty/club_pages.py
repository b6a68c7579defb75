"""The pages of what members do for each other: friends brought, the leaderboard, points handed on, and their rules."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlmodel import Session, col, func, select

from cloud.api.services import Here
from cloud.errors import Invalid
from cloud.identity.people import Right
from cloud.loyalty import club_deciding, club_tables, deciding, leaderboard, page_words
from cloud.loyalty.api import today_of
from cloud.loyalty.club_models import PointsTransfer, Referral
from cloud.loyalty.club_words import club_words
from cloud.loyalty.page_acts import carried_out, refusal
from cloud.members import rules
from cloud.org.stores import house_money
from cloud.web.amounts import read_minor
from cloud.web.asked_once import fresh_id, read_id
from cloud.web.figures import money
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of

router = APIRouter(prefix="/loyalty", include_in_schema=False)

MayApprove = Annotated[Posted, Depends(form_by(Right.APPROVE))]
MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
_MONEY = frozenset({"least_minor"})
_PERCENT = frozenset({"fee_bp"})
_WORDS = frozenset({"by", "period", "to"})
_SWITCHES = frozenset({"on"})


@router.get("/referrals")
def referrals(request: Request, services: Here, refused: str = "") -> Response:
    """Who brings us members, and what does it cost?"""
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        query = select(func.count(), func.coalesce(func.sum(Referral.points + Referral.friend_points), 0))
        rewarded, points = session.exec(query.where(col(Referral.state) == "rewarded")).one()
        handed = session.exec(select(func.coalesce(func.sum(PointsTransfer.points), 0))).one()
        currency, exponent = house_money(session)
        return {
            "table": club_tables.REFERRALS,
            "transfers": club_tables.TRANSFERS,
            "rewarded": int(rewarded),
            "points": int(points),
            "handed": int(handed),
            **_rules(session, ("referral", "transfers"), language, exponent, currency),
            "words": page_words,
            **refusal(refused),
        }

    return listed(request, services, "loyalty_referrals", read)


@router.get("/leaderboard")
def board(request: Request, services: Here, back: int = 0, refused: str = "") -> Response:
    """Who did most?"""
    language, today = language_of(request), today_of(services)
    back = min(max(back, 0), 24)

    def read(session: Session, _now_ms: int) -> Context:
        rule = rules.newest(session, rules.Leaderboard)
        period, (currency, exponent) = leaderboard.period_of(today, rule.period, back), house_money(session)
        return {
            "rule": rule,
            "period": period,
            "back": back,
            "places": leaderboard.board(session, period, rule),
            "exponent": exponent,
            "currency": currency,
            **_rules(session, ("leaderboard",), language, exponent, currency),
            "words": page_words,
            **refusal(refused),
        }

    return page(request, services, "loyalty_leaderboard", read)


def _rules(session: Session, kinds: tuple[str, ...], language: Any, exponent: int, currency: str) -> Context:
    """Return rules, what they say, and their fields as a form shows them."""
    found = {kind: rules.newest(session, club_deciding.CLUB[kind]) for kind in kinds}
    waiting = club_deciding.waiting(session, kinds)
    return {
        "waiting": waiting,
        "waiting_says": {kind: club_words(one.rule, language, exponent, currency) for kind, one in waiting.items()},
        "alone": deciding.alone(session),
        "rules": found,
        "sentences": {kind: club_words(rule, language, exponent, currency) for kind, rule in found.items()},
        "filled": {
            kind: {name: _shown(name, getattr(rule, name), exponent) for name in rule.__struct_fields__}
            for kind, rule in found.items()
        },
    }


def _shown(name: str, value: Any, exponent: int) -> str:
    if name in _MONEY | _PERCENT:
        return money(value, exponent if name in _MONEY else 2).replace(",", "")
    return str(value)


@router.post("/club/{kind}")
def publish(services: Here, kind: str, posted: MayPublish) -> Response:
    """Publish the next version of one of these rules, or let it wait for somebody else."""
    today, id_ = today_of(services), fresh_id(services)

    def act(session: Session, now_ms: int) -> None:
        if kind not in club_deciding.CLUB:
            raise Invalid("rule: there is no such rule")
        exponent, before = house_money(session)[1], rules.newest(session, club_deciding.CLUB[kind])
        reason = deciding.require_reason(posted.get("reason"))
        facts = {name: _read(name, posted, exponent) for name in before.__struct_fields__ if name != "version"}
        try:
            rule = club_deciding.read(kind, {**facts, "version": before.version + 1})
            club_deciding.send(session, id_, rule, actor=posted.who.actor, today=today, now_ms=now_ms, reason=reason)
        except Invalid as error:
            raise Invalid(f"rule: {error}") from error

    return carried_out(services, _place(kind), act)


@router.post("/club/{kind}/approve")
def approve(services: Here, kind: str, posted: MayApprove) -> Response:
    """Agree to what somebody else wrote: it counts from now on."""
    id_ = read_id(posted.get("id"))

    def act(session: Session, now_ms: int) -> None:
        reason = posted.get("reason")
        club_deciding.approve(session, id_, actor=posted.who.actor, now_ms=now_ms, reason=reason)

    return carried_out(services, _place(kind), act)


@router.post("/club/{kind}/drop")
def drop(services: Here, kind: str, posted: MayPublish) -> Response:
    """Give up what waits."""
    id_ = read_id(posted.get("id"))
    return carried_out(
        services,
        _place(kind),
        lambda session, now_ms: club_deciding.drop(session, id_, actor=posted.who.actor, now_ms=now_ms),
    )


def _place(kind: str) -> str:
    return "/loyalty/leaderboard" if kind == "leaderboard" else "/loyalty/referrals"


def _read(name: str, posted: Posted, exponent: int) -> Any:
    text = posted.get(name)
    if name in _SWITCHES:
        return text == "yes"
    if name in _WORDS:
        return text
    digits = exponent if name in _MONEY else 2 if name in _PERCENT else 0
    return read_minor(text or "0", digits, "rule")
