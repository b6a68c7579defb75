"""Every address that programs and telephones reach has a rule, by which token or session: a new one without fails here.

`test_console_rights.py` does the same for the console.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from cloud.api.auth import current_agent, scope_of
from cloud.database import Database
from cloud.identity.tokens import SCOPES
from cloud.main import create_app
from cloud.member_page import visiting
from cloud.settings import CloudSettings
from tests.cloud.console_data import console
from tests.cloud.member_page_data import open_shop
from tests.cloud.visiting import Visitor, make_person
from tests.factories import new_id

FOR_ALL = {"/healthz", "/readyz", "/api/v1/ca", "/api/v1/enrol", "/r/{sale}", "/r/receipt.css"}
"""What nobody proves anything for: whether it lives, the CA, a claim code, the receipt whose id is on the paper."""
READ_BY_POST = {
    "/api/v1/beside/identify", "/api/v1/beside/quote", "/api/v1/members/find", "/api/v1/codes/preview",
    "/api/v1/members/{member}/export", "/api/v1/members/{member}/export.html", "/api/v1/members/{member}/reveal",
}  # fmt: skip
"""Posted so that what names a person stands in no address, or a reason goes along; none of them changes anything."""
PAGE_FOR_ALL = {
    "/", "/me/sign-in", "/me/code", "/me/choose", "/me/join", "/me/wechat", "/me/wechat/back", "/me/hand-on/sure",
    "/me/static/{name}", "/favicon.ico", "/r/{sale}", "/r/receipt.css",
}  # fmt: skip
"""Of the members' page: what leads in, and what is the same for everybody."""
BY_SIGNATURE = "/me/wechat/events"
JUST_SIGNED_IN = {"/me/export", "/me/leave", "/me/hand-on", "/me/hand-on/sure"}
"""What a telephone left on a table is not enough for."""


def _routes(app: FastAPI) -> Iterator[APIRoute]:
    def below(routes: list[BaseRoute]) -> Iterator[APIRoute]:
        for route in routes:
            if isinstance(route, APIRoute):
                yield route
            else:
                inner = getattr(route, "original_router", None) or getattr(route, "app", None)
                yield from below(getattr(inner, "routes", []))

    return below(app.routes)


def _methods(route: APIRoute) -> set[str]:
    return set(route.methods or ())


def _asks(dependant: Dependant) -> set[object]:
    return {dependant.call}.union(*(_asks(inner) for inner in dependant.dependencies))


def _rule(route: APIRoute) -> list[str]:
    """Return what a route of the API asks for: scopes, or to be an agent."""
    asked = _asks(route.dependant)
    return [*filter(None, map(scope_of, asked)), *(["agent"] if current_agent in asked else [])]


def test_every_address_of_the_api_asks_for_one_thing() -> None:
    routes = [route for route in _routes(create_app(CloudSettings())) if route.path not in FOR_ALL]
    assert len(routes) > 100
    assert {route.path: rule for route in routes if len(rule := _rule(route)) != 1} == {}, "say with holder_with(...)"
    assert {scope for route in routes for scope in _rule(route)} <= {*SCOPES, "agent"}


def test_whoever_may_only_read_changes_nothing() -> None:
    for route in _routes(create_app(CloudSettings())):
        changes = _methods(route) - {"GET", "HEAD"} and route.path not in READ_BY_POST
        for scope in _rule(route):
            assert scope == "agent" or scope.endswith(":write" if changes else ":read"), (route.methods, route.path)


def test_every_address_of_the_members_page_knows_who_asks(sqlite_database: Database, tmp_path: Path) -> None:
    routes = [one for one in _routes(open_shop(sqlite_database, tmp_path).app) if one.path != BY_SIGNATURE]
    assert len(routes) > 30
    for route in routes:
        asked, posts = _asks(route.dependant), bool(_methods(route) - {"GET", "HEAD"})
        known = visiting.visitor_of in asked
        assert known or route.path in PAGE_FOR_ALL, route.path
        assert not posts or (visiting.form_of if known else visiting.open_form_of) in asked, f"{route.path}: no mark"
        if route.path in JUST_SIGNED_IN and (posts or known):
            assert visiting.fresh_visitor_of in asked, route.path


def test_nobody_who_is_not_signed_in_sees_a_page_of_the_console(sqlite_database: Database) -> None:
    make_person(sqlite_database)
    app = console(sqlite_database)
    pages = [
        one.path for one in _routes(app) if "GET" in _methods(one) and not one.path.startswith(("/api/", "/static/"))
    ]
    assert len(pages) > 60
    for path in set(pages) - FOR_ALL - {"/sign-in"}:
        answer = Visitor(app).get(re.sub(r"{[^}]*}", str(new_id()), path))
        assert answer.headers.get("location", "").startswith("/sign-in?then="), path
