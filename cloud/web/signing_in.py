"""Signing in to the console: who asks, what they may do, and that a form is one of ours."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from cloud.api.body import read_body
from cloud.api.limits import FailureLimit, TooMany
from cloud.api.services import Here, Services
from cloud.clock import SystemMachineClock
from cloud.errors import CloudError, Invalid
from cloud.identity import people, sessions
from cloud.identity.people import Right, Signed
from cloud.identity.refusals import Unproven
from cloud.web.refusing import refusal_words
from cloud.web.rendering import answer
from cloud.web.speaking import language_of
from shared.web.phrases import Phrase
from shared.web.words import marked

COOKIE = "storewire_session"
FORM_COOKIE = "storewire_form"
"""Stands for a session while somebody is still signing in."""
MARK = "mark"
"""The field that every form carries."""
MOST_BYTES = 4 * 1024 * 1024
_WRONG, _WINDOW_S = 10, 60.0
ACCOUNT = "/account"
"""Where people change their own password."""
_FOREIGN = Phrase("This form is not from your session. Load the page again and repeat.")
_BEFORE_CHANGE = frozenset({ACCOUNT, f"{ACCOUNT}/password", "/sign-out"})

F = TypeVar("F", bound=Callable[..., Any])
router = APIRouter(include_in_schema=False)
_RIGHTS: dict[object, Right] = {}
"""What each dependency made here asks for, so that a test can hold every route against every role."""


class SignInNeeded(CloudError):
    """Nobody is signed in, and somebody must be."""


class PasswordNeeded(CloudError):
    """Somebody signed in with a password they were told, and has to choose their own before anything else."""


class NotAllowed(CloudError):
    """The person may not do this, or the form is not one of this session's. The text is marked."""


