"""The console's pages: read a context, put it into words, render. No decisions, no writes, no personal data."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from sqlmodel import Session
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cloud.api.services import Here
from cloud.console import one_store, overview, parked_event
from cloud.console.rendering import HERE, page

OUR_NAMES = ("127.0.0.1", "localhost")
"""The console listens on loopback; a page elsewhere that leads its own name here reads nothing."""

router = APIRouter(include_in_schema=False)


def mount(app: FastAPI) -> None:
    """Put the pages and their assets on an application whose lifespan provides `Services`."""
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(OUR_NAMES), www_redirect=False)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")


@router.get("/", response_class=HTMLResponse)
def today(request: Request, services: Here, *, every: bool = False) -> HTMLResponse:
    """Is my chain all right?"""

    def read(session: Session, now_ms: int) -> dict[str, Any]:
        return {"today": overview.today(session, now_ms), "shown": None if every else overview.STORES_SHOWN}

    return page(request, services, "today", read)


@router.get("/stores/{store}", response_class=HTMLResponse)
def store(request: Request, services: Here, store: str) -> HTMLResponse:
    """What about this store?"""

    def read(session: Session, now_ms: int) -> dict[str, Any]:
        return {"it": one_store.one_store(session, store, now_ms, services.clocks.business.now_ms())}

    return page(request, services, "store", read, room="today")


@router.get("/prices", response_class=HTMLResponse)
def prices(request: Request, services: Here) -> HTMLResponse:
    """Which price books are where?"""
    return page(request, services, "prices", lambda session, now_ms: {"versions": overview.prices(session, now_ms)})


@router.get("/parked", response_class=HTMLResponse)
def parked(request: Request, services: Here) -> HTMLResponse:
    """What could not be applied?"""

    def read(session: Session, _now_ms: int) -> dict[str, Any]:
        count, rows = overview.parked(session)
        return {"count": count, "rows": rows}

    return page(request, services, "parked", read)


@router.get("/parked/{event}", response_class=HTMLResponse)
def event(request: Request, services: Here, event: UUID) -> HTMLResponse:
    """What is in this event, and what is to be done about it?"""
    return page(
        request,
        services,
        "event",
        lambda session, _now_ms: {"it": parked_event.parked_event(session, event)},
        room="parked",
    )


@router.get("/ledger", response_class=HTMLResponse)
def ledger(request: Request, services: Here) -> HTMLResponse:
    """Does the ledger balance?"""
    return page(request, services, "ledger", lambda session, _now_ms: {"it": overview.ledger(session)})
