"""What a terminal of the store's network sees first: where it shows its code, and how it comes to trust our CA."""

from __future__ import annotations

from http import HTTPStatus

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_agent.terminals.certificate import fingerprint
from edge_agent.terminals.codes import No
from edge_agent.terminals.desk import TerminalDesk, TerminalsClosed
from edge_agent.web.paired import address_of, cookie_of
from edge_agent.web.rendering import language_of, page, speech
from edge_agent.web.shop import Shop
from shared.web.words import Language, marked

_MOST_FIELDS = 8
_MOST_CHARACTERS = 64
_REFUSED = {
    No.WRONG: marked("That is not a code that is open. Look at the store's PC again; a code is good for ten minutes."),
    No.LOCKED: marked("Too many wrong codes from here. Wait ten minutes, then ask for a new code at the store's PC."),
}


class TerminalPages:
    """What a terminal sees before it is paired: the code's page, and how to trust our CA."""

    def __init__(self, shop: Shop, desk: TerminalDesk, root: x509.Certificate) -> None:
        self._shop = shop
        self._desk = desk
        self._root = root

    async def show(self, request: Request) -> Response:
        """Ask for the code."""
        return page(request, "pair.html", self._language(request), terminal=request.scope["terminal"])

    async def pair(self, request: Request) -> Response:
        """Take a code; when it is right the answer carries the till's cookie and where to go."""
        async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
            code = str(form.get("code", ""))[:_MOST_CHARACTERS]
        spoken = speech(self._language(request))
        try:
            answer = await self._desk.pair(code, address_of(request.scope))
        except TerminalsClosed as error:
            return JSONResponse({"error": spoken.t(error.words, **error.values)}, HTTPStatus.SERVICE_UNAVAILABLE)
        if isinstance(answer, No):
            # Not 403: that is how the guard says that a page is out of date.
            status = HTTPStatus.UNPROCESSABLE_ENTITY if answer is No.WRONG else HTTPStatus.TOO_MANY_REQUESTS
            return JSONResponse({"error": spoken.t(_REFUSED[answer])}, status)
        response = JSONResponse({"to": f"/tills/{answer.terminal.till}"})
        response.headers.append("Set-Cookie", cookie_of(answer.token))
        return response

    async def trust(self, request: Request) -> Response:
        """Say how a terminal comes to trust our CA."""
        return page(request, "trust.html", self._language(request), fingerprint=fingerprint(self._root))

    async def root(self, _request: Request) -> Response:
        """Give the CA's root certificate, which is no secret."""
        content = self._root.public_bytes(serialization.Encoding.PEM)
        headers = {"Content-Disposition": 'attachment; filename="storewire-ca.crt"'}
        return Response(content, media_type="application/x-x509-ca-cert", headers=headers)

    def _language(self, request: Request) -> Language:
        settings = self._shop.settings()
        return language_of(request, settings.locale if settings else "en")
