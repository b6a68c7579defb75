"""One HTTP request to a provider, with a deadline, and what a failure means: not sent, or nobody knows."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 10.0
MOST_BYTES = 256 * 1024
_BUSY = {429, 503}


class NotReached(Exception):
    """The provider certainly did not get the request, or said that it is too busy; it may be repeated."""


class NoAnswer(Exception):
    """The provider may have got the request; its answer is missing or makes no sense."""


def call(url: str, method: str, body: bytes, headers: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> Any:
    """Return the JSON that a provider answers, whatever its status below 500. Raise NotReached or NoAnswer."""
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, timeout_s)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotReached(type(error).__name__) from None
        target = parts.path or "/"
        try:
            connection.request(method, f"{target}?{parts.query}" if parts.query else target, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read(MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(type(error).__name__) from None
        if answer.status in _BUSY:
            raise NotReached(f"status {answer.status}")
        try:
            if answer.status >= 500:
                raise NoAnswer(f"status {answer.status}")
            return json.loads(content)
        except ValueError:
            raise NoAnswer("not JSON") from None
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None, timeout_s: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout_s)
