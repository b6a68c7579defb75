"""Staff, policies, shifts and cash over HTTP."""

from __future__ import annotations

import os
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Response, status
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.identity.tokens import TokenHolder
from cloud.org.stores import find_store
from cloud.store_days import policies, reading, staff
from cloud.store_days.models import CashMovement, ShiftReport, Staff, TillShift
from cloud.store_days.summary import sums_of
from shared.ids import SLUG_PATTERN

router = APIRouter(prefix="/api/v1", tags=["store days"])

MayReadStores = Annotated[TokenHolder, Depends(holder_with("stores:read"))]
MayWriteStores = Annotated[TokenHolder, Depends(holder_with("stores:write"))]
MayReadSales = Annotated[TokenHolder, Depends(holder_with("sales:read"))]
Slug = Annotated[str, Field(pattern=SLUG_PATTERN)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewStaff(_Body):
    """Somebody to add. The PIN is hashed before it is kept, and shown nowhere."""

    code: Slug
    name: str
    role: str = "cashier"
    stores: list[Slug] = Field(min_length=1)
    pin: str = ""
    adult: bool = True


class StaffView(BaseModel):
    """Somebody who works here."""

    code: str
    name: str
    role: str
    adult: bool
    stores: list[str]
    has_pin: bool
    has_card: bool


class NewPin(_Body):
    """A new PIN."""

    pin: str


class NewCard(_Body):
    """A staff card's number; empty takes the card away."""

    number: str


class Places(_Body):
    """Where somebody works."""

    stores: list[Slug]


@router.get("/staff")
def list_staff(services: Here, _: MayReadStores, store: str = "") -> list[StaffView]:
    """Return who works here, or in one store."""
    with services.database.snapshot() as session:
        return [
            StaffView(
                code=one.code,
                name=one.name,
                role=one.role,
                adult=one.adult,
                stores=stores,
                has_pin=bool(one.pin),
                has_card=bool(one.card),
            )
            for one, stores in staff.everybody(session, store)
        ]


@router.post("/staff", status_code=status.HTTP_201_CREATED)
def add_staff(services: Here, who: MayWriteStores, body: NewStaff) -> StaffView:
    """Add somebody who works at tills."""
    member = Staff(code=body.code, name=body.name, role=body.role, adult=body.adult)
    salt, now_ms = os.urandom(staff.SALT_BYTES), services.clocks.machine.wall_ms()
    with services.database.session() as session:
        staff.add(session, member, pin=body.pin, salt=salt, stores=body.stores, actor=who.actor, now_ms=now_ms)
    given = body.model_dump(exclude={"pin"})
    return StaffView(**given, has_pin=bool(body.pin), has_card=False)


@router.put("/staff/{code}/pin", status_code=status.HTTP_204_NO_CONTENT)
def set_pin(services: Here, who: MayWriteStores, code: str, body: NewPin) -> None:
    """Give somebody a new PIN."""
    salt, now_ms = os.urandom(staff.SALT_BYTES), services.clocks.machine.wall_ms()
    with services.database.session() as session:
        staff.set_pin(session, code, body.pin, salt=salt, actor=who.actor, now_ms=now_ms)


@router.put("/staff/{code}/card", status_code=status.HTTP_204_NO_CONTENT)
def set_card(services: Here, who: MayWriteStores, code: str, body: NewCard) -> None:
    """Give somebody a staff card."""
    salt, now_ms = os.urandom(staff.SALT_BYTES), services.clocks.machine.wall_ms()
    with services.database.session() as session:
        staff.set_card(session, code, body.number, fresh_salt=salt, actor=who.actor, now_ms=now_ms)


@router.put("/staff/{code}/stores", status_code=status.HTTP_204_NO_CONTENT)
def move_staff(services: Here, who: MayWriteStores, code: str, body: Places) -> None:
    """Say in which stores somebody works."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        staff.move(session, code, body.stores, actor=who.actor, now_ms=now_ms)


@router.delete("/staff/{code}", status_code=status.HTTP_204_NO_CONTENT)
def staff_leaves(services: Here, who: MayWriteStores, code: str) -> None:
    """Note that somebody no longer works here."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        staff.leave(session, code, actor=who.actor, now_ms=now_ms)


@router.get("/till-policies")
def get_policies(services: Here, _: MayReadStores, store: str = "") -> Response:
    """Return the chain's till policies, or a store's."""
    with services.database.snapshot() as session:
        found = policies.policies(session, store)
    return Response(msgspec.json.encode(msgspec.structs.asdict(found)), media_type="application/json")


@router.put("/till-policies")
def put_policies(services: Here, who: MayWriteStores, body: dict[str, Any], store: str = "") -> Response:
    """Replace the chain's till policies, or give a store its own."""
    now_ms = services.clocks.machine.wall_ms()
    content = msgspec.json.encode(body)
    with services.database.session() as session:
        found = policies.set_policies(session, content, store=store, actor=who.actor, now_ms=now_ms)
    return Response(msgspec.json.encode(msgspec.structs.asdict(found)), media_type="application/json")


class DayView(BaseModel):
    """What a store's business date comes to. Money is in minor units of `currency`."""

    store: str
    day: date
    sales: int
    total_minor: int
    returns: int = Field(description="Receipts of goods that customers brought back, with a receipt or without.")
    refund_minor: int
    voids: int = Field(description="Sales undone as a whole right after they were paid; not among the returns.")
    void_minor: int
    takings_minor: int = Field(description="The total less what came back either way.")
    currency: str
    exponent: int


@router.get("/stores/{store}/days/{day}")
def store_day(services: Here, _: MayReadSales, store: str, day: date) -> DayView:
    """Return the sums of a store's business date, all 0 where nothing was sold."""
    with services.database.snapshot() as session:
        row = sums_of(session, find_store(session, store), day)
    return DayView(
        store=row.store,
        day=row.day,
        sales=row.sales,
        total_minor=row.total_minor,
        returns=row.brought_back,
        refund_minor=row.brought_back_minor,
        voids=row.voids,
        void_minor=row.void_minor,
        takings_minor=row.net_minor,
        currency=row.currency,
        exponent=row.exponent,
    )


@router.get("/stores/{store}/shifts")
def list_shifts(services: Here, _: MayReadSales, store: str, day: date) -> list[TillShift]:
    """Return the shifts of a store's business date."""
    with services.database.snapshot() as session:
        return list(reading.shifts_of(session, store, day))


@router.get("/stores/{store}/shift-reports")
def list_reports(services: Here, _: MayReadSales, store: str, day: date) -> list[ShiftReport]:
    """Return the newest Z report of each shift of a store's business date."""
    with services.database.snapshot() as session:
        return reading.newest_reports(session, store, day)


@router.get("/shifts/{shift}/reports")
def reports(services: Here, _: MayReadSales, shift: UUID) -> list[ShiftReport]:
    """Return every version of a shift's Z report, the newest first."""
    with services.database.snapshot() as session:
        return list(reading.reports_of(session, shift))


@router.get("/stores/{store}/cash")
def list_cash(services: Here, _: MayReadSales, store: str, day: date) -> list[CashMovement]:
    """Return the cash movements of a store's business date."""
    with services.database.snapshot() as session:
        return list(reading.cash_of(session, store, day))
