"""The pages of runs: expiry, year-end rebate, coupons for segments; each worked out, approved, posted, reversed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, func, select

from cloud.api.services import Here, Services
from cloud.coupons import giving
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.identity.people import Right
from cloud.ledger.models import Account, Lot
from cloud.ledger.units import units
from cloud.members import segments
from cloud.members.home_days import over_everywhere
from cloud.org.stores import house_money
from cloud.rewards import run_tables, runs, words
from cloud.rewards.models import Run
from cloud.rewards.runs import Act
from cloud.web.asked_once import fresh_id, id_of
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from shared.web.phrases import Phrase

router = APIRouter(prefix="/rewards/runs", include_in_schema=False)

MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
MayApprove = Annotated[Posted, Depends(form_by(Right.APPROVE))]
MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
_OPEN = (runs.ASKED, runs.DRY, runs.APPROVED, runs.POSTING, runs.REVERSING)


@router.get("")
def all_runs(request: Request, services: Here) -> Response:
    """What was given or taken across the chain, and what is past its day?"""
    return _list(request, services)


def _list(request: Request, services: Services, refused: str = "") -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        today = over_everywhere(session, services.clocks.business.now_ms())
        waiting = select(func.count()).select_from(Run).where(col(Run.state).in_(_OPEN))
        written, over = units(session), _over(session, today)
        return {
            "table": run_tables.all_runs(written),
            "waiting": session.exec(waiting).one(),
            "over": (sum(count for count, _ in over.values()), run_tables.whole(over, written)),
            "money": house_money(session),
            "today": today,
            "words": words,
            "refused": refused,
            "request_id": fresh_id(services),
        }

    return listed(request, services, "runs", read)


def _over(session: Session, today: date) -> dict[str, tuple[int, int]]:
    """Return how many lots are past their last day and what is left in them, by unit."""
    query = (
        select(col(Account.unit), func.count(), func.sum(Lot.left))
        .join(Account, col(Account.id) == col(Lot.account_id))
        .where(col(Lot.left) > 0, col(Lot.expires_on).is_not(None), col(Lot.expires_on) <= today)
        .group_by(col(Account.unit))
    )
    return {unit: (int(count), int(left)) for unit, count, left in session.exec(query)}


@router.post("/expiry")
def ask_expiry(request: Request, services: Here, form: MayPlan) -> Response:
    """Have it worked out what is past its day."""
    return _ask(request, services, form, runs.EXPIRY, lambda: {"today": _day(form.get("today")).isoformat()})


@router.post("/rebate")
def ask_rebate(request: Request, services: Here, form: MayPlan) -> Response:
    """Have a rebate worked out."""

    def parameters() -> dict[str, Any]:
        on = form.get("on") or "spend"
        with services.database.snapshot() as session:
            digits = house_money(session)[1] if on == "spend" else 0
        wanted: dict[str, Any] = {
            "year": _number(form.get("year")),
            "on": on,
            "rate_bp": _decimal(form.get("rate"), 2),
            "at_least": _decimal(form.get("at_least") or "0", digits),
        }
        if form.get("expires_on"):
            wanted["expires_on"] = _day(form.get("expires_on")).isoformat()
        if not wanted["rate_bp"] >= 1 or not 2000 <= wanted["year"] <= 9999:
            raise Invalid(Phrase("the rate is at least 0.01, the year has four digits"))
        return wanted

    return _ask(request, services, form, runs.REBATE, parameters)


def _ask(
    request: Request, services: Services, form: Posted, kind: str, parameters: Callable[[], dict[str, Any]]
) -> Response:
    run = id_of(form, services)
    try:
        wanted = parameters()
        with services.database.session() as session:
            runs.ask(session, run, kind, wanted, _act(services, form))
    except (Invalid, Refused, Conflict) as error:
        return _list(request, services, _said(error))
    return _to(run)


@router.get("/{run}")
def one(request: Request, services: Here, run: UUID) -> Response:
    """What does this run do, to whom, and how far is it?"""
    return _page(request, services, run)


def _page(request: Request, services: Services, run: UUID, refused: str = "") -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        row = session.get(Run, run)
        if row is None:
            raise NotFound(f"there is no run {run}")
        asked, written = msgspec.json.decode(row.parameters), units(session)
        return {
            "table": run_tables.items(run, row.kind, written),
            "sums": run_tables.sums(row, written),
            "run": row,
            "asked": asked,
            "segments": segments.names(session),
            "kind": words.RUN_KINDS[row.kind],
            "state": words.RUN_STATES[row.state],
            "two": runs.needs_two(session, row.kind),
            "problem": words.REFUSALS.get(row.problem, words.RUN_BROKE) if row.problem else "",
            "still_open": giving.still_open(session, run) if row.kind == runs.COUPONS else 0,
            "refused": refused,
        }

    return listed(request, services, "run", read)


@router.post("/{run}/approve")
def approve(request: Request, services: Here, run: UUID, form: MayApprove) -> Response:
    """Agree to it, as a second person."""
    return _do(request, services, run, form, lambda session, act: runs.approve(session, run, act))


@router.post("/{run}/start")
def start(request: Request, services: Here, run: UUID, form: MayPublish) -> Response:
    """Post it, or go on with one that was stopped."""
    return _do(request, services, run, form, lambda session, act: runs.start(session, run, act))


@router.post("/{run}/cancel")
def cancel(request: Request, services: Here, run: UUID, form: MayPlan) -> Response:
    """Give it up, or stop it."""
    return _do(request, services, run, form, lambda session, act: runs.cancel(session, run, act))


@router.post("/{run}/reverse")
def reverse(request: Request, services: Here, run: UUID, form: MayPublish) -> Response:
    """Take back what it did."""
    force = form.get("force") == "yes"
    return _do(request, services, run, form, lambda session, act: runs.start_reversing(session, run, act, force=force))


def _do(
    request: Request, services: Services, run: UUID, form: Posted, act: Callable[[Session, Act], object]
) -> Response:
    try:
        with services.database.session() as session:
            act(session, _act(services, form))
    except (Refused, Invalid, Conflict) as error:
        return _page(request, services, run, _said(error))
    return _to(run)


def _said(error: Exception) -> str:
    return refusal_words(error, words.REFUSALS)


def _act(services: Services, form: Posted) -> Act:
    return Act(
        by=form.who.actor,
        now_ms=services.clocks.machine.wall_ms(),
        at_ms=services.clocks.business.now_ms(),
        reason=form.get("reason")[:500],
    )


def _to(run: UUID) -> Response:
    return RedirectResponse(f"/rewards/runs/{run}", HTTPStatus.SEE_OTHER)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(Phrase("choose a day")) from None


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise Invalid(Phrase("a whole number is wanted, got {text!r}", text=text))
    return int(text)


def _decimal(text: str, digits: int) -> int:
    """Read an amount with up to so many decimals as a whole number of the smallest part, without a float."""
    whole, _, rest = text.strip().replace(",", "").partition(".")
    if not whole.isdecimal() or len(whole) > 9 or len(rest) > digits or (rest and not rest.isdecimal()):
        raise Invalid(Phrase("a number with up to {digits} decimals is wanted, got {text!r}", digits=digits, text=text))
    return int(whole + rest.ljust(digits, "0"))
