"""The page of terminals at the store's own PC: who is paired, a code for another, unpairing."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_agent.terminals.desk import TerminalDesk, TerminalsClosed
from edge_agent.terminals.register import Why
from edge_agent.till.asks import Approve
from edge_agent.till.commands import refused
from edge_agent.till.results import Refused
from edge_agent.web import figures
from edge_agent.web.rendering import language_of, page, speech
from edge_agent.web.shop import Shop
from shared.wire.policies import StaffRole

_MOST_FIELDS = 8
_MOST_CHARACTERS = 64
_MOST = {"reason": 500}
_AT_PC = "store PC"
"""Who pairs where nobody signs in: whoever stands at the store's PC."""


class TerminalList:
    """The page. Whoever changes something names a supervisor by PIN, where people sign in at this store's tills.

    `fingerprint` gives that of the CA's root, for people to compare with what a terminal shows.
    """

    def __init__(self, shop: Shop, desk: TerminalDesk, fingerprint: Callable[[], str]) -> None:
        self._shop = shop
        self._desk = desk
        self._fingerprint = fingerprint

    async def show(self, request: Request) -> Response:
        """List the terminals and the codes that are open."""
        settings = self._shop.settings()
        language = language_of(request, settings.locale if settings else "en")
        codes = self._desk.codes
        return page(
            request,
            "terminals.html",
            language,
            addresses=self._desk.addresses,
            tills=sorted(self._shop.counters),
            terminals=self._desk.terminals,
            codes=[(one, -(-codes.seconds_left(one) // 60)) for one in codes.open],
            fingerprint=self._fingerprint(),
            signs_in=settings is not None and settings.policies.sign_in != "none",
            when=lambda ms: figures.day_and_time(ms, settings.time_zone) if settings else "",
        )

    async def act(self, request: Request) -> Response:
        """Give a code or unpair a terminal, once whoever asks may."""
        settings = self._shop.settings()
        language = language_of(request, settings.locale if settings else "en")
        async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
            given = {name: str(value)[: _MOST.get(name, _MOST_CHARACTERS)].strip() for name, value in form.items()}
        by = await self._who(given)
        if isinstance(by, Refused):
            words = by.words
            return _problem(words.zh + words.next_zh if language == "zh" else f"{words.en} {words.next_en}")
        why = Why(by, given.get("reason", ""))
        try:
            if given.get("kind") == "unpair" and given.get("terminal", "").isdigit():
                await self._desk.unpair(int(given["terminal"]), why)
            else:
                self._desk.give_code(given.get("till", ""), given.get("name", ""), why)
        except TerminalsClosed as error:
            return _problem(speech(language).t(error.words, **error.values))
        return JSONResponse({})

    async def _who(self, given: dict[str, str]) -> str | Refused:
        """Return who asks, once their PIN was found right and their role is enough."""
        settings = self._shop.settings()
        counter = next(iter(self._shop.counters.values()), None)
        if settings is None or settings.policies.sign_in == "none" or counter is None:
            return _AT_PC
        approve = Approve(staff=given.get("staff", ""), pin=given.get("pin", ""))
        approver = await counter.till.people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        if approver is None or not approver.role.covers(StaffRole.SUPERVISOR):
            return refused("approval_too_low", StaffRole.SUPERVISOR.value)
        return approver.code


def _problem(words: str) -> Response:
    return JSONResponse({"error": words}, HTTPStatus.UNPROCESSABLE_ENTITY)
