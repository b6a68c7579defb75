"""The pages of store days: every day of the chain, one store's day, one shift with every version of its Z report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session, col, func, select

from cloud.api.services import Here
from cloud.errors import NotFound
from cloud.org.models import Store
from cloud.org.stores import find_store
from cloud.sales.models import StoreDay
from cloud.store_days import policies, reading, words
from cloud.store_days.came_back import came_back
from cloud.store_days.exception_tables import by_cashier, cash, drawers, overrides
from cloud.store_days.models import ShiftReport, TillShift
from cloud.store_days.summary import DayRow, as_row, day_row, with_shifts
from cloud.store_days.tables import DAYS, OneDay, shifts
from cloud.web import said
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.speaking import language_of
from shared.wire.till_events import ShiftTotals

router = APIRouter(include_in_schema=False)

_totals = msgspec.json.Decoder(ShiftTotals)


@router.get("/days")
def store_days(request: Request, services: Here) -> Response:
    """How did the last day go, and where is cash missing?"""

    def read(session: Session, _now_ms: int) -> Context:
        last = session.exec(select(func.max(StoreDay.business_date)).where(col(StoreDay.sales) > 0)).one()
        rows = _rows_of(session, last) if last else []
        return {
            "table": DAYS,
            "last": last,
            "stores": sum(row.closed > 0 for row in rows),
            "closed": sum(row.closed for row in rows),
            "off": sum(row.off for row in rows),
            "open": sum(row.open_shifts for row in rows),
            "by_hand": sum(row.by_hand for row in rows),
        }

    return listed(request, services, "days", read)


def _rows_of(session: Session, day: date) -> list[DayRow]:
    found = session.execute(
        select(StoreDay, Store)
        .join(Store, col(Store.id) == col(StoreDay.store_id))
        .where(col(StoreDay.business_date) == day)
    )
    return with_shifts(session, [as_row(one, store) for one, store in found])


@router.get("/stores/{store}/days/{day}")
def one_day(request: Request, services: Here, store: str, day: date) -> Response:
    """What happened in this store on this day?"""
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        row = find_store(session, store)
        of = OneDay(store=row, day=day, reasons=_reasons(session, store, language))
        return {
            "it": day_row(session, row, day),
            "shifts": shifts(of),
            "cashiers": by_cashier(of),
            "back": came_back(of),
            "cash": cash(of),
            "drawers": drawers(of),
            "overrides": overrides(of),
        }

    return listed(request, services, "day", read)


@router.get("/shifts/{shift}")
def one_shift(request: Request, services: Here, shift: UUID) -> Response:
    """What does this shift's Z report say, and what did it say before?"""

    def read(session: Session, _now_ms: int) -> Context:
        reports = reading.reports_of(session, shift)
        opened = session.get(TillShift, shift)
        place = opened.store_id if opened else reports[0].store_id
        store = session.get(Store, place)
        if store is None:
            raise NotFound(f"there is no store {place!r}")
        return {
            "it": opened,
            "store": store,
            "undone": reading.undone(session, opened) if opened else reading.Undone(0, 0),
            "so_far": reading.so_far(session, opened) if opened and not reports else None,
            "reports": [(one, _totals.decode(one.totals)) for one in reports],
            "day": opened.business_date if opened else reports[0].business_date,
            "changes": _changes(reports),
            "words": words,
            "tender_words": said.TENDER,
        }

    return page(request, services, "shift", read)


def _changes(reports: Sequence[ShiftReport]) -> dict[int, list[tuple[str, int, int]]]:
    """Return what each version changed against the one before: (what, before, after) by version."""
    found: dict[int, list[tuple[str, int, int]]] = {}
    for later, earlier in pairwise(reports):
        both = (_figures(earlier), _figures(later))
        found[later.version] = [
            (title, both[0][name], both[1][name])
            for name, title in words.TENDER_FIGURES
            if both[0][name] != both[1][name]
        ]
    return found


def _figures(report: ShiftReport) -> dict[str, int]:
    totals = _totals.decode(report.totals)
    return {
        "sales_minor": report.sales_minor,
        "returns_minor": report.returns_minor,
        "float_minor": totals.float_minor,
        "cash_expected_minor": report.cash_expected_minor,
    }


def _reasons(session: Session, store: str, language: str) -> dict[str, str]:
    found = policies.reason_words(session, store)
    return {code: said.get(language) or said.get("en") or code for code, said in found.items()}
