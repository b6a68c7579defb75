"""This cloud's own identity: the incarnation that tells agents when the database was restored."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.errors import NotFound
from cloud.fleet.models import Deployment


def incarnation(session: Session) -> UUID:
    """Return the incarnation. Raise NotFound before `storewire-cloud init`."""
    found = session.get(Deployment, 1)
    if found is None:
        raise NotFound("this database has no deployment yet: run `storewire-cloud init`")
    return found.incarnation


def begin(session: Session, new: UUID, *, now_ms: int, reason: str) -> UUID:
    """Give the deployment a (new) incarnation: on first start, and before a restored database answers an agent."""
    session.merge(Deployment(one=1, incarnation=new, since_ms=now_ms, reason=reason))
    session.flush()
    return new
