"""Device tokens: an agent signs each request with its own key; a token lives a minute and works once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlmodel import Session, col, delete, select

from cloud.database.bulk import insert_new
from cloud.fleet.models import Agent, DeviceTokenSeen
from cloud.identity.refusals import Unproven

AUDIENCE = "storewire-cloud"
MAX_LIFE_S = 60
_SKEW_S = 30
"""How far an agent's clock may be off. Tokens still end: a later one than this is refused."""
_KEYS_KEPT = 10_000
_REQUIRED = ["aud", "sub", "jti", "exp"]


def accept(session: Session, token: str, now_ms: int) -> Agent:
    """Return the agent that a token proves, and use the token up. Raise Unproven with a code for each reason."""
    (found,) = accept_all(session, [token], now_ms)
    if isinstance(found, Unproven):
        raise found
    return found


def accept_all(session: Session, tokens: Sequence[str], now_ms: int) -> list[Agent | Unproven]:
    """Do so for many tokens in as many statements as for one; a refusal stands in its token's place."""
    subjects = [_subject(token) for token in tokens]
    query = select(Agent).where(col(Agent.id).in_({subject for subject in subjects if subject}))
    agents = {agent.id: agent for agent in session.exec(query)}
    found: list[Agent | Unproven] = []
    proven: dict[int, tuple[str, int]] = {}
    for place, (token, subject) in enumerate(zip(tokens, subjects, strict=True)):
        try:
            agent = _may_ask(agents.get(subject))
            proven[place] = _use_of(agent.id, _in_time(_verified(token, agent.public_key), now_ms))
            found.append(agent)
        except Unproven as refusal:
            found.append(refusal)
    for place in _used_before(session, proven):
        words = f"this token of agent {subjects[place]!r} was used already"
        found[place] = Unproven("token_replayed", words)
    return found


def forget_expired(session: Session, now_ms: int) -> int:
    """Delete the ids of tokens that could not be used again anyway; return how many."""
    gone = session.execute(delete(DeviceTokenSeen).where(col(DeviceTokenSeen.expires_ms) < now_ms - 2 * _SKEW_S * 1000))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _subject(token: str) -> str:
    """Return whose token this claims to be, before anything is proven; empty where it says nothing of use."""
    try:
        subject = jwt.decode(token, options={"verify_signature": False}).get("sub")
    except (jwt.PyJWTError, RecursionError):
        return ""
    # An id is printable, and only such text can be asked of every database.
    return subject if isinstance(subject, str) and subject.isprintable() else ""


def _may_ask(agent: Agent | None) -> Agent:
    if agent is None:
        raise Unproven("token_invalid", "device token is not one of an agent of this deployment")
    if agent.status == "revoked":
        raise Unproven("agent_revoked", f"agent {agent.id!r} is revoked")
    return agent


@lru_cache(maxsize=_KEYS_KEPT)
def _key(public_key: bytes) -> object:
    """Return an agent's public key, opened; opening one takes longer than a verification."""
    return load_der_public_key(public_key)


def _verified(token: str, public_key: bytes) -> Mapping[str, Any]:
    key = _key(public_key)
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
    if not 8 <= len(claims["jti"]) <= 64 or not claims["jti"].isprintable():
        raise Unproven("token_invalid", "device token's jti must have 8 to 64 printable characters")
    return claims


def _in_time(claims: Mapping[str, Any], now_ms: int) -> Mapping[str, Any]:
    now_s = now_ms / 1000
    if claims["exp"] <= now_s - _SKEW_S:
        raise Unproven("token_expired", "device token has expired; compare your clock with the Date of this answer")
    if claims["exp"] > now_s + MAX_LIFE_S + _SKEW_S:
        raise Unproven("token_too_long", f"device token may live {MAX_LIFE_S} s; compare your clock with the Date here")
    return claims


def _use_of(agent: str, claims: Mapping[str, Any]) -> tuple[str, int]:
    """Return the token's id, which is its agent's own, and when it ends."""
    return sha256(f"{agent} {claims['jti']}".encode()).hexdigest(), int(claims["exp"] * 1000)


def _used_before(session: Session, proven: Mapping[int, tuple[str, int]]) -> list[int]:
    """Remember the tokens' ids until they have ended; return whose was known: a second use breaks the key."""
    first: dict[str, tuple[int, int]] = {}
    again = []
    for place, (unique, expires_ms) in proven.items():
        if first.setdefault(unique, (place, expires_ms))[0] != place:
            again.append(place)
    rows = [{"jti": unique, "expires_ms": expires_ms} for unique, (_, expires_ms) in sorted(first.items())]
    new = insert_new(session, DeviceTokenSeen, rows)
    return again + [place for unique, (place, _) in first.items() if (unique,) not in new]
