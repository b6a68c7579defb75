"""The pages on which somebody becomes a member, and takes a card onto their telephone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.errors import Invalid, NotFound, Refused
from cloud.member_page import codes, joining
from cloud.member_page.consent_texts import joining_texts
from cloud.member_page.entering import HOME, begin, open_form, to_sign_in
from cloud.member_page.rendering import language_of
from cloud.member_page.visiting import Form, Here, OpenForm, Page, SignedIn, token_of
from cloud.members import enrolling
from cloud.members.home_days import HomeDays
from cloud.privacy import normal

PROVEN_S = 15 * 60
"""For so long after a code somebody may read what they agree to."""

router = APIRouter(include_in_schema=False)


def ask_to_join(
    request: Request, page: Page, phone: str, *, error: str = "", name: str = "", store: str = ""
) -> Response:
    """Show what joining means to somebody whose number is proven and no member's yet."""
    with page.database.snapshot() as session:
        texts, free = joining_texts(session, language_of(request)), joining.is_open(session)
        stores = joining.stores(session) if free else ()
    response = open_form(
        request, page, "join", phone=phone, texts=texts, free=free, stores=stores, error=error, name=name, store=store
    )
    page.keep(response, "attempt", token_of(request, page, "attempt"), PROVEN_S)
    return response


@router.post("/me/join")
def join(request: Request, page: Here, form: OpenForm) -> Response:
    """Make them a member and sign them in; sent twice, they are one."""
    name, store = (form.get(key, "").strip()[:100] for key in ("name", "store"))
    phone, error = form.get("phone", "")[:40], "join_wrong"
    try:
        with page.database.session() as session:
            member = _joined(request, page, session, form)
    except _NotProven:
        return to_sign_in("join_again")
    except Refused as refusal:
        error = "join_agree" if refusal.code == "consent_missing" else "join_desk"
    except (Invalid, NotFound):
        pass
    else:
        return begin(request, page, member, HOME)
    return ask_to_join(request, page, phone, error=error, name=name, store=store)


class _NotProven(Exception):
    """This browser has not proven this number, or too long ago."""


def _joined(request: Request, page: Page, session: Session, form: Mapping[str, str]) -> UUID:
    """Return who somebody is from now on."""
    phone, language = form.get("phone", "")[:40], language_of(request)
    token, now_ms = token_of(request, page, "attempt"), page.clocks.machine.wall_ms()
    if not page.settings.joining or not codes.proves(session, page.vault, token, phone, now_ms):
        raise _NotProven
    enrolling.alone_with(session, page.vault, phone)
    if known := codes.proven(session, token, now_ms):
        return known[0]
    texts = joining_texts(session, language)
    agreed = {one.channel: one.version for one in texts if form.get(f"agree.{one.channel}")}
    if any(one.required and one.channel not in agreed for one in texts):
        raise Refused("consent_missing", "nobody joins who has not agreed")
    joiner = joining.Joiner(
        phone=normal.phone(phone), name=form.get("name", "").strip(), store=form.get("store", ""),
        language=language, consents=agreed,
    )  # fmt: skip
    return joining.join(session, page.vault, page.mint, joiner, today=_today(page), now_ms=now_ms)


@router.post("/me/card")
def take_card(page: Here, visitor: SignedIn, form: Form) -> Response:
    """Give a member a card on their telephone; sent twice, they have one."""
    del form

    now_ms = page.clocks.machine.wall_ms()
    with suppress(Refused), page.database.session() as session:  # the card page says what there is
        joining.give_card(session, page.vault, page.mint, visitor.member, today=_today(page), now_ms=now_ms)
    return RedirectResponse(HOME, HTTPStatus.SEE_OTHER)


def _today(page: Page) -> HomeDays:
    return HomeDays(page.clocks.business.now_ms())
