"""What is asked of the ledger under an id its asker made: done once, answered the same for ever, a no stays a no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session

from cloud.database import bulk
from cloud.errors import Conflict, Refused
from cloud.ledger.models import LedgerRequest

Content = Mapping[str, Any]
"""What was asked, in words of JSON."""


class RequestChanged(Conflict):
    """An id was used before for something else; `field` names the first difference."""

    def __init__(self, request: UUID, field: str) -> None:
        super().__init__(f"request {request} was made before and differs in {field}")
        self.request = request
        self.field = field


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request came to. `code` says why it was refused (empty: done), `fresh` that it was done just now."""

    answer: Mapping[str, Any]
    code: str = ""
    fresh: bool = False
    reason: str = ""

    def require(self) -> Mapping[str, Any]:
        """Return the answer, or raise Refused. Call it after the commit: the refusal itself has to be kept."""
        if self.code:
            raise Refused(self.code, self.reason or f"refused: {self.code}")
        return self.answer


def once(
    session: Session, request: UUID, kind: str, content: Content, work: Callable[[], Content], *, now_ms: int
) -> Answered:
    """Do `work` unless this request was made before; return what came of it then or now.

    `work` raises Refused for a business refusal: what it wrote goes, and the refusal is kept under the id. Any other
    error leaves no trace. Two who make one request at the same time queue up on its row. Raise RequestChanged for a
    known id with other content.
    """
    stated = msgspec.json.encode(content, order="sorted").decode()
    row = (request, kind, stated, "", "", now_ms)
    if not bulk.insert_new_tuples(session, LedgerRequest, ("id", "kind", "content", "code", "answer", "at_ms"), [row]):
        return _again(session, request, kind, stated)
    made = session.get_one(LedgerRequest, request)
    try:
        with session.begin_nested():
            answer = dict(work())
    except Refused as refused:
        made.code, made.answer = refused.code, msgspec.json.encode({"reason": str(refused)}).decode()
        session.flush()
        return Answered({}, refused.code, fresh=True, reason=str(refused))
    made.answer = msgspec.json.encode(answer).decode()
    session.flush()
    return Answered(answer, fresh=True)


def _again(session: Session, request: UUID, kind: str, stated: str) -> Answered:
    made = session.get_one(LedgerRequest, request, populate_existing=True)
    if made.kind != kind:
        raise RequestChanged(request, "kind")
    if made.content != stated:
        raise RequestChanged(request, _differing(made.content, stated))
    kept = msgspec.json.decode(made.answer)
    return Answered({}, made.code, reason=kept.get("reason", "")) if made.code else Answered(kept)


def _differing(before: str, now: str) -> str:
    old, new = msgspec.json.decode(before), msgspec.json.decode(now)
    return next((name for name in sorted({*old, *new}) if old.get(name) != new.get(name)), "content")
