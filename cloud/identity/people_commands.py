"""`storewire-cloud person ...`: sign-ins of the console; the first admin is made here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cloud.command import actor, database_of, now_ms
from cloud.identity import people
from cloud.identity.people import Role

person_app = typer.Typer(no_args_is_help=True, help="Who may sign in to the console.")

Name = Annotated[str, typer.Argument(help="What they sign in with: a-z, 0-9 and '-'.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@person_app.command("add")
def add_person(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option(help="The least that does.")],
    *,
    password_stdin: FromStdin = False,
) -> None:
    """Give somebody a sign-in. Without a password one is made, shown once, and changed at the first sign-in."""
    password, once = _password(given=password_stdin), not password_stdin
    with database_of(context) as database, database.session() as session:
        people.add(session, name, role, password, actor=actor(), now_ms=now_ms(), once=once)
    _say(f"{name} may sign in as {role}.", password, shown=not password_stdin)


@person_app.command("list")
def list_people(context: typer.Context) -> None:
    """List who has a sign-in."""
    with database_of(context) as database, database.snapshot() as session:
        for person in people.everybody(session):
            typer.echo(f"{person.name}\t{person.role}")


@person_app.command("password")
def change_password(context: typer.Context, name: Name, *, password_stdin: FromStdin = False) -> None:
    """Give somebody a new password; whoever is signed in as them is signed out."""
    password, once = _password(given=password_stdin), not password_stdin
    with database_of(context) as database, database.session() as session:
        people.change(session, name, password=password, actor=actor(), now_ms=now_ms(), once=once)
    _say(f"{name} has a new password.", password, shown=not password_stdin)


@person_app.command("role")
def change_role(context: typer.Context, name: Name, role: Annotated[Role, typer.Argument()]) -> None:
    """Change what somebody may do."""
    with database_of(context) as database, database.session() as session:
        people.change(session, name, role=role, actor=actor(), now_ms=now_ms())
    typer.echo(f"{name} is {role} from the next sign-in on.")


@person_app.command("leave")
def end(context: typer.Context, name: Name) -> None:
    """End somebody's sign-in at once."""
    with database_of(context) as database, database.session() as session:
        people.leave(session, name, actor=actor(), now_ms=now_ms())
    typer.echo(f"{name} can no longer sign in.")


def _password(*, given: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if given else people.fresh_password()


def _say(words: str, password: str, *, shown: bool) -> None:
    told = f"{words} The password, shown this once and to be changed at the first sign-in: {password}"
    typer.echo(told if shown else words)
