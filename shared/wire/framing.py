"""Several encoded messages in one HTTPS body: each behind its length, four bytes, big endian."""

from __future__ import annotations

from collections.abc import Iterable

from shared.codec import MAX_COMPRESSED_BYTES

CONTENT_TYPE = "application/vnd.storewire.messages"
_LENGTH_BYTES = 4


class FramingError(ValueError):
    """A body that is not a sequence of whole messages."""


def join(messages: Iterable[bytes]) -> bytes:
    """Return one body that holds these encoded messages in order."""
    return b"".join(len(message).to_bytes(_LENGTH_BYTES, "big") + message for message in messages)


def split(body: bytes) -> list[bytes]:
    """Return the encoded messages of a body. Raise FramingError."""
    messages: list[bytes] = []
    at = 0
    while at < len(body):
        start = at + _LENGTH_BYTES
        length = int.from_bytes(body[at:start], "big")
        if length > MAX_COMPRESSED_BYTES or start + length > len(body):
            raise FramingError(f"a message of {length} bytes at {at} does not fit the body of {len(body)}")
        messages.append(body[start : start + length])
        at = start + length
    return messages
