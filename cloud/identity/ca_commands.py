"""`storewire-cloud ca ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloud import audit
from cloud.command import actor, database_of, now_ms, said_plainly, settings_of
from cloud.identity import ca_renewal
from cloud.identity.ca_renewal import day_of

ca_app = typer.Typer(no_args_is_help=True, help="The certificate authority that vouches for agents and services.")


@ca_app.command("status")
def show_status(context: typer.Context) -> None:
    """Say how long root and issuing CA last, and what to do about it."""
    directory = settings_of(context).keys_dir
    with said_plainly():
        found, problem = ca_renewal.status(directory), ca_renewal.problem(directory, now_ms())
    typer.echo(f"Root CA until {day_of(found.root_until_ms)}, issuing CA until {day_of(found.issuing_until_ms)}.")
    for until_ms in found.former_until_ms:
        typer.echo(f"A former issuing CA is accepted until {day_of(until_ms)}.")
    if found.has_root_key:
        typer.echo("root-ca.key is here: the issuing CA renews itself more than a year ahead.")
    else:
        typer.echo("root-ca.key is kept elsewhere: renew with `storewire-cloud ca renew --root-key FILE`.")
    if problem is not None:
        what = "issuing CA: renew it now" if problem.ends == "issuing" else "root CA: plan to enrol every agent anew"
        typer.echo(f"{problem.days_left} days left of the {what}.")


@ca_app.command("renew")
def renew(
    context: typer.Context,
    root_key: Annotated[Path | None, typer.Option(help="Where the root's key is kept, if elsewhere.")] = None,
) -> None:
    """Make a new issuing CA. Nothing has to be restarted, and no certificate signed so far is touched."""
    directory = settings_of(context).keys_dir
    with database_of(context) as database, database.session() as session:
        authority = ca_renewal.renew(directory, now_ms(), root_key)
        serial = f"{authority.issuing.serial_number:x}"
        audit.record(session, at_ms=now_ms(), actor=actor(), action="ca.renew", subject=serial)
    typer.echo(f"The issuing CA lasts until {day_of(ca_renewal.status(directory).issuing_until_ms)}.")
    typer.echo("Agents get it with their next certificate. Back up the keys directory.")
