"""Who visits, by their cookies, and whether a form is one of ours. Every route of the page begins here."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.responses import Response

from cloud.api.body import read_body
from cloud.api.limits import FailureLimit, caller_of
from cloud.channels.wechat import Visitors
from cloud.database import Database
from cloud.deployment.clocks import Clocks
from cloud.errors import CloudError, Invalid
from cloud.identity.keys import Keyring
from cloud.member_page import sessions
from cloud.member_page.sessions import Visitor, mark_of
from cloud.member_page.settings import MemberPageSettings
from cloud.privacy import Vault
from shared.ids import UuidMint

MARK = "mark"
"""The field that every form carries."""
_MOST_BYTES = 16 * 1024


class SignInNeeded(CloudError):
    """Nobody is signed in, or not lately enough for this."""

    def __init__(self, *, again: bool = False) -> None:
        super().__init__("sign in first")
        self.again = again


class FormRefused(CloudError):
    """The form is not one that we made for this browser."""


@dataclass(frozen=True)
class Page:
    """What the page is made of, built once when the process starts."""

    settings: MemberPageSettings
    database: Database
    vault: Vault
    clocks: Clocks
    signing: Keyring
    mint: UuidMint
    visitors: Visitors
    wechat_token: str
    """By which WeChat's servers are known; empty: none are."""
    asks: FailureLimit
    """How often one address may ask for a code, or type one."""
    looks: FailureLimit
    """How often one member may look for another by a number: nobody finds out whose numbers are members'."""

    def cookie(self, name: str) -> str:
        """Return a cookie's name; over HTTPS one that no other host can set."""
        return f"__Host-storewire_{name}" if self.settings.secure else f"storewire_{name}"

    def keep(self, response: Response, name: str, value: str, max_age_s: int) -> None:
        """Give a browser a cookie that no script reads and no other site's form sends."""
        response.set_cookie(
            self.cookie(name), value, max_age=max_age_s, httponly=True, samesite="lax", secure=self.settings.secure
        )

    def drop(self, response: Response, name: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(self.cookie(name), secure=self.settings.secure, httponly=True, samesite="lax")


def page_of(request: Request) -> Page:
    """Return what the process built."""
    found: Page = request.app.state.page
    return found


Here = Annotated[Page, Depends(page_of)]


def token_of(request: Request, page: Page, name: str = "me") -> str:
    """Return what a cookie holds, empty where there is none."""
    return request.cookies.get(page.cookie(name), "")[:2_000]


def visitor_of(request: Request, page: Here) -> Visitor:
    """Return who is signed in. Raise SignInNeeded."""
    with page.database.snapshot() as session:
        found = sessions.visitor(session, token_of(request, page), page.clocks.machine.wall_ms())
    if found is None:
        raise SignInNeeded
    return found


def fresh_visitor_of(page: Here, visitor: Annotated[Visitor, Depends(visitor_of)]) -> Visitor:
    """Return who signed in just now. Raise SignInNeeded."""
    if not visitor.is_fresh(page.clocks.machine.wall_ms()):
        raise SignInNeeded(again=True)
    return visitor


async def fields_of(request: Request) -> Mapping[str, str]:
    """Return what a form says; it is read before anything is done with it."""
    body = await read_body(request, _MOST_BYTES, "this form is too large")
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise Invalid("this form cannot be read") from None
    if any("\0" in value for value in fields.values()):  # no database of ours keeps it, and nobody types it
        raise Invalid("this form cannot be read")
    return fields


Fields = Annotated[Mapping[str, str], Depends(fields_of)]


def form_of(request: Request, fields: Fields, visitor: Annotated[Visitor, Depends(visitor_of)]) -> Mapping[str, str]:
    """Return what a form of the visitor's own says. Raise FormRefused for any other."""
    check_mark(request, fields, visitor.mark)
    return fields


def open_form_of(request: Request, page: Here, fields: Fields) -> Mapping[str, str]:
    """Return what the form of somebody says who is not signed in yet. Raise FormRefused for one we did not make."""
    token = token_of(request, page, "form")
    if not token:
        raise FormRefused("no cookie came with this form")
    check_mark(request, fields, mark_of(token))
    return fields


def check_mark(request: Request, fields: Mapping[str, str], expected: str) -> None:
    """Raise FormRefused unless a form carries the mark, and does not come from another site by the browser's word."""
    foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}
    if foreign or not hmac.compare_digest(fields.get(MARK, "").encode(), expected.encode()):
        raise FormRefused("not a form of this session")


def is_wechat(request: Request) -> bool:
    """Tell whether this is WeChat's own browser."""
    return "MicroMessenger" in request.headers.get("User-Agent", "")


def in_wechat(request: Request, page: Page) -> bool:
    """Tell whether this is WeChat's own browser, and WeChat would tell us who is there."""
    return is_wechat(request) and page.visitors.ready


def address_of(request: Request) -> str:
    """Return from where somebody asks, as the proxies we believe say: the line, where one has many addresses."""
    return caller_of(request.client.host) if request.client else "nowhere"


SignedIn = Annotated[Visitor, Depends(visitor_of)]
JustSignedIn = Annotated[Visitor, Depends(fresh_visitor_of)]
Form = Annotated[Mapping[str, str], Depends(form_of)]
OpenForm = Annotated[Mapping[str, str], Depends(open_form_of)]
