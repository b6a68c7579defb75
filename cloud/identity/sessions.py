"""Sessions of the console: signing in by password, staying signed in, and changing one's own password."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from sqlmodel import Session, col, delete, select, update

from cloud import audit
from cloud.errors import Invalid
from cloud.identity.models import ConsolePerson, ConsoleSession
from cloud.identity.people import MAX_PASSWORD, Role, Signed, hashed, present
from cloud.identity.refusals import Unproven
from shared.pins import fits, hash_secret

SESSION_MS = 12 * 3600 * 1000
"""A working day; then one signs in again."""
SEEN_EVERY_MS = 60_000
"""How exactly it is known when somebody was here last: a page read writes at most so often."""
_TOKEN_BYTES = 32


def sign_in(session: Session, name: str, password: str, now_ms: int) -> str:
    """Return the token of a new session. Raise Unproven, whatever was wrong, after the same work."""
    person = session.get(ConsolePerson, name)
    proven = fits(password[:MAX_PASSWORD], person.secret if person is not None else _NOBODY)
    if not proven or person is None or person.left_ms is not None or _too_late(person, now_ms):
        raise Unproven("sign_in_refused", "name and password do not fit")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.expires_ms) <= now_ms))
    session.add(
        ConsoleSession(
            token_hash=_hash(token), person=name, since_ms=now_ms, expires_ms=now_ms + SESSION_MS, seen_ms=now_ms
        )
    )
    person.seen_ms, person.failed = now_ms, 0
    session.add(person)
    audit.record(session, at_ms=now_ms, actor=f"person:{name}", action="person.sign_in", subject=name)
    session.flush()
    return token


def failed(session: Session, name: str, now_ms: int) -> None:
    """Count a sign-in that was refused. The same work is done for a name that nobody has."""
    session.execute(
        update(ConsolePerson)
        .where(col(ConsolePerson.name) == name)
        .values(failed=col(ConsolePerson.failed) + 1, failed_ms=now_ms)
    )


def signed(session: Session, token: str, now_ms: int) -> Signed | None:
    """Return whose session a token is, None when it is nobody's any more."""
    row = session.get(ConsoleSession, _hash(token)) if token else None
    if row is None or row.expires_ms <= now_ms:
        return None
    person = session.get_one(ConsolePerson, row.person)
    if person.left_ms is not None:
        return None
    return Signed(person.name, Role(person.role), mark_of(token), must_change=person.once_until_ms is not None)


def unseen(session: Session, token: str, now_ms: int) -> bool:
    """Tell whether it should be noted that the holder of a token is here."""
    row = session.get(ConsoleSession, _hash(token)) if token else None
    return row is not None and now_ms - (row.seen_ms or 0) >= SEEN_EVERY_MS


def see(session: Session, token: str, now_ms: int) -> None:
    """Note that the holder of a token is here."""
    session.execute(update(ConsoleSession).where(col(ConsoleSession.token_hash) == _hash(token)).values(seen_ms=now_ms))
    holder = select(col(ConsoleSession.person)).where(col(ConsoleSession.token_hash) == _hash(token)).scalar_subquery()
    session.execute(update(ConsolePerson).where(col(ConsolePerson.name) == holder).values(seen_ms=now_ms))


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.token_hash) == _hash(token)))


def sessions_of(session: Session, name: str, now_ms: int) -> list[ConsoleSession]:
    """Return the sessions of somebody that last, the newest first."""
    query = select(ConsoleSession).where(col(ConsoleSession.person) == name, col(ConsoleSession.expires_ms) > now_ms)
    return list(session.exec(query.order_by(col(ConsoleSession.since_ms).desc())))


def change_own(session: Session, name: str, token: str, old: str, new: str, *, now_ms: int) -> None:
    """Change one's own password; every other session of one's ends.

    Raise Unproven when the old password is wrong, Invalid when the new one is no better, too short or too long.
    """
    person = present(session, name)
    if not fits(old[:MAX_PASSWORD], person.secret):
        raise Unproven("old_password", "this is not your present password")
    if old == new:
        raise Invalid("the new password is the present one: choose another")
    person.secret, person.once_until_ms, person.failed = hashed(new), None, 0
    session.add(person)
    session.execute(
        delete(ConsoleSession).where(col(ConsoleSession.person) == name, col(ConsoleSession.token_hash) != _hash(token))
    )
    audit.record(
        session, at_ms=now_ms, actor=f"person:{name}", action="person.change", subject=name, detail="own password"
    )


def mark_of(token: str) -> str:
    """Return what forms carry to prove that a page of ours, and no other, made them for the holder of a token."""
    return hmac.new(token.encode(), b"storewire form", sha256).hexdigest()


def _too_late(person: ConsolePerson, now_ms: int) -> bool:
    return person.once_until_ms is not None and person.once_until_ms <= now_ms


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


_NOBODY = hash_secret("nobody has this password", bytes(16))
