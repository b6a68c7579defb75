"""What cannot be answered is said to people as a page, with what to do next; programs are told as by the API."""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus
from inspect import isawaitable
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException

from cloud.api import answers
from cloud.api.headers import HEADERS
from cloud.api.limits import TooMany
from cloud.database.transience import is_transient
from cloud.errors import CloudError, NotFound, Unavailable
from cloud.web.live import asks_for_stream
from cloud.web.refusing import refusal_words
from cloud.web.rendering import answer
from cloud.web.speaking import language_of
from shared.web.words import marked

NOT_SHOWN = marked("This page cannot be shown now.")
TOO_MANY = marked("Too many attempts. Wait a minute and try again.")
AWAY = marked("Head office's database is away. Nothing was changed; try again in a moment.")
OURS = marked("This failed, and the fault is not yours: what happened stands in the log. Tell IT when it was.")
_PROGRAMS = ("/api/", "/static/", "/healthz")
_NO_SUCH = (NotFound, RequestValidationError, DataError, OverflowError)
"""Asked for by an address, these mean one that nothing has: an id or a number that cannot be one."""

log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """Say failures as pages; to be called before handlers of more particular errors are put on the application."""
    for kind in (CloudError, RequestValidationError, HTTPException, SQLAlchemyError, OverflowError):
        otherwise = app.exception_handlers.get(kind, _failed)
        app.exception_handler(kind)(_page_or(otherwise))
    app.exception_handler(Exception)(_failed)


def _page_or(otherwise: Any) -> Any:
    """Return a handler that answers people with a page, and programs as `otherwise` does."""

    async def handler(request: Request, error: Exception) -> Response:
        if _is_for_people(request):
            return _page(request, error)
        answered: Response | Awaitable[Response] = otherwise(request, error)
        return await answered if isawaitable(answered) else answered

    return handler


def _is_for_people(request: Request) -> bool:
    part = asks_for_stream(request) or bool(request.headers.get("HX-Request"))
    return not request.url.path.startswith(_PROGRAMS) and not part


def _page(request: Request, error: Exception) -> Response:
    status, why = _said(request, error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, DataError | OverflowError):
        log.error("page failed", path=request.url.path, exc_info=error)
    values = {} if getattr(request.state, "signed", None) else {"bare": True}
    if status is HTTPStatus.NOT_FOUND:
        return answer(request, language_of(request), "missing", values, status)
    heading = {"heading": NOT_SHOWN} if request.method in ("GET", "HEAD") else {}
    response = answer(request, language_of(request), "refused", {**values, **heading, "why": why}, status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.wait_s)
    return response


def _said(request: Request, error: Exception) -> tuple[HTTPStatus, str]:
    """Return the status of a failure, and what to say of it (marked)."""
    if isinstance(error, NotFound) or (request.method in ("GET", "HEAD") and isinstance(error, _NO_SUCH)):
        return HTTPStatus.NOT_FOUND, ""
    if isinstance(error, HTTPException):
        return HTTPStatus(error.status_code), refusal_words(error, {})
    if isinstance(error, TooMany):
        return HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY
    if isinstance(error, Unavailable) or is_transient(error):
        return HTTPStatus.SERVICE_UNAVAILABLE, AWAY
    if isinstance(error, CloudError | RequestValidationError):
        return HTTPStatus.UNPROCESSABLE_ENTITY, refusal_words(error, {})
    return HTTPStatus.INTERNAL_SERVER_ERROR, OURS


def _failed(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw, outside of what puts the headers on; the server logs it."""
    if not _is_for_people(request):
        response: Response = answers.refusal(
            HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "this request failed; the log says why"
        )
    else:
        response = _page(request, error)
    response.headers.update(HEADERS)
    return response
