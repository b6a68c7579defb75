"""Who is signed in where: a token in a cookie, its hash in the database, and the mark that every form carries."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlmodel import Session, col, delete

from cloud.member_page.models import MemberSession
from cloud.members.models import ACTIVE, Member, MemberField
from cloud.members.profile import PHONE

DAY_MS = 24 * 3600 * 1000
FRESH_MS = 15 * 60 * 1000
"""For so long after signing in somebody may see everything held about them, hand points on, or leave.

Later they sign in again.
"""
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Visitor:
    """A member who is signed in."""

    member: UUID
    mark: str
    """What this session's forms carry."""
    since_ms: int

    @property
    def actor(self) -> str:
        """The name that audit entries carry."""
        return f"member:{self.member}"

    def is_fresh(self, now_ms: int) -> bool:
        """Tell whether they signed in just now."""
        return now_ms - self.since_ms < FRESH_MS


def fresh_token() -> str:
    """Return what a browser holds and nobody guesses."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_of(token: str) -> bytes:
    """Return what the database keeps of a token."""
    return sha256(token.encode()).digest()


def mark_of(token: str) -> str:
    """Return what proves that a form was made by us for the browser that holds a token."""
    return hmac.new(token.encode(), b"storewire member form", sha256).hexdigest()


def begin(session: Session, member: UUID, *, by: str, now_ms: int, days: int) -> str:
    """Sign a member in, by `phone` or `wechat`, and return the new session's token."""
    token = fresh_token()
    expires_ms = now_ms + days * DAY_MS
    row = MemberSession(token_hash=hash_of(token), member_id=member, by=by, since_ms=now_ms, expires_ms=expires_ms)
    session.add(row)
    session.flush()
    return token


def visitor(session: Session, token: str, now_ms: int) -> Visitor | None:
    """Return who holds a token; None when it has ended, or they are no member or have another number by now."""
    row = session.get(MemberSession, hash_of(token)) if token else None
    if row is None or row.expires_ms <= now_ms:
        return None
    member = session.get(Member, row.member_id)
    if member is None or member.status != ACTIVE or not still_proves(session, row.member_id, row.since_ms):
        return None
    return Visitor(row.member_id, mark_of(token), row.since_ms)


def still_proves(session: Session, member: UUID, at_ms: int) -> bool:
    """Tell whether somebody who had a member's number at a time is the member still: it is their number since before.

    A telephone is stolen, or a number given up goes to somebody else: whoever came in by it stays no longer than it is
    the member's.
    """
    field = session.get(MemberField, (member, PHONE))
    return field is not None and field.set_ms <= at_ms


def end(session: Session, token: str) -> None:
    """Sign out of this browser."""
    session.execute(delete(MemberSession).where(col(MemberSession.token_hash) == hash_of(token)))


def end_all(session: Session, member: UUID) -> None:
    """Sign a member out everywhere."""
    session.execute(delete(MemberSession).where(col(MemberSession.member_id) == member))


def forget_expired(session: Session, now_ms: int) -> None:
    """Delete sessions that have ended."""
    session.execute(delete(MemberSession).where(col(MemberSession.expires_ms) <= now_ms))
