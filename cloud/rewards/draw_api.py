"""Prize draws and runs over HTTP. A run is approved by a person in the console: programs only ask, start and stop."""

from __future__ import annotations

import os
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from cloud.api.services import Here, Services
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Invalid
from cloud.identity.tokens import TokenHolder
from cloud.ledger.requests import Answered
from cloud.members.home_days import HomeDays, day_of
from cloud.rewards import checking, drawing, runs
from cloud.rewards.api import Body, MayRead, MayWrite, Names, Reason, Slug
from cloud.rewards.models import Draw, DrawStock, Run
from cloud.rewards.pickups import decoded
from shared.draws import SEED_BYTES, DrawRules, Prize

router = APIRouter(prefix="/api/v1/rewards", tags=["rewards"])


class PrizeBody(Body):
    """A prize: its weight against the others, how many there are, what it is worth in minor units.

    With `points` it is points, with `batch` a coupon of that batch, else a thing that waits in a store.
    """

    prize: Slug
    names: dict[str, str] = Field(default_factory=dict)
    weight: Annotated[int, Field(ge=1)]
    worth_minor: Annotated[int, Field(ge=0)]
    points: Annotated[int, Field(ge=0)] = 0
    batch: Annotated[str, Field(max_length=32)] = ""
    stock: Annotated[int, Field(ge=0)]


class DrawBody(Body):
    """A draw to be opened. All of it is public from then on and never changes."""

    id: Slug
    names: Names
    prizes: Annotated[list[PrizeBody], Field(min_length=1, max_length=100)]
    nothing_weight: Annotated[int, Field(ge=0)]
    points: Annotated[int, Field(ge=0)] = 0
    per_member: Annotated[int, Field(ge=0)] = 0
    starts: date | None = None
    ends: date | None = None


class DrawView(BaseModel):
    """What everybody may see of a draw. `commitment` is the SHA-256 of the seed, which is shown when it has ended."""

    id: str
    names: dict[str, str]
    points: int
    starts: date | None
    ends: date | None
    odds: dict[str, str]
    left: dict[str, int]
    tickets: int
    commitment: str
    seed: str | None
    method: str


class TicketBody(Body):
    """A member takes part once."""

    id: UUID
    member: UUID


class DrawnView(BaseModel):
    """What came of it. `code`: the one a thing is fetched by; `coupon`: the code of one won; `won`: points."""

    ticket: int
    prize: str
    points: int
    won: int
    code: str
    coupon: str = ""


class TicketView(BaseModel):
    """A ticket without its member, and whether the seed says the same."""

    number: int
    landed: str
    prize: str
    holds: bool


class RunBody(Body):
    """A run to be worked out.

    `parameters`: of an expiry `today`; of a rebate `year`, `on` (spend, points), `rate_bp`, `at_least`, `expires_on`;
    of coupons `batch`, `segment` (`*`: all members), `today`, `tell` (a message to those who agreed to offers); of a
    draw_refund `draw`, which has ended: every ticket's points go back, with a `reason`.
    """

    id: UUID
    kind: Literal["expiry", "rebate", "coupons", "draw_refund"]
    parameters: dict[str, Any]
    reason: Annotated[str, Field(max_length=500)] = ""


class Forced(Body):
    """Why, and whether debts may be left."""

    reason: Reason
    force: bool = False


class RunView(BaseModel):
    """A run and how far it is."""

    id: UUID
    kind: str
    state: str
    parameters: dict[str, Any]
    items: int
    total: int
    posted_items: int
    posted_total: int
    problem: str
    made_by: str
    approved_by: str | None
    reversed_by: str | None


@router.get("/draws")
def list_draws(services: Here, who: MayRead) -> list[DrawView]:
    """Return the newest draws."""
    del who
    with services.database.snapshot() as session:
        rows = session.exec(select(Draw).order_by(col(Draw.made_ms).desc(), col(Draw.id)).limit(100)).all()
        return [_draw(session, row) for row in rows]


@router.post("/draws", status_code=status.HTTP_201_CREATED)
def open_draw(services: Here, who: MayWrite, body: DrawBody) -> DrawView:
    """Open a draw; its seed is drawn from the system's random source now."""
    try:
        rules = DrawRules(
            prizes=[Prize(**one.model_dump(exclude={"stock"})) for one in body.prizes],
            nothing_weight=body.nothing_weight,
        )
    except ValueError as error:
        raise Invalid(str(error)) from None
    wanted = drawing.NewDraw(
        id=body.id, names=body.names, rules=rules, stock={one.prize: one.stock for one in body.prizes},
        points=body.points, per_member=body.per_member, starts=body.starts, ends=body.ends,
    )  # fmt: skip
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        row = drawing.open_draw(
            session, services.vault, wanted, os.urandom(SEED_BYTES), actor=who.actor, now_ms=now_ms,
            business_ms=services.clocks.business.now_ms(),
        )  # fmt: skip
        return _draw(session, row)


