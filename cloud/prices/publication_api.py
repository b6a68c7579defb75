"""Putting prices into force over HTTP, taking them back, and seeing who has what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cloud import audit
from cloud.api.services import Here, Services
from cloud.errors import Invalid
from cloud.identity.tokens import TokenHolder
from cloud.org.stores import find_store
from cloud.prices import revert
from cloud.prices.adoption import reported_versions
from cloud.prices.api import MayRead, MayWrite
from cloud.prices.overview import store_timeline, versions
from cloud.prices.publish import Act, publish
from cloud.prices.schemas import (
    EntryView,
    LocalTime,
    PublicationView,
    PublishRequest,
    RebuiltView,
    RollbackRequest,
    TillSettingsBody,
    TillVersionView,
    VersionView,
    WithdrawRequest,
)
from cloud.prices.settings import set_till_settings, till_settings
from cloud.promotions.holding import end_what_is_gone

router = APIRouter(prefix="/api/v1/prices", tags=["prices"])


@router.post("/drafts/{draft}/publish")
def publish_draft(services: Here, who: MayWrite, draft: str, body: PublishRequest) -> PublicationView:
    """Publish a draft at a local time of its stores, or at once."""
    local = _naive(body.activates_local)
    with services.database.session() as session:
        done = publish(session, draft, _act(services, who, body.reason), activates_local=local, targets=body.targets)
    return PublicationView.of(done)


@router.get("/versions")
def list_versions(services: Here, _: MayRead, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[VersionView]:
    """Return versions, newest first."""
    with services.database.snapshot() as session:
        return [VersionView.of(version) for version in versions(session, limit)]


@router.get("/versions/{version}")
def get_version(services: Here, _: MayRead, version: int) -> VersionView:
    """Return a version."""
    with services.database.snapshot() as session:
        return VersionView.of(revert.get_version(session, version))


@router.post("/versions/{version}/rollback")
def roll_back(services: Here, who: MayWrite, version: int, body: RollbackRequest) -> PublicationView:
    """Bring stores back to the content they had with a version, under a new number."""
    act = _act(services, who, body.reason)
    with services.database.session() as session:
        done = revert.rollback(
            session, version, act, targets=body.targets, activates_local=_naive(body.activates_local)
        )
        end_what_is_gone(session, act)
    return PublicationView.of(done)


@router.post("/versions/{version}/withdraw")
def withdraw(services: Here, who: MayWrite, version: int, body: WithdrawRequest) -> list[RebuiltView]:
    """Take a staged version back; what was staged after it is rebuilt without it."""
    act = _act(services, who, body.reason)
    with services.database.session() as session:
        return [RebuiltView.of(done) for done in revert.withdraw(session, version, act, targets=body.targets)]


@router.get("/stores/{store}/timeline")
def get_timeline(services: Here, _: MayRead, store: str) -> list[EntryView]:
    """Return everything that was ever put on a store's timeline, newest first."""
    now_ms = services.clocks.business.now_ms()
    with services.database.snapshot() as session:
        find_store(session, store)
        found = store_timeline(session, store, now_ms)
    return [EntryView.of(entry.row, entry.title, entry.hash, entry.status) for entry in found]


@router.get("/tills")
def list_tills(services: Here, _: MayRead, store: str | None = None) -> list[TillVersionView]:
    """Return the version each till reports, beside the one its store's timeline asks for."""
    now_ms = services.clocks.business.now_ms()
    with services.database.snapshot() as session:
        if store is not None:
            find_store(session, store)
        found = reported_versions(session, now_ms, None if store is None else [store])
    return [TillVersionView.of(till) for till in found]


@router.get("/till-settings")
def get_till_settings(services: Here, _: MayRead) -> TillSettingsBody:
    """Return what every till of the chain is told."""
    with services.database.snapshot() as session:
        return TillSettingsBody.of(till_settings(session))


@router.put("/till-settings")
def put_till_settings(services: Here, who: MayWrite, body: TillSettingsBody) -> TillSettingsBody:
    """Change what every till of the chain is told: what the body leaves out stays as it is."""
    with services.database.session() as session:
        settings = body.onto(till_settings(session))
        set_till_settings(session, settings)
        audit.record(
            session,
            at_ms=services.clocks.machine.wall_ms(),
            actor=who.actor,
            action="prices.till_settings",
            subject="chain",
            detail=body.model_dump_json(exclude_unset=True),
        )
    return TillSettingsBody.of(settings)


def _act(services: Services, who: TokenHolder, reason: str) -> Act:
    clocks = services.clocks
    return Act(actor=who.actor, now_ms=clocks.business.now_ms(), wall_ms=clocks.machine.wall_ms(), reason=reason)


def _naive(local: LocalTime) -> LocalTime:
    """Refuse an offset: the same wall time means another instant in each store's zone."""
    if local is not None and local.tzinfo is not None:
        raise Invalid("activates_local is wall time in each store's own zone: write it without offset or Z")
    return local
