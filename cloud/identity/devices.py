"""Device tokens: an agent signs each request with its own key; a token lives a minute and works once."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete

from cloud.fleet.models import Agent, DeviceTokenSeen
from cloud.identity.refusals import Unproven

AUDIENCE = "storewire-cloud"
MAX_LIFE_S = 60
_SKEW_S = 30
"""How far an agent's clock may be off. Tokens still end: a later one than this is refused."""
_REQUIRED = ["aud", "sub", "jti", "exp"]


def accept(session: Session, token: str, now_ms: int) -> Agent:
    """Return the agent that a token proves, and use the token up. Raise Unproven with a code for each reason."""
    agent = _claimed_agent(session, token)
    claims = _verified(token, agent.public_key)
    now_s = now_ms / 1000
    if claims["exp"] <= now_s - _SKEW_S:
        raise Unproven("token_expired", "device token has expired; compare your clock with the Date of this answer")
    if claims["exp"] > now_s + MAX_LIFE_S + _SKEW_S:
        raise Unproven("token_too_long", f"device token may live {MAX_LIFE_S} s; compare your clock with the Date here")
    _use_up(session, agent.id, claims)
    return agent


def forget_expired(session: Session, now_ms: int) -> int:
    """Delete the ids of tokens that could not be used again anyway; return how many."""
    gone = session.execute(delete(DeviceTokenSeen).where(col(DeviceTokenSeen.expires_ms) < now_ms - 2 * _SKEW_S * 1000))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _claimed_agent(session: Session, token: str) -> Agent:
    try:
        subject = jwt.decode(token, options={"verify_signature": False}).get("sub")
    except (jwt.PyJWTError, RecursionError):
        subject = None
    # An id is printable, and only such text can be asked of every database.
    agent = session.get(Agent, subject) if isinstance(subject, str) and subject.isprintable() else None
    if agent is None:
        raise Unproven("token_invalid", "device token is not one of an agent of this deployment")
    if agent.status == "revoked":
        raise Unproven("agent_revoked", f"agent {agent.id!r} is revoked")
    return agent


def _verified(token: str, public_key: bytes) -> Mapping[str, Any]:
    key = load_der_public_key(public_key)
    try:
        if not isinstance(key, EllipticCurvePublicKey):
            raise jwt.InvalidKeyError("not a P-256 key")
        options: Any = {"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        claims = jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE, options=options)
        if not isinstance(claims["exp"], int | float) or not isinstance(claims["jti"], str):
            raise jwt.InvalidTokenError("exp or jti is no number or text")
    except jwt.PyJWTError as error:
        raise Unproven("token_invalid", f"device token is not valid: {error}") from None
    if not claims["exp"] > 0:  # JSON as Python reads it has a NaN, which is neither before nor after any time
        raise Unproven("token_invalid", "device token's exp is no time")
    if not 8 <= len(claims["jti"]) <= 64:
        raise Unproven("token_invalid", "device token's jti must have 8 to 64 characters")
    return claims


def _use_up(session: Session, agent: str, claims: Mapping[str, Any]) -> None:
    """Remember the token's id, with its agent, until the token has ended; a second use breaks the key."""
    unique = sha256(f"{agent} {claims['jti']}".encode()).hexdigest()
    seen = DeviceTokenSeen(jti=unique, expires_ms=int(claims["exp"] * 1000))
    try:
        with session.begin_nested():
            session.add(seen)
    except IntegrityError:
        raise Unproven("token_replayed", f"this token of agent {agent!r} was used already") from None
