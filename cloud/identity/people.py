"""People of the console: who they are, what their role lets them do, and signing in."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from sqlmodel import Session, col, delete, select

from cloud.errors import Invalid, NotFound
from cloud.fleet import audit
from cloud.identity.models import ConsolePerson, ConsoleSession
from cloud.identity.refusals import Unproven
from shared.ids import check_slug
from shared.pins import fits, hash_secret

SESSION_MS = 12 * 3600 * 1000
"""A working day; then one signs in again."""
MIN_PASSWORD, MAX_PASSWORD = 10, 200
_SALT_BYTES = 16
_TOKEN_BYTES = 32


class Right(StrEnum):
    """What a person may do in the console."""

    READ = "read"
    PLAN = "plan"
    """Write drafts of promotions and prices, and try them."""
    APPROVE = "approve"
    """Approve what somebody else drafted."""
    PUBLISH = "publish"
    """Put into force, stop and roll back."""
    PERSONAL = "personal"
    """See what is personal about a member, for a reason and on record."""
    VALUE = "value"
    """Move members' value: points and stored value by hand, card returns, coupons, gifts, draws and runs."""
    OPERATE = "operate"
    """Devices, agents and certificates."""
    PEOPLE = "people"
    """Sign-ins and rules of the console itself."""


class Role(StrEnum):
    """What somebody is here."""

    MARKETER = "marketer"
    SUPPORT = "support"
    IT = "it"
    AUDITOR = "auditor"
    ADMIN = "admin"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.MARKETER: frozenset({Right.READ, Right.PLAN, Right.APPROVE, Right.PUBLISH}),
    Role.SUPPORT: frozenset({Right.READ, Right.PERSONAL, Right.VALUE}),
    Role.IT: frozenset({Right.READ, Right.OPERATE}),
    Role.AUDITOR: frozenset({Right.READ}),
    Role.ADMIN: frozenset(Right),
}
"""The least each role needs."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in, and the mark that this session's forms carry."""

    name: str
    role: Role
    mark: str

    @property
    def actor(self) -> str:
        """The name that audit entries carry."""
        return f"person:{self.name}"

    def may(self, right: Right) -> bool:
        """Tell whether the role has a right."""
        return right in RIGHTS[self.role]


def add(session: Session, name: str, role: Role, password: str, *, actor: str, now_ms: int) -> None:
    """Give somebody a sign-in. Raise Invalid for a name that is taken or no id, or a password that is too short."""
    try:
        check_slug(name, "name")
    except ValueError as error:
        raise Invalid(str(error)) from None
    if session.get(ConsolePerson, name) is not None:
        raise Invalid(f"there is or was a {name!r}: names are not used twice, choose another")
    session.add(ConsolePerson(name=name, role=role, secret=_hashed(password), created_by=actor, created_ms=now_ms))
    audit.record(session, at_ms=now_ms, actor=actor, action="person.add", subject=name, detail=role)
    session.flush()


def change(
    session: Session, name: str, *, actor: str, now_ms: int, role: Role | None = None, password: str = ""
) -> None:
    """Change somebody's role or password; they have to sign in again. Raise NotFound, Invalid."""
    person = _present(session, name)
    if role is not None:
        person.role = role
    if password:
        person.secret = _hashed(password)
    session.add(person)
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.person) == name))
    changed = ", ".join([*([f"role {role}"] if role else []), *(["password"] if password else [])])
    audit.record(session, at_ms=now_ms, actor=actor, action="person.change", subject=name, detail=changed)


def leave(session: Session, name: str, *, actor: str, now_ms: int) -> None:
    """End somebody's sign-in at once, on every browser. Raise NotFound."""
    person = _present(session, name)
    person.left_ms = now_ms
    session.add(person)
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.person) == name))
    audit.record(session, at_ms=now_ms, actor=actor, action="person.leave", subject=name)


def everybody(session: Session) -> list[ConsolePerson]:
    """Return who has a sign-in, by name."""
    query = select(ConsolePerson).where(col(ConsolePerson.left_ms).is_(None)).order_by(col(ConsolePerson.name))
    return list(session.exec(query))


def anybody(session: Session) -> bool:
    """Tell whether a sign-in was ever made: from then on the console is shut to everybody else."""
    return session.exec(select(col(ConsolePerson.name)).limit(1)).first() is not None


def sign_in(session: Session, name: str, password: str, now_ms: int) -> str:
    """Return the token of a new session. Raise Unproven, whatever was wrong, after the same work."""
    person = session.get(ConsolePerson, name)
    here = person is not None and person.left_ms is None
    proven = fits(password[:MAX_PASSWORD], person.secret if person is not None else _NOBODY)
    if not proven or not here:
        raise Unproven("sign_in_refused", "name and password do not fit")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.expires_ms) <= now_ms))
    session.add(ConsoleSession(token_hash=_hash(token), person=name, since_ms=now_ms, expires_ms=now_ms + SESSION_MS))
    audit.record(session, at_ms=now_ms, actor=f"person:{name}", action="person.sign_in", subject=name)
    session.flush()
    return token


def signed(session: Session, token: str, now_ms: int) -> Signed | None:
    """Return whose session a token is, None when it is nobody's any more."""
    row = session.get(ConsoleSession, _hash(token)) if token else None
    if row is None or row.expires_ms <= now_ms:
        return None
    person = session.get_one(ConsolePerson, row.person)
    return None if person.left_ms is not None else Signed(person.name, Role(person.role), mark_of(token))


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.token_hash) == _hash(token)))


def mark_of(token: str) -> str:
    """Return what forms carry to prove that a page of ours, and no other, made them for the holder of a token."""
    return hmac.new(token.encode(), b"storewire form", sha256).hexdigest()


def fresh_password() -> str:
    """Return a password nobody guesses, for somebody to be told once."""
    return secrets.token_urlsafe(MIN_PASSWORD + 2)


def _present(session: Session, name: str) -> ConsolePerson:
    person = session.get(ConsolePerson, name)
    if person is None or person.left_ms is not None:
        raise NotFound(f"nobody named {name!r} has a sign-in")
    return person


def _hashed(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return hash_secret(password, os.urandom(_SALT_BYTES))


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


_NOBODY = hash_secret("nobody has this password", bytes(_SALT_BYTES))