@router.get("/draws/{draw}")
def get_draw(services: Here, who: MayRead, draw: str) -> DrawView:
    """Return what everybody may see of a draw."""
    del who
    with services.database.snapshot() as session:
        return _draw(session, drawing.find(session, draw))


@router.post("/draws/{draw}/tickets")
def take_part(services: Here, who: MayWrite, draw: str, body: TicketBody) -> DrawnView:
    """Draw once for a member, once for this id; a refusal costs nothing."""
    del who
    now_ms, at_ms = services.clocks.machine.wall_ms(), services.clocks.business.now_ms()

    def work(session: Session) -> Answered:
        today = day_of(session, body.member, HomeDays(at_ms))
        entry = drawing.Entry(id=body.id, draw=draw, member=body.member, today=today, at_ms=at_ms)
        return drawing.draw(session, services.vault, open_commit(session, now_ms), entry, now_ms=now_ms)

    return DrawnView(**in_transaction(services.database, work).require())


@router.get("/draws/{draw}/tickets")
def list_tickets(services: Here, who: MayRead, draw: str, after: Annotated[int, Query(ge=0)] = 0) -> list[TicketView]:
    """Return up to 1,000 tickets behind a number, each replayed."""
    del who
    with services.database.snapshot() as session:
        found = checking.tickets_of(session, services.vault, draw, after=after)
    return [TicketView(number=one.number, landed=one.landed, prize=one.prize, holds=not one.wrong) for one in found]


@router.post("/draws/{draw}/end")
def end_draw(services: Here, who: MayWrite, draw: str, body: Forced) -> DrawView:
    """End a draw and show its seed."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        drawing.end(session, services.vault, draw, actor=who.actor, now_ms=now_ms, reason=body.reason)
        return _draw(session, drawing.find(session, draw))


@router.get("/runs")
def list_runs(services: Here, who: MayRead) -> list[RunView]:
    """Return the newest runs."""
    del who
    with services.database.snapshot() as session:
        return [_run(row) for row in session.exec(select(Run).order_by(col(Run.made_ms).desc()).limit(100))]


@router.post("/runs", status_code=status.HTTP_202_ACCEPTED)
def ask_run(services: Here, who: MayWrite, body: RunBody) -> RunView:
    """Ask for a run to be worked out, once for this id. Nothing moves before a person approves it."""
    with services.database.session() as session:
        return _run(runs.ask(session, body.id, body.kind, body.parameters, _act(services, who, body.reason)))


@router.get("/runs/{run}")
def get_run(services: Here, who: MayRead, run: UUID) -> RunView:
    """Return a run and how far it is."""
    del who
    with services.database.session() as session:
        return _run(runs.find(session, run))


@router.post("/runs/{run}/start")
def start_run(services: Here, who: MayWrite, run: UUID) -> RunView:
    """Let an approved run be posted, or one that was stopped go on."""
    with services.database.session() as session:
        return _run(runs.start(session, run, _act(services, who, "")))


@router.post("/runs/{run}/cancel")
def cancel_run(services: Here, who: MayWrite, run: UUID) -> RunView:
    """Give a run up, or stop it."""
    with services.database.session() as session:
        return _run(runs.cancel(session, run, _act(services, who, "")))


@router.post("/runs/{run}/reverse")
def reverse_run(services: Here, who: MayWrite, run: UUID, body: Forced) -> RunView:
    """Take back what a run did."""
    with services.database.session() as session:
        return _run(runs.start_reversing(session, run, _act(services, who, body.reason), force=body.force))


def _draw(session: Session, row: Draw) -> DrawView:
    seen = drawing.published(session, row.id)
    stock = session.exec(select(DrawStock).where(col(DrawStock.draw_id) == row.id)).all()
    return DrawView(
        id=row.id, names=decoded(row.names), points=row.points, starts=row.starts, ends=row.ends,
        odds=dict(seen.odds), left={one.prize: one.left for one in stock}, tickets=seen.tickets,
        commitment=seen.commitment.hex(), seed=seen.seed.hex() if seen.seed else None, method=checking.METHOD,
    )  # fmt: skip


def _run(row: Run) -> RunView:
    return RunView(
        id=row.id, kind=row.kind, state=row.state, parameters=msgspec.json.decode(row.parameters), items=row.items,
        total=row.total, posted_items=row.posted_items, posted_total=row.posted_total, problem=row.problem,
        made_by=row.made_by, approved_by=row.approved_by, reversed_by=row.reversed_by,
    )  # fmt: skip


def _act(services: Services, who: TokenHolder, reason: str) -> runs.Act:
    return runs.Act(who.actor, services.clocks.machine.wall_ms(), services.clocks.business.now_ms(), reason)
