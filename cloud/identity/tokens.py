"""API tokens of people and programs: random, kept by hash, with scopes and an end."""

from __future__ import annotations

import base64
import os
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Invalid, NotFound, Refused
from cloud.identity.models import ApiToken
from cloud.identity.refusals import Unproven
from cloud.org.models import Store

PREFIX = "swt_"
BY_STORE = "beside:"
"""The scopes that can be given for some stores alone."""
SCOPES = {
    "stores:read": "see stores and tills",
    "stores:write": "add stores and tills, make claim codes",
    "fleet:read": "see agents and what they run",
    "fleet:write": "revoke agents",
    "prices:read": "see prices and versions",
    "prices:write": "change, publish and roll back prices",
    "members:read": "see members",
    "members:write": "add, change and import members",
    "personal:read": "export everything held about a member",
    "personal:write": "withdraw consent, erase a member",
    "coupons:read": "see coupons and what became of them",
    "coupons:write": "make, give and withdraw coupons",
    "rewards:read": "see gifts, prize draws and runs",
    "rewards:write": "take and hand over gifts, draw, ask for runs",
    "beside:read": "identify members and quote points at tills that are not ours",
    "beside:write": "give, take and reverse points at tills that are not ours",
    "value:read": "see stored value, its rules, the ledger and what waits for a decision",
    "value:write": "top up, give back, correct and decide about members' value, change its rules",
    "sales:read": "see sales",
    "parked:read": "see parked events",
    "parked:write": "repair, replay and dismiss parked events",
    "admin": "everything",
}


@dataclass(frozen=True)
class TokenHolder:
    """Whom a valid token stands for."""

    name: str
    scopes: frozenset[str]
    stores: frozenset[str] = frozenset()
    """In whose name it may act; empty: every store's."""

    @property
    def actor(self) -> str:
        """The name that audit entries carry."""
        return f"token:{self.name}"

    def may(self, scope: str) -> bool:
        """Tell whether the token has a scope; `x:write` includes `x:read`, `admin` includes all."""
        room, _, right = scope.partition(":")
        wider = {scope, "admin"} | ({f"{room}:write"} if right == "read" else set())
        return bool(wider & self.scopes)

    def act_for(self, store: str) -> None:
        """Raise Refused (`store_not_yours`) unless the token may act in the name of a store."""
        if self.stores and store not in self.stores:
            raise Refused("store_not_yours", f"this API token acts for {', '.join(sorted(self.stores))}, not {store!r}")


def create(
    session: Session,
    *,
    name: str,
    scopes: list[str],
    days: int,
    actor: str,
    now_ms: int,
    stores: Collection[str] = (),
) -> str:
    """Make a token and return it, for the only time. With `stores` it acts for these alone. Raise Invalid."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise Invalid(f"scopes are {', '.join(SCOPES)}; got {', '.join(unknown) or 'none'}")
    if not name.strip() or len(name) > 100:
        raise Invalid("a token's name has 1 to 100 characters")
    if not 1 <= days <= 3650:
        raise Invalid(f"a token lives 1 to 3650 days, got {days}")
    _check_stores(session, scopes, stores)
    secret = PREFIX + base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    session.add(
        ApiToken(
            token_hash=_hash(secret),
            name=name,
            scopes=" ".join(sorted(set(scopes))),
            stores=" ".join(sorted(set(stores))),
            created_ms=now_ms,
            expires_ms=now_ms + days * 86_400_000,
        )
    )
    granted = " ".join([*sorted(set(scopes)), *sorted(set(stores))])
    audit.record(session, at_ms=now_ms, actor=actor, action="token.create", subject=name, detail=granted)
    session.flush()
    return secret


def revoke(session: Session, *, name: str, actor: str, now_ms: int) -> int:
    """End every token of a name; return how many."""
    query = select(ApiToken).where(col(ApiToken.name) == name, col(ApiToken.revoked_ms).is_(None))
    rows = list(session.exec(query))
    if not rows:
        raise NotFound(f"there is no token named {name!r}")
    for row in rows:
        row.revoked_ms = now_ms
        session.add(row)
    audit.record(session, at_ms=now_ms, actor=actor, action="token.revoke", subject=name)
    return len(rows)


def accept(session: Session, token: str, now_ms: int) -> TokenHolder:
    """Return whom a token stands for. Raise Unproven when it is unknown, revoked or over."""
    row = session.get(ApiToken, _hash(token)) if token.startswith(PREFIX) else None
    if row is None or row.revoked_ms is not None:
        raise Unproven("token_invalid", "this API token is not valid")
    if row.expires_ms <= now_ms:
        raise Unproven("token_expired", "this API token has expired")
    return TokenHolder(name=row.name, scopes=frozenset(row.scopes.split()), stores=frozenset(row.stores.split()))


def _check_stores(session: Session, scopes: Collection[str], stores: Collection[str]) -> None:
    """Raise Invalid for stores that are none, or beside a scope that knows no stores: it would reach all of them."""
    if wider := sorted(one for one in scopes if stores and not one.startswith(BY_STORE)):
        raise Invalid(f"only {BY_STORE}read and {BY_STORE}write can be for some stores; {', '.join(wider)} cannot")
    if unknown := sorted(store for store in set(stores) if session.get(Store, store) is None):
        raise Invalid(f"there is no store {', '.join(unknown)}")


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
