"""The page of value put right by hand: asked for with a reason, posted by a second person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from cloud.api.services import Here
from cloud.identity.people import Right
from cloud.ledger import AccountKey, listings
from cloud.ledger.kinds import POINTS
from cloud.ledger.models import Balance
from cloud.ledger.units import Units, units
from cloud.org.models import Store
from cloud.value import correcting, page_words
from cloud.value.models import ValueCorrection
from cloud.web.amounts import read_minor
from cloud.web.asked_once import fresh_id, read_id
from cloud.web.doing import done
from cloud.web.refusals import refusal
from cloud.web.rendering import Context
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.web.words import marked

router = APIRouter(prefix="/value/corrections", include_in_schema=False)

MayMove = Annotated[Posted, Depends(form_by(Right.VALUE))]
HERE = "/value/corrections"


@router.get("")
def corrections(request: Request, services: Here, owner: str = "", unit: str = "", refused: str = "") -> Response:
    """What is put right by hand, and what waits for a second person?"""
    fresh = fresh_id(services)

    def read(session: Session, _now_ms: int) -> Context:
        written = units(session)
        stands = _stands(session, owner, unit) if owner and unit else {}
        return {
            "waiting": [
                (one, listings.owner_link(one.kind, one.owner, one.unit)) for one in correcting.waiting(session)
            ],
            "owner": owner,
            "unit": unit,
            "stands": stands,
            "stores": session.exec(rows_of(Store).order_by(col(Store.id))).all() if stands else [],
            "units": written,
            "fresh": fresh,
            "words": page_words,
            "table": _listing(written),
            **refusal(refused),
        }  # fmt: skip

    return listed(request, services, "value_corrections", read)


def _stands(session: Session, owner: str, unit: str) -> dict[str, int]:
    """Return what stands in each account that can be put right, by kind."""
    kinds = correcting.OF_MEMBERS if unit == POINTS else correcting.OF_PURSES
    ids = {AccountKey(kind, owner, unit).id: kind for kind in kinds}
    rows = session.execute(
        select(col(Balance.account_id), col(Balance.amount)).where(col(Balance.account_id).in_(list(ids)))
    )
    return {**dict.fromkeys(kinds, 0), **{ids[account]: int(amount) for account, amount in rows}}


@router.post("")
def ask(services: Here, posted: MayMove) -> Response:
    """Ask for a correction."""
    owner, unit = posted.get("owner"), posted.get("unit")

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        amount = read_minor(posted.get("amount"), units(session).exponent(unit), "amount")
        wanted = correcting.Correction(
            id=read_id(posted.get("id")), kind=posted.get("kind"), owner=owner, unit=unit,
            amount=-amount if posted.get("sign") == "less" else amount, store=posted.get("store"),
            reason=posted.get("reason"), by=posted.who.actor, receipt=posted.get("receipt")[:64],
        )  # fmt: skip
        correcting.ask(session, wanted, now_ms=now_ms)

    return done(services, HERE, act, kept={"owner": owner, "unit": unit})


@router.post("/decide")
def decide(services: Here, posted: MayMove) -> Response:
    """Post it or refuse it."""

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        correcting.decide(
            session, commit_no, read_id(posted.get("correction")), by=posted.who.actor,
            approve=posted.get("as") == "approve", note=posted.get("note"),
            at_ms=services.clocks.business.now_ms(), now_ms=now_ms,
        )  # fmt: skip

    return done(services, HERE, act)


def _listing(written: Units) -> Listing[Any]:
    def columns() -> Sequence[Column[ValueCorrection]]:
        return _columns(written)

    def query(asked: Asked) -> Query:
        found: Query = select(ValueCorrection)
        return found.where(col(ValueCorrection.state) == asked.get("state")) if asked.get("state") else found

    return Listing(
        name="corrections",
        title=marked("Put right by hand"),
        columns=columns(),
        source=SqlSource(query, lambda row: row[0], columns, (col(ValueCorrection.id),)),
        order="-asked",
        filters=(Filter(key="state", title=marked("State"), options=_states, say=True),),
        empty=marked("Nothing was ever put right by hand."),
    )


def _states(_session: Session) -> Sequence[tuple[str, str]]:
    return [(code, text) for code, (text, _tone) in page_words.CORRECTION.items()]


def _columns(written: Units) -> Sequence[Column[ValueCorrection]]:
    def state(row: ValueCorrection) -> Cell:
        text, tone = page_words.CORRECTION[row.state]
        return Cell(value=text, tone=tone, say=True)

    def what(row: ValueCorrection) -> Cell:
        journal = f"/ledger/journals/{row.id}/{correcting.PURPOSE}" if row.state == correcting.POSTED else ""
        return Cell(value=page_words.CORRECTED.get(row.kind, row.kind), say=True, href=journal)

    def who(name: str | None) -> str | None:
        return name.removeprefix("person:") if name else None

    return (
        Column(
            key="asked",
            title=marked("Asked for"),
            kind=Kind.MOMENT,
            order=col(ValueCorrection.asked_ms),
            cell=lambda row: row.asked_ms,
        ),
        Column(key="state", title=marked("State"), cell=state),
        Column(key="what", title=marked("What"), cell=what),
        Column(
            key="whose",
            title=marked("Whose"),
            kind=Kind.CODE,
            cell=lambda row: Cell(value=row.owner[-12:], href=listings.owner_link(row.kind, row.owner, row.unit)),
        ),
        Column(
            key="amount",
            title=marked("Amount"),
            kind=Kind.MONEY,
            cell=lambda row: Cell(value=row.amount, exponent=written.exponent(row.unit)),
        ),
        Column(key="unit", title=marked("Unit"), cell=lambda row: row.unit),
        Column(key="store", title=marked("Store"), cell=lambda row: row.store_id),
        Column(key="receipt", title=marked("Receipt"), cell=lambda row: row.receipt or None),
        Column(key="by", title=marked("Asked by"), cell=lambda row: who(row.asked_by)),
        Column(key="decided", title=marked("Decided by"), cell=lambda row: who(row.decided_by)),
        Column(key="reason", title=marked("Reason"), kind=Kind.WRAP, cell=lambda row: row.reason),
        Column(key="note", title=marked("Note"), kind=Kind.WRAP, cell=lambda row: row.note or None),
    )
