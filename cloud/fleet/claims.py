"""Claim codes: a single-use, expiring right to enrol one agent for one store. Only their hash is kept."""

from __future__ import annotations

import base64
import os
from hashlib import sha256

from sqlmodel import Session, col, update

from cloud import audit
from cloud.errors import Conflict, Invalid, Refused
from cloud.fleet.models import Agent, ClaimCode
from cloud.org.stores import find_store
from shared.ids import check_slug

_SECRET_BYTES = 15


def create(
    session: Session, *, store: str, agent: str, fingerprint: str, actor: str, now_ms: int, valid_hours: int
) -> str:
    """Make a claim code and return it, for the only time: `<secret>.<fingerprint of the root CA>`.

    The fingerprint lets the mini PC prove at its first contact that it talks to this deployment.
    """
    _check(agent)
    find_store(session, store)
    if session.get(Agent, agent):
        raise Conflict(f"agent {agent!r} exists; a new mini PC gets a new agent id")
    secret = base64.b32encode(os.urandom(_SECRET_BYTES)).decode().lower()
    session.add(
        ClaimCode(
            code_hash=code_hash(secret),
            store_id=store,
            agent_id=agent,
            created_by=actor,
            created_ms=now_ms,
            expires_ms=now_ms + valid_hours * 3_600_000,
        )
    )
    audit.record(session, at_ms=now_ms, actor=actor, action="claim.create", subject=agent, detail=f"store {store}")
    session.flush()
    return f"{secret}.{fingerprint}"


def take(session: Session, code: str, now_ms: int) -> ClaimCode:
    """Use up a code. Raise Refused when it is unknown, used or expired; of two at once, one gets it."""
    hashed = code_hash(code.partition(".")[0])
    claim = session.get(ClaimCode, hashed)
    if claim is None:
        raise Refused("claim_unknown", "this claim code is not known")
    if claim.used_ms is not None:
        raise Refused("claim_used", "this claim code was used already; ask HQ for a new one")
    if claim.expires_ms <= now_ms:
        raise Refused("claim_expired", "this claim code has expired; ask HQ for a new one")
    taken = session.execute(
        update(ClaimCode)
        .where(col(ClaimCode.code_hash) == hashed, col(ClaimCode.used_ms).is_(None))
        .values(used_ms=now_ms)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("claim_used", "this claim code was used already; ask HQ for a new one")
    return claim


def _check(agent: str) -> None:
    try:
        check_slug(agent, "agent")
    except ValueError as error:
        raise Invalid(str(error)) from None


def code_hash(secret: str) -> bytes:
    """Return what is stored of a code's secret part. It is random and long, so a plain hash does."""
    return sha256(secret.strip().lower().encode()).digest()
