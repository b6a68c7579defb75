"""`storewire-cloud audit ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.audit.models import AUDIT_CHAIN
from cloud.command import database_of

audit_app = typer.Typer(no_args_is_help=True, help="The audit log: who did what, and proof that nobody changed it.")


@audit_app.callback()
def _audit() -> None:
    """Keep `verify` a command of its own."""


@audit_app.command("verify")
def verify(
    context: typer.Context,
    noted: Annotated[
        str | None, typer.Option(help="NUMBER:HEAD of an earlier run, kept elsewhere: finds an end that was cut off.")
    ] = None,
) -> None:
    """Follow the log's hash chain and name the first link that does not hold."""
    known = None if noted is None else _noted(noted)
    with database_of(context) as database, database.snapshot() as session:
        proof = AUDIT_CHAIN.follow(session, known)
    if proof.fault:
        typer.echo(f"The audit log was changed: {proof.fault}. Links before it that hold: {proof.links}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"All {proof.links} acts are as they were written. To compare later, keep elsewhere:")
    typer.echo(f"{proof.links}:{proof.head.hex()}")


def _noted(text: str) -> tuple[int, bytes]:
    number, _, head = text.partition(":")
    try:
        return int(number), bytes.fromhex(head)
    except ValueError:
        raise typer.BadParameter("it is what an earlier run printed: a number, a colon, 64 hex digits") from None
