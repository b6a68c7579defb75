"""The desk of cards given back: asked for by one person, approved by another, paid out to their owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.api.services import Here
from cloud.identity.people import Right
from cloud.ledger.units import Units, units
from cloud.value import card_returns, page_words, rules
from cloud.value.models import Purse, PurseReturn
from cloud.value.purse_listing import PurseRow, row_of, select_purses, with_holdings
from cloud.web.asked_once import read_id
from cloud.web.doing import done
from cloud.web.refusals import refusal
from cloud.web.rendering import Context
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.value import ValueRule
from shared.web.words import marked

router = APIRouter(prefix="/value/returns", include_in_schema=False)

MayMove = Annotated[Posted, Depends(form_by(Right.VALUE))]
_MOST = 50
HERE = "/value/returns"


@dataclass(frozen=True, slots=True)
class Case:
    """An application with its purse, and what approving it now would pay (minor units)."""

    row: PurseReturn
    purse: PurseRow
    fee: int
    recovered: int
    pays: int


@router.get("")
def returns(request: Request, services: Here, refused: str = "") -> Response:
    """Which cards are being given back?"""

    def read(session: Session, _now_ms: int) -> Context:
        rule, written = rules.current(session), units(session)
        return {
            "waiting": _cases(session, rule, col(PurseReturn.state) == card_returns.APPLIED),
            "approved": _cases(
                session, rule, (col(PurseReturn.state) == card_returns.PAID) & col(PurseReturn.handed_by).is_(None)
            ),
            "units": written,
            "words": page_words,
            "table": _listing(written),
            **refusal(refused),
        }

    return listed(request, services, "value_returns", read)


def _cases(session: Session, rule: ValueRule, which: Any) -> Sequence[Case]:
    rows = session.execute(
        select_purses()
        .add_columns(PurseReturn)
        .join(PurseReturn, col(PurseReturn.purse_id) == col(Purse.id))
        .where(which)
        .order_by(col(PurseReturn.applied_ms), col(PurseReturn.id))
        .limit(_MOST)
    ).all()
    found = with_holdings(session, [row_of(row) for row in rows])
    return [_case(row.PurseReturn, purse, rule) for row, purse in zip(rows, found, strict=True)]


def _case(row: PurseReturn, purse: PurseRow, rule: ValueRule) -> Case:
    principal = purse.holding.principal
    fee = rule.return_fee(principal)
    recovered = min(purse.owed, principal - fee)
    return Case(row, purse, fee, recovered, principal - fee - recovered)


@router.post("")
def apply(services: Here, posted: MayMove) -> Response:
    """Ask to have a card paid back; it is frozen from now on."""
    purse = read_id(posted.get("purse"))

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        wanted = card_returns.Application(
            id=read_id(posted.get("id")), purse=purse, store=posted.get("store"), by=posted.who.actor,
            reason=posted.get("reason"),
        )  # fmt: skip
        card_returns.apply(session, wanted, now_ms=now_ms)

    return done(services, f"/value/purses/{purse}", act)


@router.post("/decide")
def decide(services: Here, posted: MayMove) -> Response:
    """Pay it back or refuse it."""

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        card_returns.decide(
            session, commit_no, read_id(posted.get("application")), by=posted.who.actor,
            approve=posted.get("as") == "approve", at_ms=services.clocks.business.now_ms(), now_ms=now_ms,
            note=posted.get("note"),
        )  # fmt: skip

    return done(services, HERE, act)


@router.post("/hand")
def hand_over(services: Here, posted: MayMove) -> Response:
    """Note that the money was given to its owner."""

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        card_returns.hand_over(
            session, read_id(posted.get("application")), by=posted.who.actor, how=posted.get("how"),
            now_ms=now_ms,
        )  # fmt: skip

    return done(services, HERE, act)


def _listing(written: Units) -> Listing[Any]:
    def columns() -> Sequence[Column[Any]]:
        return _columns(written)

    def query(asked: Asked) -> Query:
        found: Query = select(PurseReturn, Purse).join(Purse, col(Purse.id) == col(PurseReturn.purse_id))
        return found.where(col(PurseReturn.state) == asked.get("state")) if asked.get("state") else found

    return Listing(
        name="returns",
        title=marked("Cards given back"),
        columns=columns(),
        source=SqlSource(query, lambda row: row, columns, (col(PurseReturn.id),)),
        order="-asked",
        filters=(Filter(key="state", title=marked("State"), options=_states, say=True),),
        empty=marked("Nobody has given a card back yet. Whoever wants to is found under Stored value."),
    )


def _states(_session: Session) -> Sequence[tuple[str, str]]:
    return [(code, text) for code, (text, _tone) in page_words.RETURN.items()]


def _columns(written: Units) -> Sequence[Column[Any]]:
    def money(row: Any, minor: int) -> Cell:
        return Cell(value=minor, exponent=written.exponent(row.Purse.currency))

    def state(row: Any) -> Cell:
        text, tone = page_words.RETURN[row.PurseReturn.state]
        return Cell(value=text, tone=tone, say=True)

    def who(name: str | None) -> str | None:
        return name.removeprefix("person:") if name else None

    return (
        Column(
            key="asked",
            title=marked("Asked for"),
            kind=Kind.MOMENT,
            order=col(PurseReturn.applied_ms),
            cell=lambda row: Cell(value=row.PurseReturn.applied_ms, href=f"/value/purses/{row.Purse.id}"),
        ),
        Column(key="state", title=marked("State"), cell=state),
        Column(key="store", title=marked("Store"), cell=lambda row: row.PurseReturn.store_id),
        Column(key="by", title=marked("Asked by"), cell=lambda row: who(row.PurseReturn.applied_by)),
        Column(key="decided", title=marked("Decided by"), cell=lambda row: who(row.PurseReturn.decided_by)),
        Column(
            key="paid",
            title=marked("Paid back"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.PurseReturn.paid_minor),
        ),
        Column(key="fee", title=marked("Fee"), kind=Kind.MONEY, cell=lambda row: money(row, row.PurseReturn.fee_minor)),
        Column(
            key="recovered",
            title=marked("Settled what was owed"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.PurseReturn.recovered_minor),
        ),
        Column(
            key="ended",
            title=marked("Gift money that ended"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.PurseReturn.forfeited_minor),
        ),
        Column(key="currency", title=marked("Currency"), cell=lambda row: row.Purse.currency),
        Column(key="handed", title=marked("Handed over"), kind=Kind.MOMENT, cell=lambda row: row.PurseReturn.handed_ms),
        Column(key="how", title=marked("How"), cell=lambda row: row.PurseReturn.handed_how or None),
        Column(key="reason", title=marked("Reason"), kind=Kind.WRAP, cell=lambda row: row.PurseReturn.reason),
        Column(key="note", title=marked("Note"), kind=Kind.WRAP, cell=lambda row: row.PurseReturn.note or None),
    )