@dataclass(frozen=True)
class Posted:
    """What a form of ours said, and who sent it."""

    who: Signed
    fields: Sequence[tuple[str, str]]

    def get(self, name: str) -> str:
        """Return a field's value without the blanks around it, empty where it was not sent."""
        return next((value.strip() for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return every value sent of a field."""
        return [value for key, value in self.fields if key == name]


def admitted(request: Request, services: Here) -> None:
    """Let a request for a page pass, and note who is signed in.

    Until somebody makes the first sign-in, whoever is at this machine may read, and change nothing.
    """
    token, now_ms = request.cookies.get(COOKIE, ""), services.clocks.machine.wall_ms()
    with services.database.snapshot() as session:
        who = sessions.signed(session, token, now_ms)
        shut = who is None and people.anybody(session)
        unseen = who is not None and sessions.unseen(session, token, now_ms)
    request.state.signed = who
    if shut or (who is None and request.method not in {"GET", "HEAD"}):
        raise SignInNeeded("sign in first")
    if who is not None and who.must_change and request.url.path not in _BEFORE_CHANGE:
        raise PasswordNeeded("choose a password of your own first")
    if unseen:
        with services.database.session() as session:
            sessions.see(session, token, now_ms)


def person_with(right: Right) -> Callable[[Request], Signed]:
    """Return a dependency that yields who is signed in if they have a right."""

    def current(request: Request) -> Signed:
        who: Signed | None = request.state.signed
        if who is None:
            raise SignInNeeded("sign in first")
        if not who.may(right):
            raise NotAllowed(Phrase("Your role does not let you do this. Ask an admin of the console."))
        return who

    return ruled(current, right)


def form_by(right: Right) -> Callable[[Request], Awaitable[Posted]]:
    """Return a dependency that yields what a form said, if it is this session's and its sender has a right."""
    check = person_with(right)

    async def posted(request: Request) -> Posted:
        who = check(request)
        fields = await _fields(request)
        check_mark(fields, who.mark)
        return Posted(who, fields)

    return ruled(posted, right)


def ruled(dependency: F, right: Right) -> F:
    """Note which right a dependency asks for and return it."""
    _RIGHTS[dependency] = right
    return dependency


def right_of(dependency: object) -> Right | None:
    """Return the right that one of our dependencies asks for, None for any other function."""
    return _RIGHTS.get(dependency)


async def _fields(request: Request) -> list[tuple[str, str]]:
    body = await read_body(request, MOST_BYTES, "this form is too large")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20_000)
    except ValueError:
        raise Invalid("this form cannot be read: load the page again") from None
    if any("\0" in value for _, value in fields):  # no database of ours keeps it, and nobody types it
        raise Invalid("this form cannot be read: load the page again")
    return fields


def check_mark(fields: Sequence[tuple[str, str]], expected: str) -> None:
    """Refuse a form that does not carry a session's mark. Raise NotAllowed."""
    found = next((value for key, value in fields if key == MARK), "")
    if not hmac.compare_digest(found.encode(), expected.encode()):
        raise NotAllowed(_FOREIGN)


@router.get("/sign-in")
def sign_in_page(request: Request, services: Here, then: str = "/") -> Response:
    """Who are you?"""
    return _sign_in_page(request, services, then)


def _sign_in_page(request: Request, services: Services, then: str, refused: str = "") -> Response:
    with services.database.snapshot() as session:
        first = not people.anybody(session)
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
    values = {
        "first": first,
        "then": _inside(then),
        "refused": refused,
        "mark": sessions.mark_of(token),
        "signed": None,
    }
    status = HTTPStatus.UNAUTHORIZED if refused else HTTPStatus.OK
    response = answer(request, language_of(request), "sign_in", values, status)
    response.set_cookie(FORM_COOKIE, token, httponly=True, samesite="strict")
    return response


@router.post("/sign-in")
async def sign_in(request: Request, services: Here) -> Response:
    """Begin a session."""
    fields, token = dict(await _fields(request)), request.cookies.get(FORM_COOKIE, "")
    if not token:  # anybody can work out the mark of nothing: another site would sign people in as whom it likes
        raise NotAllowed(_FOREIGN)
    check_mark(list(fields.items()), sessions.mark_of(token))
    return await run_in_threadpool(_signed_in, request, services, fields)


def _signed_in(request: Request, services: Services, fields: dict[str, str]) -> Response:
    name, then = fields.get("name", "").strip().lower()[:32], _inside(fields.get("then", "/"))
    limit: FailureLimit = request.app.state.sign_ins
    try:
        limit.attempt(name)
        with services.database.session() as session:
            token = sessions.sign_in(session, name, fields.get("password", ""), services.clocks.machine.wall_ms())
        limit.succeeded(name)
    except Unproven:
        with services.database.session() as session:
            sessions.failed(session, name, services.clocks.machine.wall_ms())
        return _sign_in_page(request, services, then, marked("Name and password do not fit. Try again."))
    except TooMany:
        return _sign_in_page(request, services, then, marked("Too many attempts. Wait a minute and try again."))
    response = RedirectResponse(then, HTTPStatus.SEE_OTHER)
    response.set_cookie(COOKIE, token, max_age=sessions.SESSION_MS // 1000, httponly=True, samesite="strict")
    response.delete_cookie(FORM_COOKIE)
    return response


@router.post("/sign-out", dependencies=[Depends(admitted)])
def sign_out(request: Request, services: Here, _form: Annotated[Posted, Depends(form_by(Right.READ))]) -> Response:
    """End the session."""
    with services.database.session() as session:
        sessions.sign_out(session, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE)
    return response


def _inside(then: str) -> str:
    """Return where to go on, which is never another site."""
    return then if then.startswith("/") and not then.startswith(("//", "/\\")) and then.isprintable() else "/"


def install(app: FastAPI) -> None:
    """Put the sign-in on an application, and let what is refused be said as a page."""
    app.state.sign_ins = FailureLimit(SystemMachineClock(), limit=_WRONG, window_s=_WINDOW_S)
    app.include_router(router)

    def to_sign_in(request: Request, _error: Exception) -> Response:
        if "text/event-stream" in request.headers.get("Accept", "") or request.headers.get("HX-Request"):
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        then = back if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?then={quote(then, safe='')}", HTTPStatus.SEE_OTHER)

    def refused(request: Request, error: Exception) -> Response:
        return answer(request, language_of(request), "refused", {"why": refusal_words(error, {})}, HTTPStatus.FORBIDDEN)

    def to_own_password(_request: Request, _error: Exception) -> Response:
        return RedirectResponse(ACCOUNT, HTTPStatus.SEE_OTHER)

    app.exception_handler(SignInNeeded)(to_sign_in)
    app.exception_handler(PasswordNeeded)(to_own_password)
    app.exception_handler(NotAllowed)(refused)
