"""Stored value over HTTP: what is owed, purses, top-ups, cards given back, corrections. Version 1.

Whatever moves money or begins to carries the header `Idempotency-Key`, an id that its maker stored before sending: the
same request again gets the same answer, another under the same id is refused (409) and the field is named. Decisions
need none: each is made once, and whoever repeats their own gets the same answer. Whoever asked never decides; tokens of
different names are different people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Header, Query, status
from sqlmodel import Session, col, select

from cloud import audit
from cloud.api.auth import holder_with
from cloud.api.services import Here, Services
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import NotFound
from cloud.identity.tokens import TokenHolder
from cloud.ledger.requests import Answered
from cloud.org.models import Store
from cloud.value import card_returns, correcting, owed_report, owing, timing_out
from cloud.value.api_views import (
    CorrectionView,
    DebtView,
    Decision,
    Freeing,
    HandOver,
    IssuerView,
    MonthView,
    NewCorrection,
    NewReturn,
    NewTopUp,
    OwedView,
    PurseView,
    ReturnView,
    SettledView,
    ToppedUp,
)
from cloud.value.models import Purse, PurseReturn, ValueCorrection
from cloud.value.purse_listing import row_of, select_purses, with_holdings
from cloud.value.report_pages import settled
from cloud.value.topping_up import TopUp, top_up
from shared.calendar import business_date

router = APIRouter(prefix="/api/v1/value", tags=["stored value"])

MayRead = Annotated[TokenHolder, Depends(holder_with("value:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("value:write"))]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=64)]
Limit = Annotated[int, Query(ge=1, le=500)]
_REQUESTS = UUID("3c1d6f0e-53f4-5f0e-8a55-7d9f0a3c1b42")
R = TypeVar("R")


@router.get("/owed")
def get_owed(services: Here, _: MayRead) -> OwedView:
    """Return what is owed by whom, and the last twelve months, as the ledger last proved them."""
    with services.database.snapshot() as session:
        found = owed_report.owed(session)
    if found.report is None:
        return OwedView(holds=not found.doubted, issuers=[], months=[])
    issuers = [
        IssuerView(
            issuer=one.issuer, currency=one.currency, principal_minor=one.principal, gift_minor=one.gift,
            held_minor=one.held, purses=one.purses,
        )
        for one in found.report.issued
    ]  # fmt: skip
    months = [
        MonthView(
            month=one.month, currency=one.currency, sold_minor=one.sold, granted_minor=one.granted,
            drawn_minor=one.drawn, paid_back_minor=one.paid_back,
        )
        for one in found.report.flows
    ]  # fmt: skip
    return OwedView(as_of_ms=found.at_ms, holds=not found.doubted, issuers=issuers, months=months)


@router.get("/purses")
def list_purses(
    services: Here, _: MayRead, member: UUID | None = None, after: UUID | None = None, limit: Limit = 100
) -> list[PurseView]:
    """Return purses in the order of their ids, those after one, or those of a member."""
    query = select_purses().order_by(col(Purse.id)).limit(limit)
    if member is not None:
        query = query.where(col(Purse.member_id) == member)
    if after is not None:
        query = query.where(col(Purse.id) > after)
    with services.database.snapshot() as session:
        rows = with_holdings(session, [row_of(row) for row in session.execute(query)])
    return [
        PurseView(
            id=row.purse.id, member=row.purse.member_id, card=row.purse.card_id, state=row.purse.state,
            currency=row.purse.currency, issuer=row.purse.legal_entity_id, principal_minor=row.holding.principal,
            gift_minor=row.holding.gift, principal_held_minor=row.holding.principal_held,
            gift_held_minor=row.holding.gift_held, owed_minor=row.owed,
        )
        for row in rows
    ]  # fmt: skip


@router.post("/purses/{purse}/top-ups", status_code=status.HTTP_201_CREATED)
def post_top_up(services: Here, who: MayWrite, key: Key, purse: UUID, body: NewTopUp) -> ToppedUp:
    """Put money into a purse, once. Refused: `cap_exceeded`, `identity_needed`, `purse_frozen`, `purse_returned`."""
    now_ms = services.clocks.machine.wall_ms()

    def work(session: Session) -> Answered:
        shop = session.get(Store, body.store)
        if shop is None:
            raise NotFound(f"there is no store {body.store!r}")
        day = business_date(body.at_ms, ZoneInfo(shop.time_zone), shop.day_cutoff_minutes)
        wanted = TopUp(id=_request(who, key), purse=purse, day=day, **body.model_dump())
        answered = top_up(session, open_commit(session, now_ms), wanted, now_ms=now_ms)
        if answered.fresh and not answered.code:
            audit.record(
                session, at_ms=now_ms, actor=who.actor, action="value.sold", subject=f"purse {purse}",
                detail=f"{body.minor} and {answered.answer['gift']} of gift money",
            )  # fmt: skip
        return answered

    done = in_transaction(services.database, work).require()
    return ToppedUp(principal_minor=done["principal"], gift_minor=done["gift"], recovered_minor=done["recovered"])


@router.get("/returns")
def list_returns(services: Here, _: MayRead, state: str = "applied", limit: Limit = 100) -> list[ReturnView]:
    """Return applications in a state, the oldest first."""
    query = select(PurseReturn).where(PurseReturn.state == state).order_by(col(PurseReturn.applied_ms)).limit(limit)
    with services.database.snapshot() as session:
        return [_return(row) for row in session.exec(query)]


@router.post("/returns", status_code=status.HTTP_201_CREATED)
def post_return(services: Here, who: MayWrite, key: Key, body: NewReturn) -> ReturnView:
    """Ask to have a purse paid back. Refused: `purse_frozen`, `purse_returned`."""
    wanted = card_returns.Application(
        id=_request(who, key), purse=body.purse, store=body.store, by=who.actor, reason=body.reason
    )
    return _done(services, lambda session, _no, now: _return(card_returns.apply(session, wanted, now_ms=now)))


@router.post("/returns/{application}/decision")
def decide_return(services: Here, who: MayWrite, application: UUID, body: Decision) -> ReturnView:
    """Pay it back or refuse it. Refused: `same_person`, `person_needed` (once people sign in), `value_held`."""
    at_ms = services.clocks.business.now_ms()
    return _done(
        services,
        lambda session, commit_no, now: _return(
            card_returns.decide(
                session, commit_no, application, by=who.actor, approve=body.approve, note=body.note, at_ms=at_ms,
                now_ms=now,
            )
        ),
    )  # fmt: skip


@router.post("/returns/{application}/hand-over")
def hand_over(services: Here, who: MayWrite, application: UUID, body: HandOver) -> ReturnView:
    """Note that the money was given to its owner. Refused: `not_approved`."""
    return _done(
        services,
        lambda session, _no, now: _return(
            card_returns.hand_over(session, application, by=who.actor, how=body.how, now_ms=now)
        ),
    )


@router.get("/corrections")
def list_corrections(services: Here, _: MayRead, state: str = "asked", limit: Limit = 100) -> list[CorrectionView]:
    """Return corrections in a state, the oldest first."""
    query = select(ValueCorrection).where(ValueCorrection.state == state)
    query = query.order_by(col(ValueCorrection.asked_ms)).limit(limit)
    with services.database.snapshot() as session:
        return [_correction(row) for row in session.exec(query)]


@router.post("/corrections", status_code=status.HTTP_201_CREATED)
def post_correction(services: Here, who: MayWrite, key: Key, body: NewCorrection) -> CorrectionView:
    """Ask for a correction; nothing moves before somebody else posts it."""
    wanted = correcting.Correction(id=_request(who, key), by=who.actor, **body.model_dump())
    return _done(services, lambda session, _no, now: _correction(correcting.ask(session, wanted, now_ms=now)))


@router.post("/corrections/{correction}/decision")
def decide_correction(services: Here, who: MayWrite, correction: UUID, body: Decision) -> CorrectionView:
    """Post it or refuse it.

    Refused: `same_person`, `person_needed` (once people sign in), `value_gone`, `no_debt`, `cap_exceeded`,
    `purse_returned`.
    """
    at_ms = services.clocks.business.now_ms()
    return _done(
        services,
        lambda session, commit_no, now: _correction(
            correcting.decide(
                session, commit_no, correction, by=who.actor, approve=body.approve, note=body.note, at_ms=at_ms,
                now_ms=now,
            )
        ),
    )  # fmt: skip


@router.get("/settlement")
def get_settlement(services: Here, _: MayRead, month: str) -> list[SettledView]:
    """Return who took what of whose stored value in a month (`2026-01`)."""
    with services.database.snapshot() as session:
        return [
            SettledView(
                sold_by=row.owed.sold_by, sold_by_company=row.seller_owner, taken_by=row.owed.taken_by,
                taken_by_company=row.taker_owner, currency=row.owed.currency,
                principal_minor=row.owed.principal_minor, gift_minor=row.owed.gift_minor,
            )
            for row in settled(session, month)
        ]  # fmt: skip


@router.get("/debts")
def get_debts(services: Here, _: MayRead) -> list[DebtView]:
    """Return who owes what, and which stores are short."""
    with services.database.snapshot() as session:
        return [
            DebtView(kind=one.kind, owner=one.owner, unit=one.unit, amount=one.amount) for one in owing.debts(session)
        ]


@router.post("/holds/{hold}/freeing", status_code=status.HTTP_204_NO_CONTENT)
def free_hold(services: Here, who: MayWrite, hold: UUID, body: Freeing) -> None:
    """Free a hold whose agent does not answer. Refused: `hold_ended`."""
    _done(
        services,
        lambda session, _no, now: timing_out.free_by_force(
            session, hold, actor=who.actor, reason=body.reason, now_ms=now
        ),
    )


def _done(services: Services, act: Callable[[Session, int, int], R]) -> R:
    now_ms = services.clocks.machine.wall_ms()
    return in_transaction(services.database, lambda session: act(session, open_commit(session, now_ms), now_ms))


def _request(who: TokenHolder, key: str) -> UUID:
    """Return the request's id: two holders never meet."""
    return uuid5(_REQUESTS, f"{who.name}\n{key}")


def _return(row: PurseReturn) -> ReturnView:
    return ReturnView(
        id=row.id, purse=row.purse_id, state=row.state, store=row.store_id, reason=row.reason,
        applied_by=row.applied_by, decided_by=row.decided_by, fee_minor=row.fee_minor,
        recovered_minor=row.recovered_minor, paid_minor=row.paid_minor, forfeited_minor=row.forfeited_minor,
        handed_by=row.handed_by, handed_how=row.handed_how,
    )  # fmt: skip


def _correction(row: ValueCorrection) -> CorrectionView:
    return CorrectionView(
        id=row.id, kind=row.kind, owner=row.owner, unit=row.unit, amount=row.amount, state=row.state,
        reason=row.reason, asked_by=row.asked_by, decided_by=row.decided_by, note=row.note,
    )  # fmt: skip
