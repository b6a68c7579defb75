"""The page of messages to members: what became of them, why some did not go, and how each channel is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.api.services import Here
from cloud.channels import reading
from cloud.channels.models import MemberMessage
from cloud.channels.ports import ChannelName, Delivery
from cloud.channels.reasons import reason
from cloud.web.rendering import Context
from cloud.web.showing import listed
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.web.words import marked

router = APIRouter(include_in_schema=False)

CHANNEL: Mapping[str, str] = {
    ChannelName.SMS: marked("text message"),
    ChannelName.WECHAT: marked("WeChat"),
    ChannelName.EMAIL: marked("e-mail"),
}
WAY: Mapping[str, str] = {
    "file": marked("into a file on the server: nobody is reached"),
    "console": marked("onto the server's console: nobody is reached"),
    "off": marked("switched off"),
    "aliyun": marked("by Alibaba Cloud"),
    "tencent": marked("by Tencent Cloud"),
    "smtp": marked("by your mail server"),
    "account": marked("by your official account"),
}
TEXT: Mapping[str, str] = {
    "sign_in_code": marked("code to sign in"),
    "card_expires": marked("a card ends"),
    "points_expire": marked("points end"),
    "coupon_arrived": marked("a coupon was given"),
}
STATE: Mapping[str, tuple[str, str]] = {
    Delivery.QUEUED: (marked("waits"), "warn"),
    Delivery.SENT: (marked("taken by the provider"), "quiet"),
    Delivery.DELIVERED: (marked("arrived"), "good"),
    Delivery.FAILED: (marked("not sent"), "bad"),
    Delivery.UNKNOWN: (marked("not known"), "warn"),
}


_TRIED = (Delivery.QUEUED, Delivery.FAILED, Delivery.UNKNOWN)
"""Where it says something how often it was tried; once it was taken the figure counts questions about it."""


@router.get("/messages")
def messages(request: Request, services: Here) -> Response:
    """Do members get what we send them?"""

    def read(session: Session, now_ms: int) -> Context:
        return {
            "became": reading.became(session, now_ms),
            "ways": reading.ways(services.settings.channels),
            "words": {"channel": CHANNEL, "way": WAY, "text": TEXT, "state": STATE},
            "reason": reason,
            "table": MESSAGES,
        }

    return listed(request, services, "messages", read)


def _query(asked: Asked) -> Query:
    query: Query = select(MemberMessage)
    for key in ("channel", "state", "template", "code"):
        if asked.get(key):
            query = query.where(getattr(MemberMessage, key) == asked.get(key))
    if asked.get("member"):
        query = query.where(col(MemberMessage.member_id) == _id(asked.get("member")))
    return query


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # nobody's


def _said(words: Mapping[str, str]) -> Any:
    def options(_session: Session) -> Sequence[tuple[str, str]]:
        return [(str(code), text) for code, text in words.items()]

    return options


def _tries(row: MemberMessage) -> int | None:
    return row.tries if row.state in _TRIED else None


def _columns() -> Sequence[Column[MemberMessage]]:
    def state(row: MemberMessage) -> Cell:
        text, tone = STATE[Delivery(row.state)]
        return Cell(value=text, tone=tone, say=True)

    def why(row: MemberMessage) -> Cell:
        text, values = reason(row.code)
        return Cell(value=text or None, say=bool(text), values=values, note=row.code if not values else "")

    def member(row: MemberMessage) -> Cell:
        if row.member_id is None:
            return Cell(value=None)
        return Cell(value=str(row.member_id)[-8:], href=f"/members/{row.member_id}")

    row = MemberMessage
    return (
        Column(key="at", title=marked("When"), kind=Kind.MOMENT, order=col(row.changed_ms),
               cell=lambda one: one.changed_ms),
        Column(key="channel", title=marked("Channel"), order=col(row.channel),
               cell=lambda one: Cell(value=CHANNEL.get(one.channel, one.channel), say=True)),
        Column(key="template", title=marked("Text"), order=col(row.template),
               cell=lambda one: Cell(value=TEXT.get(one.template, one.template), say=True)),
        Column(key="state", title=marked("State"), order=col(row.state), cell=state),
        Column(key="why", title=marked("Why"), kind=Kind.WRAP, cell=why),
        Column(key="tries", title=marked("Tries"), kind=Kind.NUMBER, cell=_tries),
        Column(key="member", title=marked("Member"), kind=Kind.CODE, cell=member),
        Column(key="reference", title=marked("Provider's number"), kind=Kind.CODE,
               cell=lambda one: one.reference or None),
    )  # fmt: skip


MESSAGES: Listing[MemberMessage] = Listing(
    name="messages",
    title=marked("Messages"),
    columns=_columns(),
    source=SqlSource(_query, lambda row: row[0], _columns, (col(MemberMessage.id),)),
    order="-at",
    filters=(
        Filter(
            key="state",
            title=marked("State"),
            options=_said({code: text for code, (text, _) in STATE.items()}),
            say=True,
        ),
        Filter(key="channel", title=marked("Channel"), options=_said(CHANNEL), say=True),
        Filter(key="template", title=marked("Text"), options=_said(TEXT), say=True),
        Filter(key="code", title=marked("Code of the reason")),
        Filter(key="member", title=marked("Member's id")),
    ),
    empty=marked("No message yet. Codes to sign in and notices to members appear here."),
)
