"""Carrying out what a form of these pages asks for: one transaction, and back to the page, which says why not."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Services
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.loyalty.page_words import ELSE_REFUSED, REFUSALS
from cloud.web.rendering import Context

Act = Callable[[Session, int], Any]
"""Does something in a session at a wall time (milliseconds)."""


def carried_out(services: Services, where: str, act: Act) -> Response:
    """Do something in a transaction of its own and go back to the page, which says why where it was refused."""
    now_ms, code = services.clocks.machine.wall_ms(), ""
    try:
        in_transaction(services.database, lambda session: act(session, now_ms))
    except Refused as error:
        code = error.code
    except Conflict:
        code = "conflict"
    except Invalid as error:
        code = str(error).partition(":")[0]
    except NotFound:
        code = "else"
    if code and code not in REFUSALS:
        code = "else"
    return RedirectResponse(f"{where}?{urlencode({'refused': code})}" if code else where, HTTPStatus.SEE_OTHER)


def refusal(code: str) -> Context:
    """Return what a page says where the last form was refused."""
    return {"refused": REFUSALS.get(code, ELSE_REFUSED) if code else ""}
