"""Whoever opens the address of a form that was sent is led to the page it stands on.

A refused form leaves its own address in the browser: to load it again, or to ask for the other language, is to open it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus
from inspect import isawaitable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

_API = "/api/"


def install(app: FastAPI) -> None:
    """Lead people back; programs are told as ever that the address takes no such request."""
    otherwise: Any = app.exception_handlers[HTTPException]

    async def lead_back(request: Request, error: Exception) -> Response:
        path, query = request.url.path, request.url.query
        if request.method == "GET" and not path.startswith(_API):
            page = path.rpartition("/")[0] or "/"
            return RedirectResponse(f"{page}?{query}" if query else page, HTTPStatus.SEE_OTHER)
        answered: Response | Awaitable[Response] = otherwise(request, error)
        return await answered if isawaitable(answered) else answered

    app.exception_handler(HTTPStatus.METHOD_NOT_ALLOWED)(lead_back)
