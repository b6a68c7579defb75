"""Every route of the console against every role: each act has a rule, and nobody sees what they may not use.

Both are generated from the routes: a page that joins the console is held to this without a line here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match

from cloud.console.registry import ENTRIES
from cloud.database import Database
from cloud.identity.people import RIGHTS, Right, Role
from cloud.prices.drafts import create_draft
from cloud.web.signing_in import right_of
from tests.cloud.console_data import a_normal_day, console
from tests.cloud.promotions_data import ANA, a_chain, plan
from tests.cloud.visiting import Visitor, make_person
from tests.factories import START_MS, new_id

OPEN = {"/sign-in"}
"""What may be sent without a session: signing in itself, with a mark of its own."""
MOST_PAGES = 150


def _routes(app: FastAPI) -> list[APIRoute]:
    """Every route of the pages, those of nested routers too."""

    def below(routes: list[BaseRoute]) -> Iterator[APIRoute]:
        for route in routes:
            if isinstance(route, APIRoute):
                yield route
            else:
                inner = getattr(route, "original_router", None) or getattr(route, "app", None)
                yield from below(getattr(inner, "routes", []))

    return [route for route in below(app.routes) if not route.path.startswith("/api/")]


def _rights(dependant: Dependant) -> set[Right]:
    own = right_of(dependant.call)
    return ({own} if own else set()).union(*(_rights(inner) for inner in dependant.dependencies))


def _route_of(app: FastAPI, method: str, path: str) -> APIRoute | None:
    scope = {"type": "http", "method": method, "path": path, "headers": []}
    for route in _routes(app):
        if route.matches(scope)[0] is Match.FULL:
            return route
    return None


class _Controls(HTMLParser):
    """Collects what a page lets somebody do: where its forms go, where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.found.append((str(given.get("method", "get")).upper(), given.get("action") or ""))
        if tag == "a" and given.get("href"):
            self.found.append(("GET", str(given["href"])))
        if given.get("formaction"):
            self.found.append(("POST", str(given["formaction"])))
        if given.get("hx-post"):
            self.found.append(("POST", str(given["hx-post"])))


def _controls(text: str) -> list[tuple[str, str]]:
    parser = _Controls()
    parser.feed(text)
    return [(method, re.split(r"[?#]", to)[0]) for method, to in parser.found if to.startswith("/")]


def test_every_form_has_a_rule(sqlite_database: Database) -> None:
    posts = [route for route in _routes(console(sqlite_database)) if route.methods - {"GET", "HEAD"}]
    assert len(posts) > 30
    without = [route.path for route in posts if not _rights(route.dependant) and route.path not in OPEN]
    assert without == [], "say with form_by(...) who may send these"


def test_every_page_to_go_to_asks_for_what_its_entry_says(sqlite_database: Database) -> None:
    app = console(sqlite_database)
    for entry in ENTRIES:
        route = _route_of(app, "GET", entry.path)
        assert route is not None, entry.path
        asked = _rights(route.dependant)
        assert (entry.right is Right.READ and asked <= {Right.READ}) or entry.right in asked, entry.path


def _plans(database: Database) -> None:
    """A promotion and a price change, both drafts."""
    a_chain(database)
    with database.session() as session:
        plan(session)
        create_draft(session, new_id(), "New prices", actor=ANA.actor, wall_ms=START_MS, targets=["all"])


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("fill", [a_normal_day, _plans])
def test_nobody_sees_what_they_may_not_use(
    sqlite_database: Database, role: Role, fill: Callable[[Database], None]
) -> None:
    fill(sqlite_database)
    make_person(sqlite_database, role=role)
    make_person(sqlite_database, name="boss", role=Role.ADMIN)
    app = console(sqlite_database)
    visitor = Visitor(app)
    visitor.enter()
    waiting, seen, faults = ["/"], set[str](), list[str]()
    while waiting and len(seen) < MOST_PAGES:
        here = waiting.pop(0)
        page = visitor.get(here)
        onward = page.headers.get("location", "")
        fault = f"{role} is led to {here}: {page.status_code}"
        assert page.status_code in {200, 303, 404}, fault  # 404: what the fixture's books say of nobody in its tables
        assert "/sign-in" not in onward, fault
        for method, to in _controls(page.text):
            route = _route_of(app, method, to)
            if route is None:
                continue  # a file
            missing = _rights(route.dependant) - RIGHTS[role]
            if missing:
                faults.append(f"{here} shows {role} {method} {to}, which needs {', '.join(sorted(missing))}")
            elif method == "GET" and route.path not in seen:
                seen.add(route.path)
                waiting.append(to)
    assert faults == []
    assert {entry.path for entry in ENTRIES if entry.right in RIGHTS[role]} <= seen
    assert not {entry.path for entry in ENTRIES if entry.right not in RIGHTS[role]} & seen
