"""Forms that carry a file: read in memory and no further than they may go, so that no copy is left on a disk."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from cloud.errors import Invalid
from cloud.identity.people import Right
from cloud.web.signing_in import Posted, check_mark, person_with, ruled

_FORM_BYTES = 64 * 1024
"""What a form has beside its file."""
_MOST_FIELDS = 50


@dataclass(frozen=True)
class PostedFile(Posted):
    """What a form of ours said, who sent it, and its file; without one the content is empty."""

    name: str = ""
    content: bytes = b""


def file_by(right: Right, most_bytes: int) -> Callable[[Request], Awaitable[PostedFile]]:
    """Return a dependency like `form_by` for a form with one file. Raise Invalid for a file beyond `most_bytes`."""
    check = person_with(right)

    class InMemory(MultiPartParser):
        spool_max_size = most_bytes + _FORM_BYTES

    async def bounded(request: Request) -> AsyncGenerator[bytes, None]:
        taken = 0
        async for part in request.stream():
            taken += len(part)
            if taken > most_bytes + _FORM_BYTES:
                raise Invalid(f"the file has more than {most_bytes} bytes: split it")
            yield part

    async def posted(request: Request) -> PostedFile:
        who = check(request)
        parser = InMemory(request.headers, bounded(request), max_files=1, max_fields=_MOST_FIELDS)
        try:
            form = await parser.parse()
        except (MultiPartException, KeyError, UnicodeDecodeError):
            raise Invalid("this form cannot be read: load the page again") from None
        fields = [(key, value) for key, value in form.multi_items() if isinstance(value, str)]
        file = next((value for _, value in form.multi_items() if isinstance(value, UploadFile)), None)
        try:
            content = await file.read() if file is not None else b""
        finally:
            await form.close()
        check_mark(fields, who.mark)
        if len(content) > most_bytes:
            raise Invalid(f"the file has more than {most_bytes} bytes: split it")
        name = (file.filename or "").replace("\0", "") if file is not None else ""
        return PostedFile(who, fields, name=name, content=content)

    return ruled(posted, right)
