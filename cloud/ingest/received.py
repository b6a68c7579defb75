"""An event on its way in: exact bytes, what they say, who sent them; and the reason when it cannot be applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import msgspec

from shared.wire.events import EVENTS, AnyEvent, decode_event

UNDECODABLE = "undecodable"
EVENT_CONFLICT = "event_conflict"
STORE_MISMATCH = "store_mismatch"
ORIGINAL_MISSING = "original_missing"
DATABASE = "database"
FAILED = "failed"

_KINDS: Mapping[type, str] = {event: str(event.__struct_config__.tag) for event in EVENTS}
_DIGEST_BYTES = 16
_KIND_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Parking:
    """Why an event cannot be applied: a code for machines, words for people, and what would help by itself."""

    code: str
    reason: str
    waits_for: UUID | None = None


class Received(NamedTuple):
    """One event as received. `event` is None when the bytes cannot be read; `problem` then says why."""

    agent: str
    store: str
    epoch: UUID
    seq: int
    event_id: UUID
    kind: str
    digest: bytes
    content: bytes
    event: AnyEvent | None
    problem: str = ""


class _Head(msgspec.Struct, frozen=True):
    """As much of an event as even bytes of a newer version should carry."""

    id: UUID
    kind: str = ""


def read(agent: str, store: str, epoch: UUID, seq: int, content: bytes) -> Received:
    """Decode an event's bytes. Bytes that say nothing are known by a hash over agent and bytes."""
    digest = sha256(content).digest()[:_DIGEST_BYTES]
    try:
        event = decode_event(content)
    except (msgspec.DecodeError, ValueError) as error:
        event_id, kind = _identify(agent, content)
        return Received(agent, store, epoch, seq, event_id, kind, digest, content, None, str(error))
    return Received(agent, store, epoch, seq, event.id, _KINDS[type(event)], digest, content, event)


def name_by_content(agent: str, content: bytes) -> UUID:
    """Return the id under which bytes without a usable id of their own are kept."""
    number = int.from_bytes(sha256(agent.encode() + b"\n" + content).digest()[:16], "big")
    return UUID(int=number & ~(0xF << 76 | 0b11 << 62) | 8 << 76 | 0b10 << 62)  # version 8: a meaning of our own


def _identify(agent: str, content: bytes) -> tuple[UUID, str]:
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return name_by_content(agent, content), ""
    return head.id, "".join(sign for sign in head.kind[:_KIND_CHARACTERS] if sign.isprintable())
