"""What people's forms about value say, read into what the rules understand; and carrying them out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Services
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ingest.apply import in_transaction
from cloud.ledger.commits import open_commit
from cloud.value import page_words
from cloud.web.rendering import Context
from shared.ids import UuidMint

Act = Callable[[Session, int, int], None]
"""Does something in a session, under a commit's number, at a wall time (milliseconds)."""
_LONGEST = 20
_AMOUNT = re.compile(r"(?P<sign>-?)(?P<whole>\d{1,12})(?:\.(?P<rest>\d*))?", re.ASCII)


def read_id(text: str) -> UUID:
    """Read an id that a form of ours carries. Raise Invalid."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("this form is incomplete: load the page again") from None


def read_minor(text: str, exponent: int, name: str) -> int:
    """Read an amount as people write it, `-1,234.50`, into minor units. Raise Invalid naming the field."""
    found = _AMOUNT.fullmatch(text.strip().replace(",", "").replace("，", ""))
    if found is None or len(found["rest"] or "") > exponent:
        raise Invalid(f"{name}: write an amount such as 12.50, got {text[:_LONGEST]!r}")
    minor = int(found["whole"] + (found["rest"] or "").ljust(exponent, "0"))
    return -minor if found["sign"] else minor


def fresh_id(services: Services) -> UUID:
    """Return an id for a form, so that sending it twice does it once."""
    return UuidMint(services.clocks.machine.wall_ms, os.urandom)()


def carried_out(services: Services, where: str, act: Act, *, kept: dict[str, str] | None = None) -> Response:
    """Do something in a transaction of its own and go back to the page, which says why where it was refused.

    `kept` is what the page's address has to say besides.
    """
    now_ms, code = services.clocks.machine.wall_ms(), ""
    try:
        in_transaction(services.database, lambda session: act(session, open_commit(session, now_ms), now_ms))
    except Refused as error:
        code = error.code
    except Conflict:
        code = page_words.DECIDED
    except Invalid as error:
        code = str(error).partition(":")[0] if str(error).partition(":")[0] in page_words.REFUSALS else "else"
    except NotFound:
        code = "else"
    query = urlencode({**(kept or {}), **({"refused": code} if code else {})})
    return RedirectResponse(f"{where}?{query}" if query else where, HTTPStatus.SEE_OTHER)


def refusal(code: str) -> Context:
    """Return what a page says where the last form was refused."""
    return {"refused": page_words.REFUSALS.get(code, page_words.ELSE_REFUSED) if code else ""}
