"""Coupons over HTTP: batches made, given, counted, ended; one code looked at. Under one id it is given once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from cloud import audit
from cloud.api.auth import holder_with
from cloud.api.services import Here, Services
from cloud.coupons import batches, changing, giving, life
from cloud.coupons.changing import Act
from cloud.coupons.figures import Tally, tallies
from cloud.coupons.models import Coupon, CouponBatch
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import NotFound
from cloud.identity.tokens import TokenHolder
from cloud.ledger.requests import Answered, once
from cloud.members.home_days import HomeDays
from cloud.members.minting import mint_of
from cloud.org.zones import house_day

router = APIRouter(prefix="/api/v1/coupons", tags=["coupons"])

MayRead = Annotated[TokenHolder, Depends(holder_with("coupons:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("coupons:write"))]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BatchBody(_Body):
    """A batch to be made. `promotion` is the promotion of the price book that its coupons stand for."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    kind: Literal["codes", "personal", "public", "next_visit"]
    promotion: Annotated[str, Field(min_length=1, max_length=100)]
    starts: date
    ends: date
    most: Annotated[int, Field(ge=1, le=1_000_000_000)]
    days_valid: Annotated[int, Field(ge=0, le=3_650)] = 0
    per_member: Annotated[int, Field(ge=0)] = 0
    released_by_return: bool = True
    title: Annotated[str, Field(max_length=200)] = ""


class BatchView(BaseModel):
    """A batch and how its coupons stand today; amounts in minor units."""

    id: str
    title: str
    kind: str
    promotion: str
    starts: date
    ends: date
    most: int
    days_valid: int
    per_member: int
    public_code: str | None
    closed: bool
    issued: int
    open: int
    held: int
    reserved: int
    used: int
    expired: int
    withdrawn: int
    cost_minor: int


class GiveBody(_Body):
    """Coupons to be given: one for each of `members`, or `codes` that are nobody's. `id` is made by the caller."""

    id: UUID
    members: Annotated[list[UUID], Field(max_length=10_000)] = []
    codes: Annotated[int, Field(ge=0, le=10_000)] = 0


class GivenView(BaseModel):
    """The codes given, in the order asked for."""

    codes: list[str]


class ExtendBody(_Body):
    """The new last day, and why."""

    ends: date
    reason: Reason


class Why(_Body):
    """Why."""

    reason: Reason


class EndedView(BaseModel):
    """How many unused coupons ended."""

    ended: int


class CouponView(BaseModel):
    """One coupon. `used_sale` is the sale that used it."""

    code: str
    batch: str
    state: str
    member: UUID | None
    starts: date
    ends: date
    basket: UUID | None
    used_sale: UUID | None
    used_store: str
    off_minor: int


