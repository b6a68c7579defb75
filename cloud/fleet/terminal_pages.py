"""The page of a store's terminals: who is paired there, and the door by which they come in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Here, Services
from cloud.errors import Invalid
from cloud.fleet import terminals
from cloud.identity.people import Right
from cloud.org.stores import find_store, tills
from cloud.web.rendering import Context, page
from cloud.web.signing_in import Posted, form_by
from shared.web.words import marked
from shared.wire.desired import TerminalSettings

router = APIRouter(include_in_schema=False)

MayOperate = Annotated[Posted, Depends(form_by(Right.OPERATE))]
_BETWEEN = re.compile(r"[\s,;，；、]+")
_LONGEST_REASON = 500
_DONE = {
    "open": marked("The door is open. The store takes it up within seconds of being online."),
    "close": marked("The door is closed. The store takes it up within seconds of being online."),
    "unpair": marked("Every terminal is unpaired as soon as the store is online; each needs a new code."),
}
_WHY = marked("Say why: it is kept in the audit log.")
_WHERE = marked("Say under which name or address terminals reach the store's PC.")
_AGAIN = marked("This was not done: load the page again and repeat.")


class Refusal(NamedTuple):
    """Why something was not done: a marked text with the values of its braces."""

    text: str
    values: Mapping[str, object] = MappingProxyType({})


class Typed(NamedTuple):
    """What stands in the form of the door."""

    hosts: str
    port: str
    reason: str = ""

    @property
    def names(self) -> list[str]:
        """The names and addresses that were typed."""
        return [one for one in _BETWEEN.split(self.hosts) if one]


@router.get("/stores/{store}/terminals")
def store_terminals(request: Request, services: Here, store: str, done: str = "") -> Response:
    """Which terminals show this store's tills, and may more be paired?"""
    return page(request, services, "store_terminals", lambda session, _now_ms: _context(session, store, done=done))


@router.post("/stores/{store}/terminals")
def change_terminals(request: Request, services: Here, posted: MayOperate, store: str) -> Response:
    """Open the door, close it, or unpair everybody, as `do` says."""
    typed = Typed(posted.get("hosts"), posted.get("port"), posted.get("reason").strip()[:_LONGEST_REASON])
    refusal = _refusal(services, posted, store, typed)
    if refusal is None:
        return RedirectResponse(f"/stores/{store}/terminals?done={posted.get('do')}", HTTPStatus.SEE_OTHER)
    back = typed if posted.get("do") == "open" else None

    def read(session: Session, _now_ms: int) -> Context:
        return _context(session, store, refusal=refusal, typed=back)

    return page(request, services, "store_terminals", read)


def _refusal(services: Services, posted: Posted, store: str, typed: Typed) -> Refusal | None:
    """Do it; return why it was not done."""
    if not typed.reason:
        return Refusal(_WHY)
    if posted.get("do") == "open" and not typed.names:
        return Refusal(_WHERE)
    try:
        with services.database.session() as session:
            _do(session, services, posted, store, typed)
    except terminals.BadDoor as error:
        return Refusal(error.words, error.values)
    except Invalid:
        return Refusal(_AGAIN)
    return None


def _do(session: Session, services: Services, posted: Posted, store: str, typed: Typed) -> None:
    actor, reason = posted.who.actor, typed.reason
    now_ms = services.clocks.machine.wall_ms()
    match posted.get("do"):
        case "open":
            ours = terminals.own_names(services.settings)
            port = terminals.port_of(typed.port)
            terminals.open_to(session, store, typed.names, port, ours=ours, actor=actor, now_ms=now_ms, reason=reason)
        case "close":
            port = terminals.terminals_of(session, store).port
            terminals.open_to(session, store, [], port, ours=(), actor=actor, now_ms=now_ms, reason=reason)
        case "unpair":
            terminals.unpair_all(session, store, reason=reason, actor=actor, now_ms=now_ms)
        case other:
            raise Invalid(f"do is open, close or unpair, got {other!r}")


def _context(
    session: Session, store: str, *, done: str = "", refusal: Refusal | None = None, typed: Typed | None = None
) -> Context:
    found, door = find_store(session, store), terminals.terminals_of(session, store)
    heard = terminals.heard(session, store)
    return {
        "store": found,
        "door": door,
        "addresses": door.addresses,
        "paired": heard.terminals,
        "heard_ms": heard.at_ms,
        "numbers": {till.id: till.number for till in tills(session, store)},
        "typed": typed or _as_it_is(door),
        "done": _DONE.get(done, ""),
        "refusal": refusal,
        "longest": _LONGEST_REASON,
    }


def _as_it_is(door: TerminalSettings) -> Typed:
    return Typed(" ".join(door.hosts), str(door.port))
