"""The pages of stored value: what the chain owes, every purse, and one of them with all that moved."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from cloud.api.services import Here, Services
from cloud.errors import Invalid, NotFound
from cloud.identity.people import Right
from cloud.ledger import AccountKey, listings, lot_listing
from cloud.ledger import words as ledger_words
from cloud.ledger.holding import HELD
from cloud.ledger.kinds import PURSE_DEBT
from cloud.ledger.models import Account, Hold
from cloud.ledger.units import units
from cloud.members import cards, searching
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.privacy import normal
from cloud.value import card_returns, correcting, owed_report, owing, page_words, rules, timing_out
from cloud.value.models import Purse, PurseReturn
from cloud.value.purse_listing import PurseRow, purses, row_of, select_purses, with_holdings
from cloud.value.purses import HELD_OF, KINDS_OF
from cloud.web.asked_once import fresh_id, read_id
from cloud.web.doing import done
from cloud.web.refusals import refusal
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by

router = APIRouter(prefix="/value", include_in_schema=False)

MayRead = Annotated[Posted, Depends(form_by(Right.READ))]
MayMove = Annotated[Posted, Depends(form_by(Right.VALUE))]
_MOST = 50


@router.get("")
def value(request: Request, services: Here) -> Response:
    """What do we owe our members in stored value?"""

    def read(session: Session, _now_ms: int) -> Context:
        written, proved = units(session), owed_report.owed(session)
        return {
            "proved": proved,
            "issued": proved.report.issued if proved.report else [],
            "flows": proved.report.flows if proved.report else [],
            "sold": session.exec(select(col(Purse.id)).limit(1)).first() is not None,
            "returns": _waiting_returns(session),
            "corrections": len(correcting.waiting(session)),
            "debts": len(owing.debts(session)),
            "rule": rules.current(session),
            "units": written,
            "table": purses(written),
        }

    return listed(request, services, "value", read)


def _waiting_returns(session: Session) -> int:
    waiting = select(func.count()).select_from(PurseReturn).where(PurseReturn.state == card_returns.APPLIED)
    return session.exec(waiting).one()


@router.post("/find")
def find(request: Request, services: Here, posted: MayRead) -> Response:
    """Find purses by whatever somebody has of a member, or by a card's number. What was typed stands in no address."""
    with services.database.snapshot() as session:
        ids = _purses_of(session, services, posted.get("q"))
    if len(ids) == 1:
        return RedirectResponse(f"/value/purses/{ids[0]}", HTTPStatus.SEE_OTHER)

    def read(session: Session, _now_ms: int) -> Context:
        rows = session.execute(select_purses().where(col(Purse.id).in_(ids)).order_by(col(Purse.id))).all()
        found = with_holdings(session, [row_of(row) for row in rows])
        return {"found": found, "units": units(session), "words": page_words}

    return page(request, services, "value_found", read)


def _purses_of(session: Session, services: Services, text: str) -> list[UUID]:
    members = searching.find(session, services.vault, text, _MOST)
    whose: list[Any] = [col(Purse.member_id).in_(members)]
    try:
        card = cards.find(session, services.vault, normal.card(text.replace(" ", "")))
    except Invalid:
        card = None
    if card is not None:
        whose.append(col(Purse.card_id) == card.card)
    found: set[UUID] = set()
    for one in whose:
        found.update(session.execute(columns(col(Purse.id)).where(one).limit(_MOST)).scalars())
    return sorted(found)


@router.get("/purses/of/{owner}/{unit}")
def purse_of(services: Here, owner: str, unit: str) -> Response:
    """Lead from an account of the ledger to its purse."""
    with services.database.snapshot() as session:
        found = session.exec(select(col(Purse.id)).where(Purse.owner == owner, Purse.currency == unit)).first()
    if found is None:
        return RedirectResponse(f"/ledger/accounts/{AccountKey(KINDS_OF['principal'], owner, unit).id}")
    return RedirectResponse(f"/value/purses/{found}", HTTPStatus.SEE_OTHER)


@router.get("/purses/{purse}")
def purse(request: Request, services: Here, purse: UUID, refused: str = "") -> Response:
    """What is on this card, and what happened to it?"""
    fresh = fresh_id(services)

    def read(session: Session, _now_ms: int) -> Context:
        row = _row(session, purse)
        own, written = row.purse, units(session)
        accounts = {
            kind: AccountKey(kind, own.owner, own.currency).id
            for kind in (*KINDS_OF.values(), *HELD_OF.values(), PURSE_DEBT)
        }
        holds = select(Hold).where(Hold.owner == own.owner, Hold.unit == own.currency, Hold.state == HELD)
        return {
            "it": row,
            "member": session.get(Member, own.member_id) if own.member_id else None,
            "accounts": {kind: account for kind, account in accounts.items() if session.get(Account, account)},
            "amounts": _amounts(row),
            "rule": rules.current(session),
            "returns": session.exec(select(PurseReturn).where(PurseReturn.purse_id == purse)).all(),
            "open_holds": session.exec(holds.order_by(col(Hold.id)).limit(_MOST)).all(),
            "exponent": written.exponent(own.currency),
            "stores": session.exec(select(Store).where(Store.currency == own.currency).order_by(col(Store.id))).all(),
            "fresh": fresh,
            "words": page_words,
            "ledger_words": ledger_words,
            "movements": listings.movements(list(accounts.values()), written),
            "lots": lot_listing.lots(
                written, services.clocks.business.now_ms(), accounts=[accounts[kind] for kind in KINDS_OF.values()]
            ),
            "holds": listings.holds(own.owner, own.currency, written),
            **refusal(refused),
        }

    return listed(request, services, "purse", read)


def _row(session: Session, purse_id: UUID) -> PurseRow:
    found = session.execute(select_purses().where(col(Purse.id) == purse_id)).one_or_none()
    if found is None:
        raise NotFound(f"there is no purse {purse_id}")
    return with_holdings(session, [row_of(found)])[0]


def _amounts(row: PurseRow) -> dict[str, int]:
    held = row.holding
    return {
        KINDS_OF["principal"]: held.principal,
        HELD_OF["principal"]: held.principal_held,
        KINDS_OF["gift"]: held.gift,
        HELD_OF["gift"]: held.gift_held,
        PURSE_DEBT: -row.owed,
    }


@router.post("/purses/{purse}/free")
def free(services: Here, purse: UUID, posted: MayMove) -> Response:
    """Free what is set aside for a store that does not answer."""

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        timing_out.free_by_force(
            session, read_id(posted.get("hold")), actor=posted.who.actor, reason=posted.get("reason"),
            now_ms=now_ms,
        )  # fmt: skip

    return done(services, f"/value/purses/{purse}", act)
