"""`storewire-cloud keys ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud import audit
from cloud.command import actor, database_of, now_ms, said_plainly, settings_of
from cloud.database import Database
from cloud.deployment.opening import open_vault
from cloud.errors import Invalid
from cloud.identity import keys
from cloud.member_lifecycle import rotation
from cloud.privacy import Vault

keys_app = typer.Typer(no_args_is_help=True, help="This deployment's keys.")


@keys_app.command("list")
def list_keys(context: typer.Context) -> None:
    """List the ids of keys, never the keys."""
    with said_plainly():
        ring = keys.load(settings_of(context).keys_dir)
    for name in keys.KEYRINGS:
        one = getattr(ring, name)
        for key in one.secrets:
            typer.echo(f"{name}\t{key}\t{'current' if key == one.current else 'kept to open what it closed'}")


@keys_app.command("rotate")
def rotate_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="signing, sealing or fields.")],
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Add no key; go on encrypting anew what an interrupted rotation left.")
    ] = False,
) -> None:
    """Add a fresh key and use it from now on; older ones stay to open what they closed.

    After `fields`, everything encrypted is encrypted anew while the chain works on. Interrupted, it goes on with
    `--resume`.
    """
    with database_of(context) as database:
        if not resume:
            ring = keys.rotate(settings_of(context).keys_dir, name)
            with database.session() as session:
                subject = f"{name} {ring.current}"
                audit.record(session, at_ms=now_ms(), actor=actor(), action="keys.rotate", subject=subject)
            typer.echo(f"{name} key {ring.current} is current. Back up the keys directory.")
        elif name != "fields":
            raise Invalid("only the rotation of `fields` has anything to resume")
        if name == "fields":
            _encrypt_anew(database, open_vault(settings_of(context)))
        else:
            typer.echo("Restart every process: they sign and open with it from then on.")


def _encrypt_anew(database: Database, vault: Vault) -> None:
    with database.snapshot() as session:
        total = rotation.left(session, vault)
    done, step = 0, 1
    while step:
        with database.session() as session:
            step = rotation.encrypt_anew(session, vault)
        done += step
        if step:
            typer.echo(f"{done} of {max(total, done)} values encrypted anew")
    with database.session() as session:
        audit.record(
            session,
            at_ms=now_ms(),
            actor=actor(),
            action="keys.encrypt_anew",
            subject="fields",
            detail=f"{done} values",
        )
    typer.echo("Nothing stands under an older key.")
