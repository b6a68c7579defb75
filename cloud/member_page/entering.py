"""What every way in has: a form for somebody who is not signed in yet, a session begun, a way back to the start."""

from __future__ import annotations

import re
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from cloud.member_page import codes, following, sessions
from cloud.member_page.rendering import answer
from cloud.member_page.visiting import Page, token_of
from cloud.privacy import CannotOpen

HOME = "/me"
MINUTE_S = 60
_PLACE = re.compile(r"/me(?:/(?!sign-in|code|choose|wechat|join)[A-Za-z0-9-]{1,64}){0,2}")
"""Where somebody goes on to who had to sign in once more: a page of ours, and none of signing in."""
PENDING = "member_page/wechat"
"""What somebody in WeChat is encrypted with until they have proven a number."""


def begin(request: Request, page: Page, member: UUID, then: str, by: str = "phone") -> Response:
    """Sign a member in, by `phone` or `wechat`, and lead on; a WeChat that waited for it is theirs from now on."""
    now_ms, days = page.clocks.machine.wall_ms(), page.settings.session_days
    with page.database.session() as session:
        token = sessions.begin(session, member, by=by, now_ms=now_ms, days=days)
        codes.finish(session, token_of(request, page, "attempt"), now_ms)
        waiting = token_of(request, page, "wechat")
        if by == "phone" and waiting:
            with suppress(ValueError, CannotOpen):
                openid = page.vault.decrypt(bytes.fromhex(waiting), PENDING)
                following.link(session, page.vault, member, openid, now_ms)
    response = RedirectResponse(then, HTTPStatus.SEE_OTHER)
    page.keep(response, "me", token, days * 24 * 3600)
    for name in ("attempt", "form", "wechat"):
        page.drop(response, name)
    return response


def open_form(request: Request, page: Page, template: str, /, **values: object) -> Response:
    """Show a form to somebody who is not signed in, with a mark bound to their browser."""
    token = token_of(request, page, "form") or sessions.fresh_token()
    error = values.get("error")
    status = HTTPStatus.OK if not error else HTTPStatus.UNPROCESSABLE_ENTITY
    if error == "wait":
        status = HTTPStatus.TOO_MANY_REQUESTS
    values["joining"] = page.settings.joining
    response = answer(request, template, status=status, **{**values, "mark": sessions.mark_of(token)})
    page.keep(response, "form", token, 60 * MINUTE_S)
    return response


def to_sign_in(why: str, then: str = HOME) -> Response:
    """Lead to the beginning, which says why."""
    return RedirectResponse(f"/me/sign-in?why={why}&then={quote(then)}", HTTPStatus.SEE_OTHER)


def inside(then: str) -> str:
    """Return where to go on to: a page of ours, else the card."""
    return then if _PLACE.fullmatch(then) else HOME
