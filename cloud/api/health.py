"""Whether this process runs, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from cloud.api.answers import refusal
from cloud.api.services import Here
from cloud.errors import CloudError
from cloud.ingest import incarnation

router = APIRouter(tags=["health"])


@router.get("/healthz")
def is_alive() -> dict[str, bool]:
    """Say that the process answers."""
    return {"ok": True}


@router.get("/readyz", response_model=None)
def is_ready(services: Here) -> JSONResponse | dict[str, bool]:
    """Say whether requests can be served: the database answers and was initialised."""
    try:
        with services.database.snapshot() as session:
            incarnation.current(session)
    except (SQLAlchemyError, CloudError) as error:
        return refusal(503, "not_ready", f"not ready: {type(error).__name__}")
    return {"ok": True}
