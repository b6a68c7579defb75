"""What a button of a page does: one transaction, and back to the page, which says why where it was refused."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Services
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ledger.commits import open_commit

Act = Callable[[Session, int, int], None]
"""Gets the session, the number of its commit and the machine's time."""


def done(services: Services, where: str, act: Act) -> Response:
    """Do something and go back to a page; `refused` in its address is the code of a refusal, or `else`."""
    now_ms, code = services.clocks.machine.wall_ms(), ""
    try:
        with services.database.session() as session:
            act(session, open_commit(session, now_ms), now_ms)
    except Refused as error:
        code = error.code
    except (Invalid, NotFound, Conflict):
        code = "else"
    return RedirectResponse(f"{where}?refused={code}" if code else where, HTTPStatus.SEE_OTHER)
