"""What every answer of the members' page tells a browser, stricter than inside: it stands on the internet."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'{styles}; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
_YEAR_S = 365 * 24 * 3600


def policy(style_hash: str = "") -> str:
    """Return the content policy; `style_hash` lets one page have one style of its own."""
    return POLICY.format(styles=f" '{style_hash}'" if style_hash else "")


def fixed(*, secure: bool) -> dict[str, str]:
    """Return the headers that are the same on every answer; `secure`: browsers come by HTTPS."""
    always = {"Strict-Transport-Security": f"max-age={_YEAR_S}; includeSubDomains"} if secure else {}
    return {**HEADERS, **always}


class StrictHeaders:
    """Puts the headers on each answer, errors included."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = fixed(secure=secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Content-Security-Policy", policy())
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
