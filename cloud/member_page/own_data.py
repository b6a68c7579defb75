"""What a member decides about their own data: what may be sent to them, seeing everything, leaving."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from cloud.channels.ports import ChannelName
from cloud.database.commits import open_commit
from cloud.database.sweeping import sweep
from cloud.errors import Refused
from cloud.member_lifecycle import disclosure, disclosure_page, leaving
from cloud.member_page import following, headers, profile_pages, reading
from cloud.member_page.consent_texts import text_for
from cloud.member_page.holdings import purses_of
from cloud.member_page.rendering import answer, language_of, today
from cloud.member_page.visiting import Form, Here, JustSignedIn, Page, SignedIn, in_wechat, is_wechat
from cloud.member_page.words import say
from cloud.members import consent
from cloud.members.enrolling import fields_of
from cloud.members.models import Consent
from cloud.members.profile import EMAIL, PHONE
from shared.web.words import Language

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)

router = APIRouter(include_in_schema=False)


@router.get("/me/more")
def more(request: Request, page: Here, visitor: SignedIn) -> Response:
    """Show what may be sent, and the rights over one's data."""
    with page.database.snapshot() as session:
        language = language_of(request)
        channels = [_channel(session, page, visitor.member, name, language) for name in ChannelName]
        zone = reading.house_of(session, visitor.member).zone
        linked = following.is_linked(session, visitor.member)
        reward = profile_pages.reward_for(session, visitor.member, language_of(request))
    return answer(
        request, "more", tab="more", mark=visitor.mark, channels=channels, zone=zone, linked=linked, reward=reward,
        binds=in_wechat(request, page) and not linked,
    )  # fmt: skip


def _channel(session: Session, page: Page, member: UUID, name: ChannelName, language: Language) -> dict[str, object]:
    found: Consent | None = consent.standing(session, member, name)
    if name is ChannelName.WECHAT:
        reached = following.is_linked(session, member)
    else:
        reached = (PHONE if name is ChannelName.SMS else EMAIL) in fields_of(session, page.vault, member)
    text = text_for(session, member, name, language)
    return {
        "name": str(name),
        "since_ms": None if found is None else found.given_ms,
        "version": "" if found is None else found.version,
        "text": text,
        "reached": reached,
    }


@router.post("/me/consents/{channel}")
def decide(request: Request, page: Here, visitor: SignedIn, form: Form, channel: ChannelName) -> Response:
    """Give or withdraw a consent; either is one touch."""
    actor, now_ms = visitor.actor, page.clocks.machine.wall_ms()
    with page.database.session() as session:
        if form.get("give"):
            text = text_for(session, visitor.member, channel, language_of(request))
            if form.get("version") == text.version:  # else it is another by now: they read that one first
                consent.give(
                    session, visitor.member, channel, version=text.version, source="member_page", actor=actor,
                    now_ms=now_ms,
                )  # fmt: skip
        elif consent.standing(session, visitor.member, channel) is not None:
            consent.withdraw(session, visitor.member, channel, actor=actor, now_ms=now_ms)
    return RedirectResponse("/me/more#messages", HTTPStatus.SEE_OTHER)


@router.post("/me/wechat/forget")
def forget_wechat(page: Here, visitor: SignedIn, form: Form) -> Response:
    """Forget who the member is in WeChat; nothing is sent there any more."""
    del form
    with page.database.session() as session:
        following.unlink(session, visitor.member)
    return RedirectResponse("/me/more", HTTPStatus.SEE_OTHER)


@router.get("/me/export")
def export_page(request: Request, visitor: JustSignedIn) -> Response:
    """Offer everything held, to read here or to keep."""
    return answer(request, "export", tab="more", mark=visitor.mark, elsewhere=is_wechat(request))


@router.post("/me/export")
def export(request: Request, page: Here, visitor: JustSignedIn, form: Form) -> Response:
    """Show everything held about the member, or give it as a file of data; the act is recorded."""
    now_ms = page.clocks.machine.wall_ms()
    with page.database.session() as session:
        facts = disclosure.export(session, page.vault, visitor.member, actor=visitor.actor, now_ms=now_ms)
    if form.get("file"):
        content = json.dumps(facts, ensure_ascii=False, indent=1)
        kept = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(content, media_type="application/json; charset=utf-8", headers=kept)
    written = disclosure_page.page(facts, language_of(request), back="/me/more")
    return HTMLResponse(written, headers={"Content-Security-Policy": headers.policy(_style_hash(written))})


def _style_hash(written: str) -> str:
    """Return what lets the page's own style through our policy, and no other."""
    found = _STYLE.search(written)
    digest = sha256((found.group(1) if found else "").encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@router.get("/me/leave")
def leave_page(request: Request, page: Here, visitor: JustSignedIn) -> Response:
    """Say what leaving means, in figures."""
    return _leave_page(request, page, visitor.member, visitor.mark)


def _leave_page(request: Request, page: Page, member: UUID, mark: str, error: str = "") -> Response:
    with page.database.snapshot() as session:
        day = today(page.clocks.business.now_ms(), reading.house_of(session, member).zone)
        points = reading.points_held(session, member, day)
        held = [purse.total for purse in purses_of(session, member) if purse.total.minor]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return answer(request, "leave", status=status, tab="more", mark=mark, points=points, held=held, error=error)


@router.post("/me/leave")
def leave(request: Request, page: Here, visitor: JustSignedIn, form: Form) -> Response:
    """Erase who the member is, once they typed that they want it and nothing of worth is left behind unsaid."""
    member, typed = visitor.member, form.get("typed", "").strip()
    if typed.casefold() not in {say("en", "leave_word").casefold(), say("zh", "leave_word")}:
        return _leave_page(request, page, member, visitor.mark, "leave_not_typed")
    now_ms = page.clocks.machine.wall_ms()
    try:
        with page.database.session() as session:
            _refuse_money(session, member)
            commit_no = open_commit(session, now_ms)
            leaving.erase(
                session,
                page.mint,
                member,
                confirm=str(member),
                reason="asked for on the member's page",
                actor=visitor.actor,
                commit_no=commit_no,
                now_ms=now_ms,
                give_up_points=bool(form.get("give_up")),
            )
    except Refused as refusal:
        error = {
            "holds_points": "leave_points_first",
            "holds_pending": "leave_pending",
            "not_open": "leave_pending",
        }.get(refusal.code, "problem")
        return _leave_page(request, page, member, visitor.mark, error)
    sweep(page.database)
    response = answer(request, "left")
    page.drop(response, "me")
    return response


def _refuse_money(session: Session, member: UUID) -> None:
    """Raise Refused (`holds_money`) while there is stored value: it is paid back at a desk, never given up here."""
    if any(purse.total.minor for purse in purses_of(session, member)):
        raise Refused("holds_money", "stored value is paid back first")
