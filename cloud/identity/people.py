"""People of the console: who may sign in, and what their role lets them do. `sessions` is how they sign in."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, delete, select

from cloud import audit
from cloud.errors import Invalid, NotFound, Refused
from cloud.identity.models import ConsolePerson, ConsoleSession
from shared.ids import check_slug
from shared.pins import hash_secret

ONCE_MS = 72 * 3600 * 1000
"""How long a password that somebody was told may be used: long enough for a weekend between."""
MIN_PASSWORD, MAX_PASSWORD = 10, 200
_SALT_BYTES = 16
_PERSON = "person:"


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
    must_change: bool = False
    """The password was told by somebody else: nothing is shown before it is changed."""

    @property
    def actor(self) -> str:
        """The name that audit entries carry."""
        return f"{_PERSON}{self.name}"

    def may(self, right: Right) -> bool:
        """Tell whether the role has a right."""
        return right in RIGHTS[self.role]


def add(
    session: Session,
    name: str,
    role: Role,
    password: str,
    *,
    actor: str,
    now_ms: int,
    reason: str = "",
    once: bool = False,
) -> None:
    """Give somebody a sign-in. `once`: the password was made here and is told; it has to be changed within ONCE_MS.

    Raise Invalid for a name that is taken or no id, or a password that is too short.
    """
    try:
        check_slug(name, "name")
    except ValueError as error:
        raise Invalid(str(error)) from None
    if session.get(ConsolePerson, name) is not None:
        raise Invalid(f"there is or was a {name!r}: names are not used twice, choose another")
    until_ms = now_ms + ONCE_MS if once else None
    session.add(
        ConsolePerson(
            name=name, role=role, secret=hashed(password), created_by=actor, created_ms=now_ms, once_until_ms=until_ms
        )
    )
    audit.record(session, at_ms=now_ms, actor=actor, action="person.add", subject=name, reason=reason, detail=role)
    session.flush()


def change(
    session: Session,
    name: str,
    *,
    actor: str,
    now_ms: int,
    role: Role | None = None,
    password: str = "",
    reason: str = "",
    once: bool = False,
) -> None:
    """Change somebody's role or password; they have to sign in again. `once` as in `add`.

    Raise NotFound, Invalid, or Refused: `last_admin` when nobody would be left who may do this.
    """
    person = present(session, name)
    if role is not None:
        if role is not Role.ADMIN:
            _keep_an_admin(session, person)
        person.role = role
    if password:
        person.secret = hashed(password)
        person.once_until_ms = now_ms + ONCE_MS if once else None
        person.failed = 0
    session.add(person)
    _end_sessions(session, name)
    changed = ", ".join([*([f"role {role}"] if role else []), *(["password"] if password else [])])
    audit.record(
        session, at_ms=now_ms, actor=actor, action="person.change", subject=name, reason=reason, detail=changed
    )


def leave(session: Session, name: str, *, actor: str, now_ms: int, reason: str = "") -> None:
    """End somebody's sign-in at once, on every browser. Raise NotFound, or Refused: `last_admin`."""
    person = present(session, name)
    _keep_an_admin(session, person)
    person.left_ms = now_ms
    session.add(person)
    _end_sessions(session, name)
    audit.record(session, at_ms=now_ms, actor=actor, action="person.leave", subject=name, reason=reason)


def come_back(session: Session, name: str, password: str, *, actor: str, now_ms: int, reason: str = "") -> None:
    """Let the same person in again, by a password that they are told and change. Raise NotFound, Invalid."""
    person = find(session, name)
    if person.left_ms is None:
        raise Invalid(f"{name!r} has a sign-in already")
    person.left_ms, person.failed = None, 0
    person.secret, person.once_until_ms = hashed(password), now_ms + ONCE_MS
    session.add(person)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="person.come_back", subject=name, reason=reason, detail=person.role
    )


def sign_out_everywhere(session: Session, name: str, *, actor: str, now_ms: int, reason: str = "") -> int:
    """End every session of somebody and return how many there were. Raise NotFound."""
    find(session, name)
    ended = _end_sessions(session, name)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="person.sign_out", subject=name, reason=reason,
        detail=f"{ended} sessions",
    )  # fmt: skip
    return ended


def everybody(session: Session) -> list[ConsolePerson]:
    """Return who has a sign-in, by name."""
    query = select(ConsolePerson).where(col(ConsolePerson.left_ms).is_(None)).order_by(col(ConsolePerson.name))
    return list(session.exec(query))


def anybody(session: Session) -> bool:
    """Tell whether a sign-in was ever made: from then on the console is shut to everybody else."""
    return session.exec(select(col(ConsolePerson.name)).limit(1)).first() is not None


def require_second(session: Session, actor: str, first: str) -> None:
    """Raise Refused unless `actor` may decide what `first` asked for: `same_person`, or `person_needed` for a program.

    A program is nobody's second person, for whoever asked may hold its token. A chain in which nobody ever had a
    sign-in has programs alone.
    """
    if actor == first:
        raise Refused("same_person", "whoever asked for it cannot decide it")
    if not actor.startswith(_PERSON) and anybody(session):
        raise Refused("person_needed", "a person decides this, signed in at the console")


def find(session: Session, name: str) -> ConsolePerson:
    """Return somebody who has or had a sign-in. Raise NotFound."""
    person = session.get(ConsolePerson, name)
    if person is None:
        raise NotFound(f"nobody was ever named {name!r}")
    return person


def present(session: Session, name: str) -> ConsolePerson:
    """Return somebody who has a sign-in. Raise NotFound."""
    person = session.get(ConsolePerson, name)
    if person is None or person.left_ms is not None:
        raise NotFound(f"nobody named {name!r} has a sign-in")
    return person


def fresh_password() -> str:
    """Return a password nobody guesses, for somebody to be told once."""
    return secrets.token_urlsafe(MIN_PASSWORD + 2)


def hashed(password: str) -> str:
    """Return what is kept of a password. Raise Invalid for one too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return hash_secret(password, os.urandom(_SALT_BYTES))


def _keep_an_admin(session: Session, leaving: ConsolePerson) -> None:
    """Refuse to take the last admin away. The rows are locked, so that two admins cannot remove each other at once."""
    query = select(col(ConsolePerson.name)).where(
        col(ConsolePerson.role) == Role.ADMIN, col(ConsolePerson.left_ms).is_(None)
    )
    admins = set(session.exec(query.order_by(col(ConsolePerson.name)).with_for_update()))
    if admins == {leaving.name}:
        raise Refused("last_admin", f"{leaving.name} is the last admin: make somebody else one first")


def _end_sessions(session: Session, name: str) -> int:
    gone = delete(ConsoleSession).where(col(ConsoleSession.person) == name).returning(col(ConsoleSession.person))
    return len(session.execute(gone).all())
