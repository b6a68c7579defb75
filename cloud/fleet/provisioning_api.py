"""Stores, tills and claim codes for head office."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.fleet import claims
from cloud.identity.tokens import TokenHolder
from cloud.org import devices, stores
from cloud.org.models import Store, Till
from shared.ids import SLUG_PATTERN
from shared.wire.desired import DeviceBinding

router = APIRouter(prefix="/api/v1", tags=["stores"])

MayRead = Annotated[TokenHolder, Depends(holder_with("stores:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("stores:write"))]
Slug = Annotated[str, Field(pattern=SLUG_PATTERN)]


class NewStore(BaseModel):
    """A store to add."""

    model_config = ConfigDict(extra="forbid")

    id: Slug
    name: str
    time_zone: str
    currency: str
    exponent: int = 2
    locale: str = "zh"
    price_zone: Slug = "main"
    day_cutoff_minutes: int = 0
    legal_entity: Slug = stores.DEFAULT_ENTITY
    ownership: str = "direct"


class NewTill(BaseModel):
    """A till to add."""

    model_config = ConfigDict(extra="forbid")

    id: Slug
    number: int
    kind: str = "staffed"


class Device(BaseModel):
    """A device of a till: its model's profile, how and where it is plugged in, what its scans are for."""

    model_config = ConfigDict(extra="forbid")

    device: Slug
    profile: str = Field(max_length=64)
    transport: str = Field(max_length=32)
    address: str = Field(default="", max_length=256)
    role: str = Field(default="", max_length=32)
    settings: dict[str, bool | int | str | list[str]] = Field(default={}, max_length=64)

    @classmethod
    def of(cls, binding: DeviceBinding) -> Device:
        """Return a binding as the API says it."""
        return cls(**msgspec.structs.asdict(binding))

    def binding(self) -> DeviceBinding:
        """Return the device as agents are told of it."""
        return DeviceBinding(**self.model_dump())


class NewClaim(BaseModel):
    """Which agent the code will make."""

    model_config = ConfigDict(extra="forbid")

    agent: Slug
    valid_hours: int | None = Field(default=None, ge=1, le=24 * 90)


class Claim(BaseModel):
    """A claim code, shown this once."""

    code: str
    expires_ms: int


@router.get("/stores")
def list_stores(services: Here, _: MayRead) -> list[Store]:
    """Return every store."""
    with services.database.snapshot() as session:
        return stores.stores(session)


@router.post("/stores", status_code=status.HTTP_201_CREATED)
def add_store(services: Here, who: MayWrite, body: NewStore) -> Store:
    """Add a store."""
    row = Store(**body.model_dump(exclude={"legal_entity", "ownership"}))
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        return stores.add_store(
            session, row, entity=body.legal_entity, ownership=body.ownership, actor=who.actor, now_ms=now_ms
        )


@router.get("/stores/{store}/tills")
def list_tills(services: Here, _: MayRead, store: str) -> list[Till]:
    """Return a store's tills."""
    with services.database.snapshot() as session:
        stores.find_store(session, store)
        return stores.tills(session, store)


@router.post("/stores/{store}/tills", status_code=status.HTTP_201_CREATED)
def add_till(services: Here, who: MayWrite, store: str, body: NewTill) -> Till:
    """Add a till to a store."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        return stores.add_till(
            session, store, body.id, number=body.number, kind=body.kind, actor=who.actor, now_ms=now_ms
        )


@router.get("/stores/{store}/tills/{till}/devices")
def list_devices(services: Here, _: MayRead, store: str, till: str) -> list[Device]:
    """Return the devices that stand at a till."""
    with services.database.snapshot() as session:
        return [Device.of(one) for one in devices.bound(session, store, till)]


@router.put("/stores/{store}/tills/{till}/devices")
def bind_devices(services: Here, who: MayWrite, store: str, till: str, body: list[Device]) -> list[Device]:
    """Say which devices a till has, all of them; its agent binds them without a restart."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        bound = devices.bind(session, store, till, [one.binding() for one in body], actor=who.actor, now_ms=now_ms)
    return [Device.of(one) for one in bound]


@router.post("/stores/{store}/claims", status_code=status.HTTP_201_CREATED)
def create_claim(services: Here, who: MayWrite, store: str, body: NewClaim) -> Claim:
    """Make a single-use code with which a mini PC becomes this store's agent."""
    now_ms = services.clocks.machine.wall_ms()
    hours = body.valid_hours or services.settings.claim_hours
    with services.database.session() as session:
        code = claims.create(
            session,
            store=store,
            agent=body.agent,
            fingerprint=services.authority.fingerprint,
            actor=who.actor,
            now_ms=now_ms,
            valid_hours=hours,
        )
    return Claim(code=code, expires_ms=now_ms + hours * 3_600_000)
