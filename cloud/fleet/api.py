"""The fleet for head office: every agent's state, and the end of one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.fleet import agents
from cloud.fleet.device_standing import DeviceRow, all_devices
from cloud.identity.tokens import TokenHolder

router = APIRouter(prefix="/api/v1", tags=["fleet"])

MayRead = Annotated[TokenHolder, Depends(holder_with("fleet:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("fleet:write"))]


class Revocation(BaseModel):
    """Why an agent is shut out."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


class DeviceView(BaseModel):
    """A device: where it stands, how it is (`state`), what is remarkable, and what it counted."""

    store: str
    till: str
    device: str
    model: str
    transport: str
    address: str
    state: str
    needs_somebody: bool
    applied: bool
    """Whether the store runs it as it is bound here."""
    since_ms: int | None
    conditions: list[str]
    reason: str
    statistics: dict[str, int]


@router.get("/agents")
def list_agents(services: Here, _: MayRead, store: str | None = None) -> list[dict[str, Any]]:
    """Return every agent: online or not, what it runs, how much it still holds."""
    with services.database.snapshot() as session:
        found = agents.status(session, now_ms=services.clocks.machine.wall_ms(), store=store)
    builtins: list[dict[str, Any]] = msgspec.to_builtins(found)
    return builtins


@router.get("/devices")
def list_devices(services: Here, _: MayRead, store: str = "") -> list[DeviceView]:
    """Return the devices of every till, those that need somebody first: as bound here and as the stores report them."""
    with services.database.snapshot() as session:
        found = all_devices(session, services.clocks.machine.wall_ms())
    return [_view(row) for row in found if not store or row.store == store]


@router.post("/agents/{agent}/revoke", status_code=status.HTTP_204_NO_CONTENT)
def revoke(services: Here, who: MayWrite, agent: str, body: Revocation) -> None:
    """Shut an agent out for good; a connected one is cut within ten seconds."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        agents.revoke(session, agent, actor=who.actor, reason=body.reason, now_ms=now_ms)


def _view(row: DeviceRow) -> DeviceView:
    report = row.report
    return DeviceView(
        store=row.store,
        till=row.till,
        device=row.device,
        model=row.model,
        transport=row.way,
        address=row.plug,
        state=row.state,
        needs_somebody=row.needs_somebody,
        applied=row.applied,
        since_ms=report.since_ms if report else None,
        conditions=row.conditions,
        reason=report.reason if report else "",
        statistics=dict(report.statistics) if report else {},
    )
