"""The table of people who may sign in, and what roles and refusals are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from cloud.identity.models import ConsolePerson
from cloud.identity.people import Role
from cloud.web import said
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, ListSource
from cloud.web.who import who_cell
from shared.web.words import marked

MAY: Mapping[Role, str] = {
    Role.MARKETER: marked("plans, approves and publishes promotions and prices"),
    Role.SUPPORT: marked("sees what is personal of members, moves points and stored value by hand"),
    Role.IT: marked("looks after stores' devices and mini PCs"),
    Role.AUDITOR: marked("reads everything but personal data, changes nothing"),
    Role.ADMIN: marked("may do all of this, and says who may sign in"),
}
"""What each role may do, in a line."""

REFUSALS: Mapping[str, str] = {
    "last_admin": marked("This is the last admin: make somebody else an admin first, or nobody can let people in."),
    "reason": marked("Say why: it is kept in the audit log."),
    "role": marked("Choose a role."),
    "name": marked("This name cannot be taken: a-z, 0-9 and '-', and one that nobody has or had."),
    "gone": marked("This person has no sign-in any more: load the page again."),
    "differ": marked("The two new passwords differ: type the same one twice."),
    "old_password": marked("This is not your present password. Try again."),
    "bad_password": marked("This password cannot be taken: at least ten characters, and not your present one."),
    "too_many": marked("Too many attempts. Wait a minute and try again."),
}
"""Why something was not done, and what to do."""


def state_of(person: ConsolePerson, now_ms: int) -> tuple[str, str]:
    """Return how somebody's sign-in stands: a marked text and its tone."""
    if person.left_ms is not None:
        return marked("ended"), "quiet"
    if person.once_until_ms is None:
        return marked("may sign in"), "good"
    if person.once_until_ms > now_ms:
        return marked("has not chosen a password yet"), "warn"
    return marked("first password has expired: make a new one"), "bad"


def _columns() -> Sequence[Column[ConsolePerson]]:
    return (
        Column(
            key="name",
            title=marked("Name"),
            order=lambda row: row.name,
            cell=lambda row: Cell(value=row.name, href=f"/people/{row.name}"),
        ),
        Column(
            key="role",
            title=marked("Role"),
            order=lambda row: row.role,
            cell=lambda row: Cell(value=said.ROLE[row.role], say=True),
        ),
        Column(key="state", title=marked("State"), cell=_state),
        Column(
            key="seen",
            title=marked("Last here"),
            kind=Kind.MOMENT,
            order=lambda row: row.seen_ms or 0,
            cell=lambda row: row.seen_ms,
        ),
        Column(
            key="failed",
            title=marked("Refused attempts"),
            kind=Kind.NUMBER,
            order=lambda row: row.failed,
            cell=lambda row: row.failed,
        ),
        Column(
            key="since",
            title=marked("Since"),
            kind=Kind.MOMENT,
            order=lambda row: row.created_ms,
            cell=lambda row: row.created_ms,
        ),
        Column(key="by", title=marked("Made by"), cell=lambda row: who_cell(row.created_by)),
    )


def _state(row: ConsolePerson) -> Cell:
    if row.left_ms is not None:
        return Cell(value=marked("ended"), tone="quiet", say=True)
    if row.once_until_ms is not None:
        return Cell(value=marked("has not chosen a password yet"), tone="warn", say=True)
    return Cell(value=marked("may sign in"), tone="good", say=True)


def _read(session: Session, asked: Asked) -> list[ConsolePerson]:
    query = select(ConsolePerson).order_by(col(ConsolePerson.name))
    if asked.get("state") != "all":
        query = query.where(col(ConsolePerson.left_ms).is_(None))
    if asked.get("role"):
        query = query.where(col(ConsolePerson.role) == asked.get("role"))
    return list(session.exec(query))


PEOPLE: Listing[ConsolePerson] = Listing(
    name="people",
    title=marked("People"),
    columns=_columns(),
    source=ListSource(_read, _columns),
    order="name",
    filters=(
        Filter(
            key="role", title=marked("Role"), say=True, options=lambda _: [(role, said.ROLE[role]) for role in Role]
        ),
        Filter(
            key="state",
            title=marked("State"),
            say=True,
            options=lambda _: [("all", marked("ended ones too"))],
            otherwise=marked("may sign in"),
        ),
    ),
    empty=marked("Nobody has a sign-in."),
)
