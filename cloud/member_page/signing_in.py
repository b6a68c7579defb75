"""Signing in: a number, a code, the choice where a family shares a number; or WeChat's word for who follows us."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.limits import TooMany
from cloud.errors import CloudError, Invalid
from cloud.member_page import codes, following, sessions
from cloud.member_page.card_code import card_of
from cloud.member_page.codes import Typed
from cloud.member_page.entering import HOME, MINUTE_S, PENDING, begin, inside, open_form, to_sign_in
from cloud.member_page.joining_pages import ask_to_join
from cloud.member_page.rendering import language_of
from cloud.member_page.visiting import Form, Here, OpenForm, Page, SignedIn, address_of, in_wechat, token_of
from cloud.members.models import Member
from cloud.privacy import normal

_WECHAT_S = 15 * MINUTE_S

router = APIRouter(include_in_schema=False)


@router.get("/me/sign-in")
def sign_in_page(request: Request, page: Here, then: str = HOME, why: str = "") -> Response:
    """Ask for the phone number."""
    said = why if why in {"sign_in_again", "wechat_unknown", "wechat_refused", "join_again"} else ""
    return _ask_number(request, page, then=then, note=said)


@router.post("/me/sign-in")
def ask_code(request: Request, page: Here, form: OpenForm) -> Response:
    """Keep what is asked and go on to the code, whoever asks."""
    then, phone = inside(form.get("then", "")), form.get("phone", "")[:40]
    token, now_ms = sessions.fresh_token(), page.clocks.machine.wall_ms()
    address = address_of(request)
    try:
        page.asks.attempt(address)
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
    page.keep(response, "attempt", token, page.settings.code_minutes * MINUTE_S)
    return response


@router.post("/me/code")
def check_code(request: Request, page: Here, form: OpenForm) -> Response:
    """Weigh the code."""
    then, phone, address = inside(form.get("then", "")), form.get("phone", "")[:40], address_of(request)
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
    if not found.members:  # a stranger gets no code but where they may join
        return ask_to_join(request, page, phone)
    if len(found.members) != 1:
        return _choose(request, page, found.members, then)
    return begin(request, page, found.members[0], then)


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
    return begin(request, page, chosen, inside(form.get("then", "")))


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
        return to_sign_in("wechat_refused")
    try:
        openid = page.visitors.openid(code[:200])
    except CloudError:
        return to_sign_in("wechat_refused")
    with page.database.snapshot() as session:
        member = following.member_of(session, page.vault, openid)
        known = member is not None and _is_active(session, member)
        here = sessions.visitor(session, token_of(request, page), page.clocks.machine.wall_ms())
    if member is not None and known:
        response = begin(request, page, member, HOME, by="wechat")
    elif here is not None:
        # Signed in already, by a code to their phone: nothing is left to prove.
        with page.database.session() as session:
            following.link(session, page.vault, here.member, openid, page.clocks.machine.wall_ms())
        response = RedirectResponse("/me/more", HTTPStatus.SEE_OTHER)
    else:
        response = to_sign_in("wechat_unknown")
        page.keep(response, "wechat", page.vault.encrypt(openid, PENDING).hex(), _WECHAT_S)
    page.drop(response, "state")
    return response


def _ask_number(
    request: Request, page: Page, *, then: str, note: str = "", error: str = "", phone: str = "", seconds: int = 0
) -> Response:
    values = {"then": inside(then), "note": note, "error": error, "phone": phone, "seconds": seconds}
    return open_form(request, page, "sign_in", in_wechat=in_wechat(request, page), **values)


def _ask_typed(request: Request, page: Page, *, then: str, phone: str, error: str = "", seconds: int = 0) -> Response:
    """Ask for the code. `phone` is what was typed: the form carries it, so that another code is one touch."""
    values = {
        "then": then, "phone": phone, "shown": _masked(phone), "error": error, "seconds": seconds,
        "minutes": page.settings.code_minutes, "pause_s": codes.PAUSE_MS // 1000, "fresh": not error,
    }  # fmt: skip
    return open_form(request, page, "code", **values)


def _choose(request: Request, page: Page, members: Sequence[UUID], then: str) -> Response:
    with page.database.snapshot() as session:
        choices = [_choice(session, member) for member in members]
    return open_form(request, page, "choose", choices=choices, then=then)


def _choice(session: Session, member: UUID) -> tuple[str, str, str]:
    card = card_of(session, member)
    return str(member), session.get_one(Member, member).masked_name, "" if card is None else card.masked


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
