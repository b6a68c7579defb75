"""Head office's apps with routes that an earlier test has used: FastAPI works those out again for every app.

That takes longer than most tests of a page. All else of an app is its own: state, limits, middleware, services.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI

from cloud.api.services import Services, services_of
from cloud.main import create_app
from cloud.member_page.app import create_member_app
from cloud.settings import CloudSettings

Overrides = dict[Callable[..., Any], Callable[..., Any]]
_waiting: defaultdict[str, list[tuple[APIRouter, Overrides]]] = defaultdict(list)
_lent: list[tuple[str, APIRouter, Overrides, int]] = []


def console_of(services: Services, settings: CloudSettings | None = None) -> FastAPI:
    """Return the app of the console, which has the API too, over these services; for one test."""
    return _over(services, _lend("console", create_app(settings or CloudSettings(), services, console=True)))


def api_of(services: Services, settings: CloudSettings | None = None) -> FastAPI:
    """Return the app that agents and programs speak with, over these services; for one test."""
    return _over(services, _lend("api", create_app(settings or CloudSettings(), services)))


def served_api_of(services: Services, settings: CloudSettings) -> FastAPI:
    """Return the same app to be served: there its own lifespan brings the services."""
    return _lend("api", create_app(settings, services))


def member_page_of(services: Services) -> FastAPI:
    """Return the app of the members' own page; for one test."""
    return _lend("member page", create_member_app(services))


def take_back() -> None:
    """Take back what the test that just ended was lent; what it gave a route of its own nobody gets again."""
    while _lent:
        kind, router, overrides, routes = _lent.pop()
        if len(router.routes) == routes:
            _waiting[kind].append((router, overrides))


def _over(services: Services, app: FastAPI) -> FastAPI:
    app.dependency_overrides[services_of] = lambda: services
    return app


def _lend(kind: str, app: FastAPI) -> FastAPI:
    """Give a new app the routes of one that nobody uses any more, if there is one."""
    if _waiting[kind]:
        own = app.router
        app.router, app.dependency_overrides = _waiting[kind].pop()
        app.router.lifespan_context = own.lifespan_context
        app.dependency_overrides.clear()
    _lent.append((kind, app.router, app.dependency_overrides, len(app.router.routes)))
    return app
