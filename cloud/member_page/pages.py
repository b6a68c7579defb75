"""The pages of a member who is signed in: the card first, then what they have, and what they may do with their data."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.e_receipts.reading import e_receipt
from cloud.errors import NotFound
from cloud.member_page import movements, reading, receipt_list
from cloud.member_page.card_code import REFRESH_S, VALID_S, card_of, code_text, drawn
from cloud.member_page.coupons import CouponShown, coupons_of
from cloud.member_page.holdings import purses_of
from cloud.member_page.joining import may_have_card
from cloud.member_page.rendering import answer, language_of, today
from cloud.member_page.sessions import Visitor
from cloud.member_page.visiting import Here, Page, SignedIn
from cloud.members import blocks, rules
from cloud.members.models import Member
from shared.receipt.html import to_fragment
from shared.web.words import Language

_FIRST_COUPONS = 2
Before = Annotated[int | None, Query(ge=0, lt=2**53)]
"""The moment that a page of something older goes on before."""

router = APIRouter(include_in_schema=False)


@router.get("/")
def root() -> Response:
    """Lead to the page."""
    return RedirectResponse("/me", HTTPStatus.SEE_OTHER)


@router.get("/me")
def home(request: Request, page: Here, visitor: SignedIn) -> Response:
    """Show the card, and below it what the member has."""
    now_ms = page.clocks.business.now_ms()
    with page.database.snapshot() as session:
        values = _standing(session, visitor.member, language_of(request), now_ms)
        row, card = session.get_one(Member, visitor.member), card_of(session, visitor.member)
        coupons = _coupons(session, page, visitor.member, language_of(request))
        name, masked = row.masked_name, "" if card is None else card.masked
        takes = card is None and may_have_card(session, visitor.member)
    return answer(
        request, "card", tab="card", mark=visitor.mark, name=name, card=masked, refresh_s=REFRESH_S, valid_s=VALID_S,
        stamp=now_ms, coupons=coupons[:_FIRST_COUPONS], more_coupons=len(coupons) > _FIRST_COUPONS, takes=takes,
        **values,
    )  # fmt: skip


def _coupons(session: Session, page: Page, member: UUID, language: Language) -> Sequence[CouponShown]:
    now_ms = page.clocks.business.now_ms()
    day = today(now_ms, reading.house_of(session, member).zone)
    return coupons_of(session, member, day, now_ms, language)


def _standing(session: Session, member: UUID, language: Language, now_ms: int) -> dict[str, Any]:
    house = reading.house_of(session, member)
    day = today(now_ms, house.zone)
    standing = reading.standing(session, member, day, house, language)
    return {
        "house": house,
        "blocked": blocks.standing(session, [member]).get(member, frozenset()),
        "points": reading.points_held(session, member, day),
        "standing": standing,
        "board": rules.newest(session, rules.Leaderboard).on,
        "hands_on": rules.newest(session, rules.Transfers).to != "nobody",
        "purses": purses_of(session, member),
    }


@router.get("/me/code.svg")
def code(page: Here, visitor: SignedIn) -> Response:
    """Draw a code that counts from now on. Raise NotFound for a member without a card in use."""
    with page.database.snapshot() as session:
        card = card_of(session, visitor.member)
        if card is None:
            raise NotFound("no card in use")
        text = code_text(page.vault, page.signing, card, page.clocks.machine.wall_ms())
    return _picture(drawn(text))


@router.get("/me/coupons")
def coupons(request: Request, page: Here, visitor: SignedIn) -> Response:
    """List the member's coupons, the one that ends first above."""
    with page.database.snapshot() as session:
        found = _coupons(session, page, visitor.member, language_of(request))
        blocked = blocks.standing(session, [visitor.member]).get(visitor.member, frozenset()) - {blocks.POINTS}
    return answer(request, "coupons", tab="coupons", mark=visitor.mark, coupons=found, blocked=blocked)


@router.get("/me/coupons/{code}")
def coupon(request: Request, page: Here, visitor: SignedIn, code: str) -> Response:
    """Show one coupon with its code. Raise NotFound for one that is not theirs, or over."""
    return answer(request, "coupon", tab="coupons", mark=visitor.mark, one=_coupon(request, page, visitor, code))


@router.get("/me/coupons/{code}/code.svg")
def coupon_code(request: Request, page: Here, visitor: SignedIn, code: str) -> Response:
    """Draw a coupon's code. Raise NotFound as above."""
    return _picture(drawn(_coupon(request, page, visitor, code).code))


def _coupon(request: Request, page: Page, visitor: Visitor, code: str) -> CouponShown:
    with page.database.snapshot() as session:
        found = _coupons(session, page, visitor.member, language_of(request))
    one = next((coupon for coupon in found if coupon.code == code), None)
    if one is None:
        raise NotFound("no coupon of this member")
    return one


def _picture(svg: str) -> Response:
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@router.get("/me/points")
def points(request: Request, page: Here, visitor: SignedIn, before: Before = None) -> Response:
    """Show points, the tier and how they came about."""
    with page.database.snapshot() as session:
        values = _standing(session, visitor.member, language_of(request), page.clocks.business.now_ms())
        moved = movements.of_points(session, visitor.member, before)
    return answer(request, "points", tab="card", mark=visitor.mark, moved=moved, before=before, **values)


@router.get("/me/value")
def value(request: Request, page: Here, visitor: SignedIn, before: Before = None, currency: str = "") -> Response:
    """Show stored value: what was paid in and what was given, apart, and how it came and went."""
    with page.database.snapshot() as session:
        house, purses = reading.house_of(session, visitor.member), purses_of(session, visitor.member)
        moved = {
            one.currency: movements.of_purse(
                session, visitor.member, one.currency, before if one.currency == currency else None
            )
            for one in purses
        }
    return answer(
        request, "value", tab="card", mark=visitor.mark, purses=purses, moved=moved, house=house, before=before
    )


@router.get("/me/receipts")
def receipts(request: Request, page: Here, visitor: SignedIn, before: Before = None) -> Response:
    """List what the member bought."""
    with page.database.snapshot() as session:
        found = receipt_list.page_of(session, visitor.member, before)
    return answer(
        request, "receipts", tab="receipts", mark=visitor.mark, receipts=found.rows, older=found.older, before=before
    )


@router.get("/me/receipts/{sale}")
def receipt(request: Request, page: Here, visitor: SignedIn, sale: UUID) -> Response:
    """Show a receipt as the till printed it. Raise NotFound for one that is somebody else's."""
    language = language_of(request)
    with page.database.snapshot() as session:
        document = e_receipt(session, sale, language) if reading.is_theirs(session, visitor.member, sale) else None
        back = reading.came_back(session, [sale]).get(sale, ())
    if document is None:
        raise NotFound("no receipt of this member")
    paper = to_fragment(document)
    return answer(
        request, "receipt", tab="receipts", mark=visitor.mark, paper=paper, paper_lang=document.language, back=back
    )
