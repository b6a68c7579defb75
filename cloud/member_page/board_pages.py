"""The leaderboard as a member sees it: who agreed to stand there, their own place, one touch on and one off."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from cloud.errors import NotFound
from cloud.loyalty import leaderboard
from cloud.member_page import reading
from cloud.member_page.rendering import answer, today
from cloud.member_page.visiting import Form, Here, SignedIn
from cloud.members import consent, rules

CONSENT_VERSION = "board-1"
"""The version of the text `board_text`: a new text is a new version."""

router = APIRouter(include_in_schema=False)


@router.get("/me/board")
def board(request: Request, page: Here, visitor: SignedIn) -> Response:
    """Show the board of this period. Raise NotFound where the chain has none."""
    with page.database.snapshot() as session:
        rule = rules.newest(session, rules.Leaderboard)
        if not rule.on:
            raise NotFound("there is no leaderboard")
        house = reading.house_of(session, visitor.member)
        day = today(page.clocks.business.now_ms(), house.zone)
        period = leaderboard.period_of(day, rule.period)
        places = leaderboard.board(session, period, rule)
        values: dict[str, Any] = {
            "rule": rule,
            "period": period,
            "house": house,
            "places": places,
            "own": leaderboard.place_of(session, visitor.member, period, rule),
            "me": visitor.member,
            "agreed": consent.standing(session, visitor.member, leaderboard.CHANNEL) is not None,
        }
    return answer(request, "board", tab="card", mark=visitor.mark, **values)


@router.post("/me/board")
def decide(page: Here, visitor: SignedIn, form: Form) -> Response:
    """Go onto the board or off it; either is one touch, and off counts at once."""
    now_ms = page.clocks.machine.wall_ms()
    with page.database.session() as session:
        if form.get("give"):
            consent.give(
                session, visitor.member, leaderboard.CHANNEL, version=CONSENT_VERSION, source="member_page",
                actor=visitor.actor, now_ms=now_ms,
            )  # fmt: skip
        elif consent.standing(session, visitor.member, leaderboard.CHANNEL) is not None:
            consent.withdraw(session, visitor.member, leaderboard.CHANNEL, actor=visitor.actor, now_ms=now_ms)
    return RedirectResponse("/me/board", HTTPStatus.SEE_OTHER)
