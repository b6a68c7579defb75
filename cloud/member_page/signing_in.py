"""Signing in: a number, a code, the choice where a family shares a number; or WeChat's word for who follows us."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.limits import TooMany
from cloud.errors import CloudError, Invalid
from cloud.member_page import codes, following, sessions
from cloud.member_page.card_code import card_of
from cloud.member_page.codes import Typed
from cloud.member_page.rendering import answer, language_of
from cloud.member_page.visiting import Form, Here, OpenForm, Page, SignedIn, address_of, in_wechat, token_of
from cloud.members.models import Member
from cloud.privacy import CannotOpen, normal

HOME = "/me"
_MINUTE_S = 60
_WECHAT_S = 15 * _MINUTE_S
_PLACE = re.compile(r"/me(?:/(?!sign-in|code|choose|wechat|join)[A-Za-z0-9-]{1,64}){0,2}")
"""Where somebody goes on to who had to sign in once more: a page of ours, and none of signing in."""

router = APIRouter(include_in_schema=False)


@router.get("/me/sign-in")
def sign_in_page(request: Request, page: Here, then: str = HOME, why: str = "") -> Response:
    """Ask for the phone number."""
    said = why if why in {"sign_in_again", "wechat_unknown", "wechat_refused"} else ""
    return _ask_number(request, page, then=then, note=said)


@router.post("/me/sign-in")
def ask_code(request: Request, page: Here, form: OpenForm) -> Response:
    """Keep what is asked and go on to the code, whoever asks."""
    then, phone = _inside(form.get("then", "")), form.get("phone", "")[:40]
    token, now_ms = sessions.fresh_token(), page.clocks.machine.wall_ms()
    address = address_of(request)
    try:
        page.asks.admit(address)
        page.asks.failed(address)
        with page.database.session() as session:
            codes.ask(
                session, page.vault, page.mint, phone, language=language_of(request), token=token, now_ms=now_ms,
                minutes=page.settings.code_minutes,
            )  # fmt: skip
    except Invalid:
        return _ask_number(request, page, then=then, error="phone_invalid", phone=phone)
    except TooMany as limit:
        if form.get("again"):  # the code that came, or comes, is as good as before
            return _ask_typed(request, page, then=then, phone=phone, error="wait", seconds=limit.wait_s)
        return _ask_number(request, page, then=then, error="wait", phone=phone, seconds=limit.wait_s)
    response = _ask_typed(request, page, then=then, phone=phone)
    page.keep(response, "attempt", token, page.settings.code_minutes * _MINUTE_S)
    return response


@router.post("/me/code")
def check_code(request: Request, page: Here, form: OpenForm) -> Response:
    """Weigh the code."""
    then, phone, address = _inside(form.get("then", "")), form.get("phone", "")[:40], address_of(request)
    try:
        page.asks.admit(address)
    except TooMany as limit:
        return _ask_typed(request, page, then=then, phone=phone, error="wait", seconds=limit.wait_s)
    token = token_of(request, page, "attempt")
    with page.database.session() as session:
        found = codes.check(session, page.vault, token, form.get("code", "")[:20], page.clocks.machine.wall_ms())
    if found.typed is not Typed.RIGHT:
        page.asks.failed(address)
        error = "code_wrong" if found.typed is Typed.WRONG else "code_over"
        return _ask_typed(request, page, then=then, phone=phone, error=error)
    if len(found.members) != 1:
        return _choose(request, page, found.members, then)
    return _begin(request, page, found.members[0], then)


@router.get("/me/code")
@router.get("/me/choose")
def begin_again() -> Response:
    """Lead somebody who loads a step of signing in again to its first one."""
    return RedirectResponse("/me/sign-in", HTTPStatus.SEE_OTHER)


@router.post("/me/choose")
def choose(request: Request, page: Here, form: OpenForm) -> Response:
    """Sign in one of those who share a number."""
    with page.database.snapshot() as session:
        token, now_ms = token_of(request, page, "attempt"), page.clocks.machine.wall_ms()
        allowed = codes.proven(session, token, now_ms)
    chosen = next((member for member in allowed if str(member) == form.get("member")), None)
    if chosen is None:
        return _ask_number(request, page, then=HOME, error="code_over")
    return _begin(request, page, chosen, _inside(form.get("then", "")))


@router.post("/me/sign-out")
def sign_out(request: Request, page: Here, visitor: SignedIn, form: Form) -> Response:
    """End this session, or all of the member's."""
    with page.database.session() as session:
        if form.get("everywhere"):
            sessions.end_all(session, visitor.member)
        sessions.end(session, token_of(request, page))
    response = RedirectResponse("/me/sign-in", HTTPStatus.SEE_OTHER)
    page.drop(response, "me")
    return response


@router.get("/me/wechat")
def to_wechat(page: Here) -> Response:
    """Where the official account's menu leads: ask WeChat who is there."""
    state = secrets.token_urlsafe(24)
    back = f"{page.settings.url}/me/wechat/back"
    response = RedirectResponse(page.visitors.authorize_url(back, state), HTTPStatus.SEE_OTHER)
    page.keep(response, "state", state, _WECHAT_S)
    return response


