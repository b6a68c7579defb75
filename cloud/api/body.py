"""A request's body, read without ever holding more than it may have."""

from __future__ import annotations

from fastapi import Request

from cloud.errors import Invalid


async def read_body(request: Request, most_bytes: int, refusal: str) -> bytes:
    """Return the body. Raise Invalid with `refusal` as soon as it is longer than `most_bytes`."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most_bytes:
            raise Invalid(refusal)
    return bytes(content)
