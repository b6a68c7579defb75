"""The page of budgets: what promotions may still give, and what each store has left of it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from cloud.api.services import Here
from cloud.org.stores import house_money
from cloud.promotions.budget_figures import standings
from cloud.promotions.budget_tables import budgets, known, shares
from cloud.web.rendering import Context
from cloud.web.showing import listed
from cloud.web.speaking import language_of

router = APIRouter(include_in_schema=False)


@router.get("/budgets")
def show(request: Request, services: Here) -> Response:
    """How much may promotions still give, and where?"""
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        exponent = house_money(session)[1]
        found, called = standings(session), known(session, language, exponent)
        return {
            "shares": shares(called),
            "budgets": budgets(called),
            "count": len(found),
            "spent": sum(one.spent for one in found),
            "over": sum(one.over for one in found),
        }

    return listed(request, services, "budgets", read)
