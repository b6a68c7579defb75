"""Search to anything by its name: pages, stores, receipts by number, sales and parked events by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_
from sqlmodel import Session, col, select

from cloud.console.listings import as_uuid
from cloud.console.navigation import TITLES, Entry
from cloud.console.receipts import find_receipts
from cloud.ingest.models import ParkedEvent
from cloud.org.models import Store
from cloud.sales.models import Sale
from shared.web.words import Speech, marked

MOST = 12
_LONGEST = 80


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
    found: list[Found] = []
    wanted = as_uuid(text)
    if wanted is not None:
        if (sale := session.get(Sale, wanted)) is not None:
            number = f"{sale.receipt_series}-{sale.receipt_number}"
            found.append(Found(text=number, kind=marked("sale"), href=f"/sales/{wanted}", note=sale.store_id))
        if session.get(ParkedEvent, wanted) is not None:
            found.append(Found(text=str(wanted), kind=marked("parked event"), href=f"/parked/{wanted}"))
        return found
    series, _, number = text.rpartition("-")
    if series and number.isdecimal() and len(number) <= 15:
        for row in find_receipts(session, series, int(number), MOST):
            if session.get(Sale, row.event_id) is not None:
                kind, href = marked("receipt"), f"/sales/{row.event_id}"
                found.append(Found(text=f"{row.series}-{row.number}", kind=kind, href=href, note=row.store_id))
    return found
