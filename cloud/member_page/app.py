"""The members' page as an application of its own: nothing of the API or the console is behind it."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cloud.api.limits import FailureLimit
from cloud.api.services import Services
from cloud.channels.choosing import ChannelSettings, visitors_of
from cloud.database.transience import is_transient
from cloud.errors import CloudError, NotFound, Unavailable
from cloud.member_page import (
    board_pages,
    handing_pages,
    headers,
    joining_pages,
    own_data,
    pages,
    paper_pages,
    profile_pages,
    reward_pages,
    signing_in,
    static_files,
    wechat_reports,
)
from cloud.member_page.headers import StrictHeaders
from cloud.member_page.rendering import answer
from cloud.member_page.visiting import FormRefused, Page, SignInNeeded
from cloud.members.minting import mint_of

_MOST_ASKS, _WINDOW_S = 30, 600.0
"""What one address may ask or mistype in ten minutes; a whole village may stand behind one."""
_MOST_LOOKS, _LOOKS_WINDOW_S = 10, 3_600.0
"""How many numbers of others one member may type in an hour."""

log = structlog.get_logger()


def create_member_app(services: Services) -> FastAPI:
    """Build the app from the process's services and the settings `member_page` and `channels` in them."""
    settings = services.settings.member_page
    machine = services.clocks.machine
    app = FastAPI(title="Member", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings
    app.state.page = Page(
        settings=settings,
        database=services.database,
        vault=services.vault,
        clocks=services.clocks,
        signing=services.keys.signing,
        mint=mint_of(services.clocks),
        wechat_token=_token_of(services.settings.channels),
        visitors=visitors_of(services.settings.channels, services.settings.messages_dir, machine),
        asks=FailureLimit(machine, limit=_MOST_ASKS, window_s=_WINDOW_S),
        looks=FailureLimit(machine, limit=_MOST_LOOKS, window_s=_LOOKS_WINDOW_S),
    )
    parts = (
        pages, board_pages, handing_pages, reward_pages, signing_in, joining_pages, own_data, profile_pages,
        static_files, wechat_reports, paper_pages,
    )  # fmt: skip
    for part in parts:
        app.include_router(part.router)
    for kind in (CloudError, RequestValidationError, HTTPException, SQLAlchemyError):
        app.exception_handler(kind)(_refused)
    app.exception_handler(SignInNeeded)(_to_sign_in)
    app.exception_handler(Exception)(_failed)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=settings.allowed_hosts, www_redirect=False)
    app.add_middleware(StrictHeaders, secure=settings.secure)
    return app


def _token_of(channels: ChannelSettings) -> str:
    return "" if channels.account is None else channels.account.token.get_secret_value()


def _to_sign_in(request: Request, error: Exception) -> Response:
    if request.url.path.endswith(".svg"):
        return Response(status_code=HTTPStatus.UNAUTHORIZED)
    again = isinstance(error, SignInNeeded) and error.again
    why = "&why=sign_in_again" if again else ""
    # What a form was to do is not done after signing in: its page is shown again, or the card.
    then = request.url.path if request.method == "GET" else "/me"
    return RedirectResponse(f"/me/sign-in?then={quote(then)}{why}", HTTPStatus.SEE_OTHER)


def _failed(request: Request, _error: Exception) -> Response:
    """Say a fault of ours as a page too, with the headers that the answers inside have; it is logged by the server."""
    response = answer(request, "problem", status=HTTPStatus.INTERNAL_SERVER_ERROR, words="problem_other")
    secure = request.app.state.settings.secure
    response.headers.update({**headers.fixed(secure=secure), "Content-Security-Policy": headers.policy()})
    return response


def _refused(request: Request, error: Exception) -> Response:
    """Say what went wrong as a page, and nothing of how this program is made."""
    status, words = HTTPStatus.UNPROCESSABLE_ENTITY, "problem_other"
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
    if isinstance(error, NotFound) or status == HTTPStatus.NOT_FOUND:
        status, words = HTTPStatus.NOT_FOUND, "problem_nothing"
    elif isinstance(error, FormRefused):
        status, words = HTTPStatus.FORBIDDEN, "problem_form"
    elif isinstance(error, Unavailable) or (isinstance(error, SQLAlchemyError) and is_transient(error)):
        status, words = HTTPStatus.SERVICE_UNAVAILABLE, "problem_busy"
    elif isinstance(error, SQLAlchemyError):
        log.error("member page failed", path=request.url.path, exc_info=error)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    return answer(request, "problem", status=status, words=words)
