"""Errors as answers: every refusal of the services becomes `{code, message}` here and nowhere else."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from cloud.api.limits import TooMany
from cloud.database.transience import is_transient
from cloud.errors import CloudError, Conflict, Invalid, NotFound, Refused, Unavailable
from cloud.identity.refusals import Unproven
from shared.wire.framing import FramingError
from shared.wire.messages import MessageError

_STATUS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    NotFound: (HTTPStatus.NOT_FOUND, "not_found"),
    Conflict: (HTTPStatus.CONFLICT, "conflict"),
    Invalid: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    Unproven: (HTTPStatus.UNAUTHORIZED, ""),
    Refused: (HTTPStatus.FORBIDDEN, ""),
    TooMany: (HTTPStatus.TOO_MANY_REQUESTS, "too_many"),
    Unavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
}

log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """Make the app answer every known error in one shape."""
    app.exception_handler(CloudError)(_cloud_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(MessageError)(_message_error)
    app.exception_handler(FramingError)(_message_error)
    app.exception_handler(SQLAlchemyError)(_database_error)
    app.exception_handler(ClientDisconnect)(_hung_up)


def refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an error answer."""
    return JSONResponse({"code": code, "message": message}, status_code=status, headers=headers)


def _cloud_error(_request: Request, error: Exception) -> JSONResponse:
    status, code = next(
        (found for kind in type(error).__mro__ if (found := _STATUS.get(kind))), (HTTPStatus.BAD_REQUEST, "refused")
    )
    headers: dict[str, str] = {}
    if isinstance(error, Refused):
        code = error.code
    if isinstance(error, Unproven):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.wait_s)
    return refusal(status, code, str(error), headers)


def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    parts = error.errors() if isinstance(error, RequestValidationError) else []
    words = "; ".join(f"{'.'.join(str(step) for step in part['loc'])}: {part['msg']}" for part in parts)
    return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", words or "the request is not valid")


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_server_error", "error")
    status = error.status_code
    code = "too_large" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else HTTPStatus(status).name.lower()
    return refusal(status, code, str(error.detail), dict(error.headers or {}))


def _message_error(_request: Request, error: Exception) -> JSONResponse:
    return refusal(HTTPStatus.BAD_REQUEST, "message_unreadable", str(error))


def _hung_up(_request: Request, _error: Exception) -> JSONResponse:
    """Answer nobody: whoever hung up while sending is no failure of ours that a log should show."""
    return refusal(HTTPStatus.BAD_REQUEST, "hung_up", "the request was not sent to its end")


def _database_error(request: Request, error: Exception) -> JSONResponse:
    if is_transient(error):
        log.warning("database away", path=request.url.path, reason=type(error).__name__)
        return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "the database is away; try again later")
    log.error("database refused", path=request.url.path, exc_info=error)
    return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "this request failed; the log says why")
