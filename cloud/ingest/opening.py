"""From topic and bytes to a message that its agent is proven to have sent, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import msgspec

from cloud.ingest.exchange import Addressed
from cloud.ingest.inbox import Heard
from shared import codec
from shared.topics import Up, parse_up
from shared.wire.messages import MessageError, decode_uplink


@dataclass(frozen=True, slots=True)
class Unopened:
    """Bytes that could not be taken. `agent` and `connection` are set where a rejection can be addressed."""

    reason: str
    agent: str = ""
    connection: UUID | None = None
    epoch: UUID | None = None
    first: int = 0


class _Outline(msgspec.Struct, frozen=True):
    """As much of a batch as a rejection needs."""

    agent: str
    connection: UUID
    type: str = ""
    epoch: UUID | None = None
    first: int = 0


_outline = msgspec.json.Decoder(_Outline)


def open_heard(heard: Heard) -> Addressed | Unopened:
    """Open a message. The broker vouches for the topic, so the envelope has to name the topic's agent and kind."""
    place = parse_up(heard.topic)
    if place is None:
        return Unopened("not a topic of an agent")
    agent, kind = place
    try:
        message = decode_uplink(heard.payload)
    except MessageError as error:
        return unopened(agent, heard.payload, str(error)) if kind is Up.BATCH else Unopened(str(error))
    if message.agent != agent:
        return Unopened(f"envelope names agent {message.agent!r}")
    if message.KIND is not kind:
        return Unopened(f"a {message.KIND} message on a {kind} topic")
    return Addressed(agent, message)


def unopened(agent: str, payload: bytes, reason: str) -> Unopened:
    """Return what can be said of bytes that are no message: a batch is named, so that its agent sends it in parts."""
    try:
        outline = _outline.decode(codec.unpack(payload))
    except (codec.CodecError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unopened(reason)
    if outline.agent != agent or outline.type != Up.BATCH:
        return Unopened(reason)
    return Unopened(reason, agent, outline.connection, outline.epoch, outline.first)
