"""What a button of a page does: one transaction, and back to the page, which says why where it was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Services
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.web.refusals import DECIDED, REFUSALS

Act = Callable[[Session, int, int], None]
"""Does something in a session, under a commit's number, at a wall time (milliseconds)."""


def done(services: Services, where: str, act: Act, *, kept: Mapping[str, str] | None = None) -> Response:
    """Do something in a transaction of its own and go back to a page; `refused` in its address says why it was not.

    That is the code of a refusal, the name of the field that was wrong, or `else`. `kept` is what the page's address
    has to say besides.
    """
    now_ms, code = services.clocks.machine.wall_ms(), ""
    try:
        in_transaction(services.database, lambda session: act(session, open_commit(session, now_ms), now_ms))
    except Refused as error:
        code = error.code
    except Conflict:
        code = DECIDED
    except Invalid as error:
        field = str(error).partition(":")[0]
        code = field if field in REFUSALS else "else"
    except NotFound:
        code = "else"
    query = urlencode({**(kept or {}), **({"refused": code} if code else {})})
    return RedirectResponse(f"{where}?{query}" if query else where, HTTPStatus.SEE_OTHER)
