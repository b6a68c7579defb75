"""`storewire-cloud staff ...` and `policies ...`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cloud.command import actor, database_of, now_ms
from cloud.store_days import policies, staff
from cloud.store_days.models import Staff

staff_app = typer.Typer(no_args_is_help=True, help="Who works at tills.")
policies_app = typer.Typer(no_args_is_help=True, help="How tills work: signing in, approvals, reasons, limits.")

Code = Annotated[str, typer.Argument(help="Staff code: a-z, 0-9 and '-'.")]
Stores = Annotated[list[str], typer.Option("--store", help="A store they work in; again for more.")]
OneStore = Annotated[str, typer.Option("--store", help="A store's own, instead of the chain's.")]


@staff_app.command("add")
def add_staff(
    context: typer.Context,
    code: Code,
    *,
    name: Annotated[str, typer.Option()],
    role: Annotated[str, typer.Option(help="cashier, supervisor or manager.")] = "cashier",
    store: Stores,
    pin: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    adult: Annotated[bool, typer.Option("--adult/--minor", help="Old enough to sell what has an age limit.")] = True,
) -> None:
    """Add somebody; the PIN is asked for where it is not given."""
    member = Staff(code=code, name=name, role=role, adult=adult)
    with database_of(context) as database, database.session() as session:
        salt = os.urandom(staff.SALT_BYTES)
        staff.add(session, member, pin=pin, salt=salt, stores=store, actor=actor(), now_ms=now_ms())
    typer.echo(f"{code} works in {', '.join(store)} from now on; their tills hear of it within seconds.")


@staff_app.command("list")
def list_staff(context: typer.Context, store: OneStore = "") -> None:
    """List who works here."""
    with database_of(context) as database, database.snapshot() as session:
        for one, stores in staff.everybody(session, store):
            typer.echo("\t".join((one.code, one.name, one.role, ", ".join(stores) or "no store")))


@staff_app.command("pin")
def new_pin(
    context: typer.Context,
    code: Code,
    pin: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Give somebody a new PIN."""
    with database_of(context) as database, database.session() as session:
        staff.set_pin(session, code, pin, salt=os.urandom(staff.SALT_BYTES), actor=actor(), now_ms=now_ms())
    typer.echo(f"{code} has a new PIN.")


@staff_app.command("card")
def new_card(
    context: typer.Context,
    code: Code,
    number: Annotated[str, typer.Argument(help="The card's number; '' takes the card away.")],
) -> None:
    """Give somebody a staff card."""
    with database_of(context) as database, database.session() as session:
        staff.set_card(session, code, number, fresh_salt=os.urandom(staff.SALT_BYTES), actor=actor(), now_ms=now_ms())
    typer.echo(f"{code} has {'a new card' if number else 'no card'}.")


@staff_app.command("move")
def move_staff(context: typer.Context, code: Code, store: Stores) -> None:
    """Say in which stores somebody works."""
    with database_of(context) as database, database.session() as session:
        staff.move(session, code, store, actor=actor(), now_ms=now_ms())
    typer.echo(f"{code} works in {', '.join(store)}.")


@staff_app.command("leave")
def staff_leaves(context: typer.Context, code: Code) -> None:
    """Note that somebody no longer works here."""
    with database_of(context) as database, database.session() as session:
        staff.leave(session, code, actor=actor(), now_ms=now_ms())
    typer.echo(f"{code} can sign in nowhere any more.")


@policies_app.command("show")
def show_policies(context: typer.Context, store: OneStore = "") -> None:
    """Print the policies as JSON, every field with its value."""
    with database_of(context) as database, database.snapshot() as session:
        found = policies.policies(session, store)
    every = {name: msgspec.to_builtins(value) for name, value in msgspec.structs.asdict(found).items()}
    typer.echo(json.dumps(every, indent=1, ensure_ascii=False))


@policies_app.command("set")
def set_policies(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON as `policies show` prints it.")],
    store: OneStore = "",
) -> None:
    """Replace the policies by a file's."""
    with database_of(context) as database, database.session() as session:
        policies.set_policies(session, file.read_bytes(), store=store, actor=actor(), now_ms=now_ms())
    typer.echo(f"The tills of {store or 'the chain'} work by {file} from now on.")
