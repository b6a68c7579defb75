"""Gifts and what waits for members over HTTP. Whoever asks makes the ids: the same again is done once."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from cloud import audit
from cloud.api.auth import holder_with
from cloud.api.body import read_body
from cloud.api.services import Here, Services
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import NotFound
from cloud.identity.tokens import TokenHolder
from cloud.ledger.requests import Answered
from cloud.members.minting import mint_of
from cloud.org.models import Store
from cloud.pictures.fitting import MOST_FILE_BYTES, TOO_LARGE, fit
from cloud.rewards import gifts, pickups, pictures, stock
from cloud.rewards.models import Gift, Pickup
from cloud.rewards.pickups import Handing, decoded
from shared.calendar import business_date

router = APIRouter(prefix="/api/v1/rewards", tags=["rewards"])

MayRead = Annotated[TokenHolder, Depends(holder_with("rewards:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("rewards:write"))]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
Names = Annotated[dict[str, str], Field(min_length=1, max_length=10)]


class Body(BaseModel):
    """What is sent; a field we do not know is refused."""

    model_config = ConfigDict(extra="forbid")


class GiftBody(Body):
    """A gift. `names` by language; `hold_days`: so long a reserved one waits."""

    names: Names
    points: Annotated[int, Field(ge=1, le=gifts.MOST_POINTS)]
    per_member: Annotated[int, Field(ge=0)] = 0
    hold_days: Annotated[int, Field(ge=1, le=gifts.MOST_DAYS)] = 14


class NewGiftBody(GiftBody):
    """A gift to be offered."""

    id: Slug


class ChangedGiftBody(GiftBody):
    """A gift as it is to be from now on; orders keep their price."""

    open: bool = True
    reason: Reason


class GiftView(BaseModel):
    """A gift and how many are left, in the store asked for or in all."""

    id: str
    names: dict[str, str]
    points: int
    per_member: int
    hold_days: int
    open: bool
    left: int


class StockBody(Body):
    """So many more (or fewer) in a store, and why."""

    id: UUID
    store: Slug
    delta: int
    reason: Reason


class StockView(BaseModel):
    """How many a store has then."""

    left: int


class OrderBody(Body):
    """A member takes a gift, to be fetched in a store."""

    id: UUID
    member: UUID
    store: Slug


class OrderView(BaseModel):
    """What was paid, and the code it is fetched by until that day."""

    points: int
    code: str
    until: date


class HandingBody(Body):
    """Somebody hands it over in a store."""

    id: UUID
    store: Slug
    by: Annotated[str, Field(max_length=64)] = ""


class PickupView(BaseModel):
    """What waits behind a code, or was handed over."""

    code: str
    kind: str
    what: str
    names: dict[str, str]
    member: UUID
    store: str
    state: str
    until: date | None


@router.get("/gifts")
def list_gifts(services: Here, who: MayRead, store: Annotated[str | None, Query()] = None) -> list[GiftView]:
    """Return the gifts that are offered, the cheapest first."""
    del who
    with services.database.snapshot() as session:
        return [_gift(row, left) for row, left in stock.offered(session, store)]


@router.post("/gifts", status_code=status.HTTP_201_CREATED)
def create_gift(services: Here, who: MayWrite, body: NewGiftBody) -> GiftView:
    """Offer a gift; no store has any yet."""
    with services.database.session() as session:
        wanted = gifts.NewGift(**body.model_dump())
        return _gift(gifts.create(session, wanted, actor=who.actor, now_ms=services.clocks.machine.wall_ms()), 0)


@router.put("/gifts/{gift}")
def change_gift(services: Here, who: MayWrite, gift: str, body: ChangedGiftBody) -> GiftView:
    """Change a gift, or close it."""
    fields = body.model_dump(exclude={"open", "reason"})
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        wanted = gifts.NewGift(id=gift, **fields)
        row = gifts.change(session, wanted, is_open=body.open, actor=who.actor, reason=body.reason, now_ms=now_ms)
        return _gift(row, sum(one.left for one in stock.by_store(session, gift)))


@router.put("/gifts/{gift}/picture", status_code=status.HTTP_204_NO_CONTENT)
async def put_picture(request: Request, services: Here, who: MayWrite, gift: str) -> None:
    """Give a gift a picture: PNG, JPEG or WebP as the request's body; it is made small, and only pixels are kept."""
    content = await read_body(request, MOST_FILE_BYTES, TOO_LARGE)

    def put() -> None:
        fitted = fit(content)
        with services.database.session() as session:
            pictures.put(session, gift, fitted, actor=who.actor, now_ms=services.clocks.machine.wall_ms())

    await run_in_threadpool(put)


