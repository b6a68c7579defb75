"""The HTTPS fallback of the wire: the same messages, handled by the same code as MQTT's."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from cloud.api.auth import CurrentAgent
from cloud.api.body import read_body
from cloud.api.services import Here, Services
from cloud.errors import CloudError, Invalid
from cloud.ingest.exchange import Addressed
from cloud.ingest.opening import unopened
from shared.codec import MAX_COMPRESSED_BYTES
from shared.wire import framing
from shared.wire.messages import (
    DownlinkMessage,
    Gone,
    Hello,
    MessageError,
    State,
    UplinkMessage,
    decode_uplink,
    encode_message,
)

router = APIRouter(prefix="/api/v1/agent", tags=["agent"])

MAX_WAIT_S = 55
_LIGHT = (Hello, State, Gone)
"""What agents say all at once when something has happened to all of them."""
_OPENED_AT_ONCE = 4096
"""Bytes of a message that is opened where it arrives: a larger one may take too long for those beside it."""

log = structlog.get_logger(__name__)


@router.post("/messages")
async def post_message(request: Request, services: Here, agent: CurrentAgent) -> Response:
    """Take one encoded uplink message and return what HQ says to it, framed."""
    content = await read_body(request, MAX_COMPRESSED_BYTES, f"a message has at most {MAX_COMPRESSED_BYTES} bytes")
    try:
        message = await _opened(content)
    except MessageError as error:
        return _framed([await run_in_threadpool(_rejection, services, agent.id, content, error)])
    if message.agent != agent.id:
        raise Invalid(f"the envelope names agent {message.agent!r}, the token {agent.id!r}")
    heard = Addressed(agent.id, message)
    try:
        if isinstance(message, _LIGHT):
            return _framed(await services.desk.ask(heard))
        # A question has somebody waiting, and a batch is a transaction's worth of work by itself.
        return _framed(await run_in_threadpool(services.exchange.answer, [heard]))
    except (CloudError, SQLAlchemyError):
        raise
    except Exception as error:
        log.exception("message passed over", agent=agent.id, kind=message.KIND)
        words = "head office fails on this message, not on its sender's others; the log says why"
        raise HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR, words) from error


async def _opened(content: bytes) -> UplinkMessage:
    if len(content) <= _OPENED_AT_ONCE:
        return decode_uplink(content)
    return await run_in_threadpool(decode_uplink, content)


def _rejection(services: Services, agent: str, content: bytes, error: MessageError) -> DownlinkMessage:
    """Return the answer to a batch that cannot be opened, as by MQTT. Raise MessageError for anything else."""
    found = unopened(agent, content, str(error))
    if found.connection is None:
        raise error
    return services.exchange.rejection(agent, found.connection, found.epoch, found.first, found.reason)


@router.get("/messages")
async def wait_for_messages(
    request: Request, services: Here, agent: CurrentAgent, wait: Annotated[int, Query(ge=0, le=MAX_WAIT_S)] = 25
) -> Response:
    """Return what HQ has to say unasked; an empty body when there was nothing for `wait` seconds."""
    if wait == 0:
        return _framed(await run_in_threadpool(services.exchange.unasked, [agent.id]))
    return _framed(await services.room.next(agent.id, wait, _gone(request)))


async def _gone(request: Request) -> None:
    """Return when the caller has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _framed(messages: list[DownlinkMessage]) -> Response:
    body = framing.join(encode_message(message) for message in messages)
    return Response(body, media_type=framing.CONTENT_TYPE, headers={"Cache-Control": "no-store"})
