"""This cloud's incarnation: a new one after every restore, so that agents know to send again what was lost."""

from __future__ import annotations

import os
from uuid import UUID

from sqlmodel import Session, select

from cloud.audit.models import AuditEntry
from cloud.errors import Conflict
from cloud.fleet.models import Deployment
from shared.clock import MachineClock
from shared.ids import UuidMint, uuid7_ms


def current(session: Session) -> UUID:
    """Return the incarnation. Raise Conflict when this database was never initialised."""
    incarnation = session.exec(select(Deployment.incarnation)).first()
    if incarnation is None:
        raise Conflict("this database is not initialised: run `storewire-cloud init` first")
    return incarnation


def renew(session: Session, reason: str, clock: MachineClock, *, seen: UUID | None = None, actor: str = "") -> UUID:
    """Mint and return a new incarnation, or the first one of a new database.

    With `seen` only if that is still the current one: of many agents that notice the same restore, one renews.
    """
    deployment = session.exec(select(Deployment).with_for_update()).first()
    if deployment is not None and seen is not None and deployment.incarnation != seen:
        return deployment.incarnation
    now = clock.wall_ms()
    # Agents take only one that came later by the time in it, and this clock may have stood ahead when it made the last.
    floor_ms = 0 if deployment is None else _minted_ms(deployment.incarnation) + 1
    minted = UuidMint(lambda: max(now, floor_ms), os.urandom)()
    if deployment is None:
        session.add(Deployment(incarnation=minted, since_ms=now, reason=reason))
    else:
        deployment.incarnation, deployment.since_ms, deployment.reason = minted, now, reason
        session.add(deployment)
    session.add(AuditEntry(at_ms=now, actor=actor, action="incarnation.renew", subject=str(minted), reason=reason))
    session.flush()
    return minted


def _minted_ms(incarnation: UUID) -> int:
    return uuid7_ms(incarnation) if incarnation.version == 7 else 0
