"""What members tell of themselves on their page: each field optional, what was told before is not shown again.

Whoever holds the telephone can add to it and read nothing. A birthday is told once here, for it brings gifts; changing
it takes a service desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from cloud.database.commits import open_commit
from cloud.errors import Invalid
from cloud.member_page.rendering import answer, language_of
from cloud.member_page.sessions import Visitor
from cloud.member_page.visiting import Form, Here, Page, SignedIn
from cloud.members import changing, rules, value
from cloud.members.models import MemberField
from cloud.members.profile import BIRTHDAY, PROFILE, SEEDS, ProfileField, checked
from shared.web.words import Language

router = APIRouter(include_in_schema=False)

_SEVERAL = "choices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A field as the page asks for it."""

    name: str
    field: ProfileField
    told: bool

    @property
    def fixed(self) -> bool:
        """Whether it is no more for this page to change."""
        return self.told and self.name == BIRTHDAY


@dataclass(frozen=True, slots=True)
class Reward:
    """What a member still gets for filling in these fields."""

    points: int
    fields: Sequence[str]


def reward_for(session: Session, member: UUID, language: Language) -> Reward | None:
    """Return what telling more brings a member, None where nothing is to be had, or was had."""
    rule = rules.newest(session, rules.ProfileReward)
    if not rule.points or value.profile_rewarded(session, member):
        return None
    return Reward(rule.points, [PROFILE[name].names[language] for name in rule.fields])


@router.get("/me/profile")
def profile(request: Request, page: Here, visitor: SignedIn, done: str = "", points: int = 0) -> Response:
    """Ask what a member would like to tell."""
    return _page(request, page, visitor, kept=bool(done), points=points)


@router.post("/me/profile")
def tell(request: Request, page: Here, visitor: SignedIn, form: Form) -> Response:
    """Keep what was filled in and take away what was ticked; empty fields stay as they are."""
    now_ms, business_ms = page.clocks.machine.wall_ms(), page.clocks.business.now_ms()
    with page.database.snapshot() as session:
        asked = _asked(session, visitor.member)
    fields = _read(form, asked)
    wrong = next((name for name, text in fields.items() if text and not _fits(name, text)), "")
    if wrong:
        return _page(request, page, visitor, wrong=wrong, typed=form)
    with page.database.session() as session:
        done = changing.change(
            session, page.vault, visitor.member, fields, source="member_page", actor=visitor.actor,
            commit_no=open_commit(session, now_ms), now_ms=now_ms, business_ms=business_ms,
        )  # fmt: skip
    return RedirectResponse(f"/me/profile?done=1&points={done.rewarded}", HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    page: Page,
    visitor: Visitor,
    *,
    wrong: str = "",
    typed: Mapping[str, str] | None = None,
    kept: bool = False,
    points: int = 0,
) -> Response:
    language = language_of(request)
    with page.database.snapshot() as session:
        asked, reward = _asked(session, visitor.member), reward_for(session, visitor.member, language)
    return answer(
        request, "profile", status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK, tab="more",
        mark=visitor.mark, asked=asked, reward=reward, kept=kept, points=max(points, 0), wrong=wrong,
        typed=typed or {},        called={one.name: one.field.names[language] for one in asked}, language=language,
    )  # fmt: skip


def _asked(session: Session, member: UUID) -> Sequence[Asked]:
    told = set(session.exec(select(MemberField.name).where(col(MemberField.member_id) == member)))
    return [Asked(name=name, field=PROFILE[name], told=name in told) for name in SEEDS]


def _read(form: Mapping[str, str], asked: Sequence[Asked]) -> dict[str, str]:
    """Return what a form changes: texts to keep, empty ones for what is to go."""
    fields: dict[str, str] = {}
    for one in asked:
        if one.fixed:
            continue
        text = form.get(one.name, "").strip()
        if one.field.form == _SEVERAL:
            text = ",".join(code for code in one.field.choices if form.get(f"{one.name}.{code}"))
        if text:
            fields[one.name] = text
        elif one.told and form.get(f"gone.{one.name}"):
            fields[one.name] = ""
    return fields


def _fits(name: str, text: str) -> bool:
    try:
        checked(name, text)
    except Invalid:
        return False
    return True