@router.get("/me/wechat/back")
def from_wechat(request: Request, page: Here, code: str = "", state: str = "") -> Response:
    """WeChat sends somebody back: sign in who is known, have who is not prove a number first."""
    expected = token_of(request, page, "state")
    if not expected or not secrets.compare_digest(expected.encode(), state.encode()):
        return _to_sign_in("wechat_refused")
    try:
        openid = page.visitors.openid(code[:200])
    except CloudError:
        return _to_sign_in("wechat_refused")
    with page.database.snapshot() as session:
        member = following.member_of(session, page.vault, openid)
        known = member is not None and _is_active(session, member)
        here = sessions.visitor(session, token_of(request, page), page.clocks.machine.wall_ms())
    if member is not None and known:
        response = _begin(request, page, member, HOME, by="wechat")
    elif here is not None:
        # Signed in already, by a code to their phone: nothing is left to prove.
        with page.database.session() as session:
            following.link(session, page.vault, here.member, openid, page.clocks.machine.wall_ms())
        response = RedirectResponse("/me/more", HTTPStatus.SEE_OTHER)
    else:
        response = _to_sign_in("wechat_unknown")
        page.keep(response, "wechat", page.vault.encrypt(openid, _PENDING).hex(), _WECHAT_S)
    page.drop(response, "state")
    return response


_PENDING = "member_page/wechat"


def _begin(request: Request, page: Page, member: UUID, then: str, by: str = "phone") -> Response:
    now_ms, days = page.clocks.machine.wall_ms(), page.settings.session_days
    with page.database.session() as session:
        token = sessions.begin(session, member, by=by, now_ms=now_ms, days=days)
        codes.finish(session, token_of(request, page, "attempt"), now_ms)
        waiting = token_of(request, page, "wechat")
        if by == "phone" and waiting:
            with suppress(ValueError, CannotOpen):
                openid = page.vault.decrypt(bytes.fromhex(waiting), _PENDING)
                following.link(session, page.vault, member, openid, now_ms)
    response = RedirectResponse(then, HTTPStatus.SEE_OTHER)
    page.keep(response, "me", token, days * 24 * 3600)
    for name in ("attempt", "form", "wechat"):
        page.drop(response, name)
    return response


def _ask_number(
    request: Request, page: Page, *, then: str, note: str = "", error: str = "", phone: str = "", seconds: int = 0
) -> Response:
    values = {"then": _inside(then), "note": note, "error": error, "phone": phone, "seconds": seconds}
    return _open_form(request, page, "sign_in", in_wechat=in_wechat(request, page), **values)


def _ask_typed(request: Request, page: Page, *, then: str, phone: str, error: str = "", seconds: int = 0) -> Response:
    """Ask for the code. `phone` is what was typed: the form carries it, so that another code is one touch."""
    values = {
        "then": then, "phone": phone, "shown": _masked(phone), "error": error, "seconds": seconds,
        "minutes": page.settings.code_minutes, "pause_s": codes.PAUSE_MS // 1000, "fresh": not error,
    }  # fmt: skip
    return _open_form(request, page, "code", **values)


def _choose(request: Request, page: Page, members: Sequence[UUID], then: str) -> Response:
    with page.database.snapshot() as session:
        choices = [_choice(session, member) for member in members]
    return _open_form(request, page, "choose", choices=choices, then=then)


def _choice(session: Session, member: UUID) -> tuple[str, str, str]:
    card = card_of(session, member)
    return str(member), session.get_one(Member, member).masked_name, "" if card is None else card.masked


def _open_form(request: Request, page: Page, name: str, **values: object) -> Response:
    """Show a form to somebody who is not signed in, with a mark bound to their browser."""
    token = token_of(request, page, "form") or sessions.fresh_token()
    error = values.get("error")
    status = HTTPStatus.OK if not error else HTTPStatus.UNPROCESSABLE_ENTITY
    if error == "wait":
        status = HTTPStatus.TOO_MANY_REQUESTS
    response = answer(request, name, status=status, **{**values, "mark": sessions.mark_of(token)})
    page.keep(response, "form", token, 60 * _MINUTE_S)
    return response


def _to_sign_in(why: str, then: str = HOME) -> Response:
    return RedirectResponse(f"/me/sign-in?why={why}&then={quote(then)}", HTTPStatus.SEE_OTHER)


def _inside(then: str) -> str:
    return then if _PLACE.fullmatch(then) else HOME


def _masked(phone: str) -> str:
    """Return a number so that its owner knows it and nobody over their shoulder does; empty for none."""
    try:
        number = normal.phone(phone)
    except Invalid:
        return ""
    return f"{number[:-8]}****{number[-4:]}" if len(number) > 10 else f"****{number[-4:]}"


def _is_active(session: Session, member: UUID) -> bool:
    row = session.get(Member, member)
    return row is not None and row.status == "active"
