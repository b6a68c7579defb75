"""Search to anything by its name: pages, stores, receipts by till and number, sales and parked events by id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from cloud.console.listings import as_uuid
from cloud.console.receipts import find_receipts
from cloud.ingest.models import ParkedEvent
from cloud.org.models import Store
from cloud.sales.models import Sale, SaleReturn
from cloud.sales.naming import receipt_name
from cloud.store_days.models import GoodsReturn
from cloud.store_days.slips import place_of
from cloud.web.navigation import TITLES, Entry
from shared.web.words import Speech, marked

MOST = 12
_LONGEST = 80
_RECEIPT = re.compile(
    r"(?:(?:till|收银台)\s*)?(?:(?P<till>[^\s/／]{1,32})\s*[\s/／]\s*)?(?:(?P<series>\S{1,64})-)?0*(?P<number>\d{1,15})",
    re.IGNORECASE,
)
"""A receipt as lists show it (`t1/k3m9x2-38`), as paper says it (till 1, k3m9x2-000038), or as 1/38."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing that fits: what it is called, what it is, where it is."""

    text: str
    kind: str
    """Marked."""
    href: str
    note: str = ""
    say: bool = False


def search(session: Session, text: str, entries: Sequence[Entry], speech: Speech) -> list[Found]:
    """Return what fits best first: an exact id or number, pages, then stores."""
    wanted = text.strip()[:_LONGEST]
    if not wanted:
        return [_page(entry, speech) for entry in entries]
    pages = [_page(entry, speech) for entry in entries if wanted.lower() in _names(entry, speech)]
    return [*_by_number(session, wanted), *pages, *_stores(session, wanted)][:MOST]


def _page(entry: Entry, speech: Speech) -> Found:
    return Found(text=entry.title, say=True, kind=marked("page"), href=entry.path, note=speech.t(TITLES[entry.task]))


def _names(entry: Entry, speech: Speech) -> str:
    said = (entry.title, speech.t(entry.title), TITLES[entry.task], speech.t(TITLES[entry.task]), entry.path)
    return "\n".join(said).lower()


def _stores(session: Session, text: str) -> list[Found]:
    fits = or_(col(Store.id).icontains(text, autoescape=True), col(Store.name).icontains(text, autoescape=True))
    found = session.exec(select(Store).where(fits).order_by(col(Store.id)).limit(MOST))
    return [Found(text=one.name, kind=marked("store"), href=f"/stores/{one.id}", note=one.id) for one in found]


def _by_number(session: Session, text: str) -> list[Found]:
    wanted = as_uuid(text)
    if wanted is not None:
        parked = session.get(ParkedEvent, wanted) is not None
        more = [Found(text=str(wanted), kind=marked("parked event"), href=f"/parked/{wanted}")] if parked else []
        return [*_slip(session, wanted, marked("sale")), *more]
    named = _RECEIPT.fullmatch(text)
    if named is None or not (named["till"] or named["series"]):
        return []
    rows = find_receipts(session, named["till"] or "", (named["series"] or "").lower(), int(named["number"]), MOST)
    return [one for row in rows for one in _slip(session, row.event_id, marked("receipt"))]


def _slip(session: Session, event: UUID, kind: str) -> list[Found]:
    """Return the sale or the return that is this event, if it is one."""
    tables: tuple[tuple[type[Any], str], ...]
    tables = ((Sale, kind), (SaleReturn, marked("return")), (GoodsReturn, marked("return")))
    for table, called in tables:
        row: Any = session.get(table, event)
        if row is not None:
            undone = isinstance(row, SaleReturn) and row.void
            said = marked("undone after payment") if undone else called
            return [Found(text=receipt_name(row), kind=said, href=place_of(row), note=row.store_id)]
    return []