@router.post("/gifts/{gift}/stock")
def correct_stock(services: Here, who: MayWrite, gift: str, body: StockBody) -> StockView:
    """Change by hand how many a store has."""
    with services.database.session() as session:
        wanted = stock.Correction(gift=gift, **body.model_dump())
        left = stock.correct(session, wanted, actor=who.actor, now_ms=services.clocks.machine.wall_ms())
    return StockView(left=left)


@router.post("/gifts/{gift}/orders")
def order_gift(services: Here, who: MayWrite, gift: str, body: OrderBody) -> OrderView:
    """Take a gift for a member's points, once for this id."""
    now_ms, at_ms = services.clocks.machine.wall_ms(), services.clocks.business.now_ms()

    def work(session: Session) -> Answered:
        wanted = gifts.Order(
            id=body.id, gift=gift, member=body.member, store=body.store, today=_today(session, services, body.store),
            at_ms=at_ms,
        )  # fmt: skip
        done = gifts.order(session, open_commit(session, now_ms), wanted, now_ms=now_ms)
        if done.fresh and not done.code:
            subject, detail = f"member {body.member}", f"{gift} in {body.store}"
            _record(session, now_ms, who, "gift.order", subject=subject, detail=detail)
        return done

    done = in_transaction(services.database, work).require()
    return OrderView(points=done["points"], code=done["code"], until=done["until"])


@router.post("/orders/{order}/cancel", status_code=status.HTTP_204_NO_CONTENT)
def cancel_order(services: Here, who: MayWrite, order: UUID) -> None:
    """Cancel an order that was not fetched; the points go back. Asked again, nothing more happens."""
    now_ms, cause = services.clocks.machine.wall_ms(), mint_of(services.clocks)()
    with services.database.session() as session:
        at_ms = services.clocks.business.now_ms()
        gifts.cancel(session, open_commit(session, now_ms), order, cause=cause, at_ms=at_ms)
        _record(session, now_ms, who, "gift.cancel", subject=f"order {order}")


@router.get("/pickups/{code}")
def look(services: Here, who: MayRead, code: str, store: Annotated[str, Query()]) -> PickupView:
    """Return what waits behind a code, if it can be handed over in a store."""
    del who
    with services.database.snapshot() as session:
        return _pickup(pickups.look(session, code, store))


@router.post("/pickups/{code}/hand-over")
def hand_over(services: Here, who: MayWrite, code: str, body: HandingBody) -> PickupView:
    """Hand it over, once for this id."""
    at_ms = services.clocks.business.now_ms()
    with services.database.session() as session:
        row = pickups.hand_over(
            session, code, Handing(cause=body.id, store=body.store, by=body.by or who.actor, at_ms=at_ms)
        )
        subject, detail, now_ms = f"member {row.member_id}", f"{row.kind} {row.what}", services.clocks.machine.wall_ms()
        _record(session, now_ms, who, "pickup.hand_over", subject=subject, detail=detail)
        return _pickup(row)


def _today(session: Session, services: Services, store: str) -> date:
    row = session.get(Store, store)
    if row is None:
        raise NotFound(f"there is no store {store!r}")
    return business_date(services.clocks.business.now_ms(), ZoneInfo(row.time_zone), row.day_cutoff_minutes)


def _gift(row: Gift, left: int) -> GiftView:
    return GiftView(
        id=row.id, names=decoded(row.names), points=row.points, per_member=row.per_member, hold_days=row.hold_days,
        open=row.open, left=left,
    )  # fmt: skip


def _pickup(row: Pickup) -> PickupView:
    return PickupView(
        code=row.code, kind=row.kind, what=row.what, names=decoded(row.names), member=row.member_id,
        store=row.store_id, state=row.state, until=row.until,
    )  # fmt: skip


def _record(session: Session, at_ms: int, who: TokenHolder, action: str, *, subject: str, detail: str = "") -> None:
    audit.record(session, at_ms=at_ms, actor=who.actor, action=action, subject=subject, detail=detail)
    session.flush()
