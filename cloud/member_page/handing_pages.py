"""The pages on which a member hands points to another: the number and how many, what it comes to, once, done."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.limits import TooMany
from cloud.database.transactions import in_transaction
from cloud.errors import NotFound, Refused
from cloud.ledger.requests import Answered
from cloud.loyalty import transferring
from cloud.member_page import handing_on, reading
from cloud.member_page.handing_on import Taker, Terms
from cloud.member_page.rendering import answer, today
from cloud.member_page.sessions import Visitor
from cloud.member_page.visiting import Form, Here, JustSignedIn, Page, SignedIn

router = APIRouter(include_in_schema=False)

HERE = "/me/hand-on"
_MOST_TYPED = 40
_WORDS: Mapping[str, str] = {
    "nobody": "hand_nobody",
    "nobody_family": "hand_nobody_family",
    "not_family": "hand_nobody_family",
    "several": "hand_several",
    "self": "hand_self",
    "number": "hand_number",
    "too_few": "hand_too_few",
    "too_many": "hand_too_many",
    "month_full": "hand_month",
    "points_short": "hand_short",
    "points_owed": "hand_owed",
    "points_blocked": "hand_blocked",
}
"""What is said of a refusal."""


@router.get(HERE)
def form(request: Request, page: Here, visitor: JustSignedIn) -> Response:
    """Ask to whom and how many. Raise NotFound where the chain does not want it."""
    return _form(request, page, visitor)


def _form(
    request: Request, page: Page, visitor: Visitor, typed: Mapping[str, str] | None = None, error: str = "",
    *, minutes: int = 0,
) -> Response:  # fmt: skip
    with page.database.snapshot() as session:
        terms = _terms(session, page, visitor.member)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return answer(
        request, "hand_on", status=status, tab="card", mark=visitor.mark, terms=terms, error=error, minutes=minutes,
        whom=(typed or {}).get("whom", "")[:_MOST_TYPED], points=(typed or {}).get("points", "")[:_MOST_TYPED],
    )  # fmt: skip


@router.post(HERE)
def look(request: Request, page: Here, visitor: JustSignedIn, form: Form) -> Response:
    """Show to whom it would go and what it would come to; nothing is done yet."""
    limit = _counted(page, visitor)
    if limit is not None:
        return _form(request, page, visitor, form, "hand_wait", minutes=-(-limit.wait_s // 60))
    try:
        with page.database.snapshot() as session:
            terms = _terms(session, page, visitor.member)
            taker, wanted = _wanted(session, page, visitor, form, page.mint())
            handing_on.check(session, wanted, terms)
    except Refused as refusal:
        return _form(request, page, visitor, form, _WORDS.get(refusal.code, "problem_other"))
    fee = transferring.fee_of(terms.rule, wanted.points)
    return answer(
        request, "hand_on_sure", tab="card", mark=visitor.mark, taker=taker, wanted=wanted, fee=fee,
        whom=form.get("whom", ""), seal=handing_on.seal(page.vault, wanted, fee),
    )  # fmt: skip


@router.get(f"{HERE}/sure")
def again(request: Request) -> Response:
    """Lead back to the form, as after signing in once more."""
    return RedirectResponse(str(request.url.replace(path=HERE)), HTTPStatus.SEE_OTHER)


@router.post(f"{HERE}/sure")
def hand_on(request: Request, page: Here, visitor: JustSignedIn, form: Form) -> Response:
    """Hand the points on as was shown; sent twice, they go once."""
    at_ms, now_ms = page.clocks.business.now_ms(), page.clocks.machine.wall_ms()
    try:
        wanted = _shown(page, visitor, form)
    except Refused:
        # Whatever it is, the same is said: a form made by hand finds out nothing about numbers.
        return _form(request, page, visitor, form, "hand_changed")

    def work(session: Session) -> Answered:
        return transferring.transfer(session, wanted, now_ms=now_ms, business_ms=at_ms)

    try:
        in_transaction(page.database, work).require()
    except Refused as refusal:
        return _form(request, page, visitor, form, _WORDS.get(refusal.code, "problem_other"))
    return RedirectResponse(f"{HERE}/{wanted.id}", HTTPStatus.SEE_OTHER)


@router.get(f"{HERE}/{{transfer}}")
def done(request: Request, page: Here, visitor: SignedIn, transfer: UUID) -> Response:
    """Say what was handed on. Raise NotFound for what somebody else did."""
    with page.database.snapshot() as session:
        found = handing_on.done(session, transfer, visitor.member)
    if found is None:
        raise NotFound("nothing this member handed on")
    return answer(request, "hand_on_done", tab="card", mark=visitor.mark, one=found)


def _counted(page: Page, visitor: Visitor) -> TooMany | None:
    """Count a look by this member; return the limit where there were too many."""
    try:
        page.looks.attempt(str(visitor.member))
    except TooMany as limit:
        return limit
    return None


def _terms(session: Session, page: Page, member: UUID) -> Terms:
    terms = handing_on.terms(session, member, _today(session, page, member))
    if terms.rule.to == "nobody":
        raise NotFound("this chain does not let members hand points on")
    return terms


def _today(session: Session, page: Page, member: UUID) -> date:
    return today(page.clocks.business.now_ms(), reading.house_of(session, member).zone)


def _wanted(
    session: Session, page: Page, visitor: Visitor, form: Mapping[str, str], id_: UUID
) -> tuple[Taker, transferring.Transfer]:
    """Read a form. Raise Refused as `handing_on.find` and `handing_on.read_points` do."""
    day = _today(session, page, visitor.member)
    points = handing_on.read_points(form.get("points", ""))
    rule = handing_on.terms(session, visitor.member, day).rule
    taker = handing_on.find(session, page.vault, form.get("whom", "")[:_MOST_TYPED], visitor.member, rule)
    return taker, transferring.Transfer(
        id=id_, giver=visitor.member, taker=taker.member, points=points, today=day, actor=visitor.actor
    )


def _shown(page: Page, visitor: Visitor, form: Mapping[str, str]) -> transferring.Transfer:
    """Return what the member was shown and agrees to. Raise Refused where it is not what they were shown.

    The rule's fee and whom the number leads to are looked at anew, but not for what was done before.
    """
    try:
        id_ = UUID(form.get("request", ""))
    except ValueError:
        raise Refused("changed", "this form was made by nobody") from None
    with page.database.snapshot() as session:
        before = handing_on.made(session, id_, visitor.member, visitor.actor)
        if before is not None:
            return before
        rule = _terms(session, page, visitor.member).rule
        _, wanted = _wanted(session, page, visitor, form, id_)
    seal = handing_on.seal(page.vault, wanted, transferring.fee_of(rule, wanted.points))
    if not hmac.compare_digest(seal.encode(), form.get("seal", "").encode()):
        raise Refused("changed", "the number leads to somebody else by now, or the rule is another one")
    return wanted
