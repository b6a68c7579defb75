"""The console's own pages: read a context, put it into words, render. No decisions, no writes, no personal data."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, func, select

from cloud.api.services import Here
from cloud.channels.reading import not_sent
from cloud.console import approving, computed, listings, one_store, overview, parked_event, receipts, searching
from cloud.console.day import hours_of_last_day, sales_by_day, takings_by_day
from cloud.ledger import words as ledger_words
from cloud.ledger.units import units
from cloud.org.models import Store
from cloud.org.stores import called, house_money
from cloud.pricing_audit.models import PriceAudit, PriceAuditDay
from cloud.sales.lateness import late_words
from cloud.store_days import slips
from cloud.web.navigation import shown_to
from cloud.web.rendering import Context, environment, page
from cloud.web.showing import listed
from cloud.web.speaking import language_of, speech
from cloud.web.tables import as_day

_FEW = 5
_OF_ONE_STORE = 10

router = APIRouter(include_in_schema=False)


@router.get("/")
def today(request: Request, services: Here) -> Response:
    """Is my chain all right?"""

    def read(session: Session, now_ms: int) -> Context:
        return {
            "today": overview.today(session, now_ms, services.clocks.business.now_ms()),
            "most_stores": overview.STORES_SHOWN,
            "hours": hours_of_last_day(session),
            "days": sales_by_day(session),
            "newest": receipts.newest_sales(session),
            "late_words": late_words,
            "parked": overview.parked(session, limit=_FEW)[1],
            "differences": _newest_differences(session),
            "not_sent": not_sent(session, now_ms),
            "to_approve": approving.waiting(session),
        }

    return page(request, services, "today", read)


def _newest_differences(session: Session) -> list[PriceAudit]:
    query = select(PriceAudit).order_by(col(PriceAudit.business_date).desc(), col(PriceAudit.sale_id).desc())
    return list(session.exec(query.limit(_FEW)))


@router.get("/stores")
def stores(request: Request, services: Here) -> Response:
    """Which stores are there, and how is each?"""

    def read(session: Session, now_ms: int) -> Context:
        rows = overview.store_rows(session, now_ms, services.clocks.business.now_ms())
        exponent = house_money(session)[1]
        needy = sum(row.needs_somebody for row in rows)
        return {"all": len(rows), "needy": needy, "table": computed.stores(lambda _session: rows, exponent)}

    return listed(request, services, "stores", read)


@router.get("/stores/{store}")
def store(request: Request, services: Here, store: str) -> Response:
    """What about this store?"""

    def read(session: Session, now_ms: int) -> Context:
        it = one_store.one_store(session, store, now_ms, services.clocks.business.now_ms())
        return {"it": it, "shown": _OF_ONE_STORE}

    return page(request, services, "store", read)


@router.get("/prices")
def prices(request: Request, services: Here) -> Response:
    """Which price books are where?"""

    def read(session: Session, now_ms: int) -> Context:
        newest = overview.prices(session, now_ms, limit=1)
        return {"newest": newest[0] if newest else None, "table": computed.versions(now_ms)}

    return listed(request, services, "prices", read)


@router.get("/sales")
def sales(request: Request, services: Here) -> Response:
    """What was sold last, and what came back?"""

    def read(session: Session, _now_ms: int) -> Context:
        currency, exponent = house_money(session)
        store, day = request.query_params.get("store", "").strip(), as_day(request.query_params.get("day", ""))
        named = session.exec(select(col(Store.name)).where(col(Store.id).in_(called(store)))).first() if store else None
        return {
            "table": slips.SALES,
            "last": overview.sums_of(session, store, day) if store or day else overview.last_day(session),
            "asked_for": [str(one) for one in (named or store, day) if one],
            "nowhere": store if store and named is None else "",
            "days": takings_by_day(session),
            "currency": currency,
            "exponent": exponent,
        }

    return listed(request, services, "sales", read)


@router.get("/sales/{sale}")
def sale(request: Request, services: Here, sale: UUID) -> Response:
    """What is on this receipt, and why does each line cost what it costs?"""

    def read(session: Session, _now_ms: int) -> Context:
        return {"it": receipts.receipt(session, sale), "units": units(session), "purpose": ledger_words.purpose}

    return page(request, services, "sale", read)


@router.get("/differences")
def differences(request: Request, services: Here) -> Response:
    """Which sales does head office price otherwise?"""

    def read(session: Session, _now_ms: int) -> Context:
        checked = session.exec(select(func.coalesce(func.sum(PriceAuditDay.sales), 0))).one()
        return {"checked": int(checked), "differing": overview.differences(session), "table": listings.DIFFERENCES}

    return listed(request, services, "differences", read)


@router.get("/parked")
def parked(request: Request, services: Here) -> Response:
    """What could not be applied?"""

    def read(session: Session, _now_ms: int) -> Context:
        return {"waiting": overview.parked(session, limit=1)[0], "table": listings.PARKED}

    return listed(request, services, "parked", read)


@router.get("/parked/{event}")
def event(request: Request, services: Here, event: UUID) -> Response:
    """What is in this event, and what is to be done about it?"""
    return page(request, services, "event", lambda session, _now_ms: {"it": parked_event.parked_event(session, event)})


@router.get("/gaps")
def gaps(request: Request, services: Here) -> Response:
    """What is missing, known or declared?"""
    return listed(
        request,
        services,
        "gaps",
        lambda _session, _now_ms: {"missing": computed.MISSING, "declared": listings.DECLARED},
    )


@router.get("/audit")
def audit_log(request: Request, services: Here) -> Response:
    """Who did what, and why?"""
    return listed(request, services, "audit_log", lambda _session, _now_ms: {"table": listings.ACTS})


@router.get("/search")
def search(request: Request, services: Here, q: str = "") -> Response:
    """Where is it? Answers with the list alone where the search box of a page asks."""
    spoken = speech(language_of(request))

    def read(session: Session) -> dict[str, Any]:
        entries = shown_to(request.state.signed, request.app.state.entries)
        return {"q": q, "found": searching.search(session, q, entries, spoken)}

    if request.headers.get("HX-Request"):
        with services.database.snapshot() as session:
            body = environment(spoken.language).get_template("_found.html").render(read(session))
        return HTMLResponse(body, headers={"Cache-Control": "no-store", "Vary": "HX-Request"})
    return page(request, services, "search", lambda session, _now_ms: read(session))
