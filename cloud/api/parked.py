"""Parked events over HTTP: list, look, repair, replay, dismiss. Each act says who and why."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here, Services
from cloud.errors import Invalid
from cloud.identity.tokens import TokenHolder
from cloud.ingest import parked
from cloud.ingest.models import ParkedEvent
from shared.codec import MAX_OPENED_BYTES

router = APIRouter(prefix="/api/v1/parked", tags=["parked"])

MayRead = Annotated[TokenHolder, Depends(holder_with("parked:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("parked:write"))]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Why(_Body):
    """Why somebody does this; kept in the audit log."""

    reason: Reason


class Repair(Why):
    """The event as it should have been: the exact bytes that a replay applies, base64."""

    content: str = Field(max_length=MAX_OPENED_BYTES * 2)


class ParkedView(BaseModel):
    """A parked event without its content."""

    event: UUID
    agent: str
    store: str
    epoch: UUID
    seq: int
    kind: str
    code: str
    reason: str
    waits_for: UUID | None
    parked_ms: int
    repaired: bool
    resolved_ms: int | None
    resolution: str | None


class ParkedContent(ParkedView):
    """A parked event with what a replay applies and, once repaired, the bytes received; both base64."""

    content: str
    original: str | None


class Replayed(BaseModel):
    """Whether the event is in the books now, and why not."""

    applied: bool
    code: str | None = None
    reason: str | None = None


@router.get("")
def list_parked(
    services: Here,
    _: MayRead,
    agent: str | None = None,
    code: str | None = None,
    limit: Annotated[int, Query(ge=1, le=parked.MAX_LISTED)] = 100,
) -> list[ParkedView]:
    """Return events that wait for a person, the oldest first."""
    with services.database.snapshot() as session:
        return [ParkedView(**_facts(row)) for row in parked.open_events(session, agent=agent, code=code, limit=limit)]


@router.get("/{event}")
def show(services: Here, _: MayRead, event: UUID) -> ParkedContent:
    """Return one parked event, resolved or not, with its content."""
    with services.database.snapshot() as session:
        row = parked.find(session, event)
        original = None if row.original is None else _b64(row.original)
        return ParkedContent(**_facts(row), content=_b64(row.content), original=original)


@router.post("/{event}/repair", status_code=status.HTTP_204_NO_CONTENT)
def repair(services: Here, who: MayWrite, event: UUID, body: Repair) -> None:
    """Replace what a replay applies. The bytes received are kept."""
    try:
        content = base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("content must be base64") from None
    with services.database.session() as session:
        parked.repair(session, event, content, actor=who.actor, reason=body.reason, now_ms=_now(services))


@router.post("/{event}/replay")
def replay(services: Here, who: MayWrite, event: UUID) -> Replayed:
    """Apply an event now, and whatever waited for it. One that cannot be applied stays parked, with the reason."""
    with services.database.session() as session:
        problem = parked.replay(
            session, event, services.downstream, services.restores, actor=who.actor, now_ms=_now(services)
        )
    if problem is None:
        return Replayed(applied=True)
    return Replayed(applied=False, code=problem.code, reason=problem.reason)


@router.post("/{event}/dismiss", status_code=status.HTTP_204_NO_CONTENT)
def dismiss(services: Here, who: MayWrite, event: UUID, body: Why) -> None:
    """Decide that an event is never to be applied. Its bytes are kept."""
    with services.database.session() as session:
        parked.dismiss(session, event, actor=who.actor, reason=body.reason, now_ms=_now(services))


def _facts(row: ParkedEvent) -> dict[str, object]:
    return {
        "event": row.event_id,
        "agent": row.agent_id,
        "store": row.store_id,
        "epoch": row.epoch,
        "seq": row.seq,
        "kind": row.kind,
        "code": row.code,
        "reason": row.reason,
        "waits_for": row.waits_for,
        "parked_ms": row.parked_ms,
        "repaired": row.original is not None,
        "resolved_ms": row.resolved_ms,
        "resolution": row.resolution,
    }


def _now(services: Services) -> int:
    return services.clocks.machine.wall_ms()


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()