@router.get("/batches")
def list_batches(services: Here, who: MayRead, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[BatchView]:
    """Return the newest batches with their figures."""
    del who
    with services.database.snapshot() as session:
        rows = session.exec(
            select(CouponBatch).order_by(col(CouponBatch.made_ms).desc(), col(CouponBatch.id)).limit(limit)
        ).all()
        return _views(session, services, rows)


@router.post("/batches", status_code=status.HTTP_201_CREATED)
def create_batch(services: Here, who: MayWrite, body: BatchBody) -> BatchView:
    """Make a batch; a public one gets its code."""
    with services.database.session() as session:
        wanted = batches.NewBatch(**body.model_dump())
        now_ms = services.clocks.machine.wall_ms()
        row = batches.create(session, wanted, secrets.randbits, actor=who.actor, now_ms=now_ms)
        return _views(session, services, [row])[0]


@router.get("/batches/{batch}")
def get_batch(services: Here, who: MayRead, batch: str) -> BatchView:
    """Return a batch with its figures."""
    del who
    with services.database.snapshot() as session:
        return _views(session, services, [_batch(session, batch)])[0]


@router.post("/batches/{batch}/give")
def give(services: Here, who: MayWrite, batch: str, body: GiveBody) -> GivenView:
    """Give coupons, once for this id: asked again with the same content, the same codes are returned.

    Refused for a member who is not here, has left (`member_closed`) or may use no coupons (`coupons_blocked`).
    """
    wanted: list[UUID | None] = [*body.members, *([None] * body.codes)]
    content = {"batch": batch, "members": [str(one or "") for one in wanted]}
    now_ms, at_ms = services.clocks.machine.wall_ms(), services.clocks.business.now_ms()

    def work(session: Session) -> Answered:
        def make() -> dict[str, list[str]]:
            receivers = [*giving.receivers(session, body.members), *([None] * body.codes)]
            codes = batches.give(
                session, open_commit(session, now_ms), batch, receivers, secrets.randbits, cause=body.id,
                today=HomeDays(at_ms), at_ms=at_ms,
            )  # fmt: skip
            detail = f"{len(codes)} coupons"
            audit.record(
                session, at_ms=now_ms, actor=who.actor, action="coupons.give", subject=f"batch {batch}", detail=detail
            )
            session.flush()
            return {"codes": codes}

        return once(session, body.id, "coupons_give", content, make, now_ms=now_ms)

    return GivenView(codes=in_transaction(services.database, work).require()["codes"])


@router.post("/batches/{batch}/extend")
def extend(services: Here, who: MayWrite, batch: str, body: ExtendBody) -> BatchView:
    """Let a batch last longer."""
    with services.database.session() as session:
        row = changing.extend(session, batch, body.ends, _act(services, who, body.reason))
        return _views(session, services, [row])[0]


@router.post("/batches/{batch}/withdraw")
def withdraw(services: Here, who: MayWrite, batch: str, body: Why) -> EndedView:
    """Close a batch and end its unused coupons."""
    act = _act(services, who, body.reason)
    with services.database.session() as session:
        cause = mint_of(services.clocks)()
        return EndedView(ended=changing.withdraw(session, open_commit(session, act.now_ms), batch, act, cause=cause))


@router.get("/codes/{code}")
def get_code(services: Here, who: MayRead, code: str) -> CouponView:
    """Return one coupon, however its code was typed."""
    del who
    with services.database.snapshot() as session:
        return _coupon(life.find(session, code))


@router.post("/codes/{code}/withdraw")
def withdraw_code(services: Here, who: MayWrite, code: str, body: Why) -> CouponView:
    """Take one unused coupon back."""
    act = _act(services, who, body.reason)
    with services.database.session() as session:
        found, cause = life.find(session, code), mint_of(services.clocks)()
        changing.withdraw_code(session, open_commit(session, act.now_ms), found.code, act, cause=cause)
        return _coupon(life.find(session, code))


def _batch(session: Session, batch: str) -> CouponBatch:
    row = session.get(CouponBatch, batch)
    if row is None:
        raise NotFound(f"there is no batch {batch!r}")
    return row


def _views(session: Session, services: Services, rows: Sequence[CouponBatch]) -> list[BatchView]:
    today = house_day(session, services.clocks.business.now_ms())
    found = tallies(session, today, [row.id for row in rows])
    return [_view(row, found.get(row.id, Tally())) for row in rows]


def _view(row: CouponBatch, tally: Tally) -> BatchView:
    return BatchView(
        id=row.id, title=row.title, kind=row.kind, promotion=row.promotion, starts=row.starts, ends=row.ends,
        most=row.most, days_valid=row.days_valid, per_member=row.per_member, public_code=row.public_code,
        closed=row.closed, issued=tally.issued, **asdict(tally),
    )  # fmt: skip


def _coupon(row: Coupon) -> CouponView:
    return CouponView(
        code=row.code, batch=row.batch, state=row.state, member=row.member_id, starts=row.starts, ends=row.ends,
        basket=row.basket_id, used_sale=row.used_sale, used_store=row.used_store, off_minor=row.off_minor,
    )  # fmt: skip


def _act(services: Services, who: TokenHolder, reason: str) -> Act:
    return Act(
        actor=who.actor,
        reason=reason,
        at_ms=services.clocks.business.now_ms(),
        now_ms=services.clocks.machine.wall_ms(),
    )
