"""`storewire-cloud claim ...`, `token ...` and `keys ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.command import actor, database_of, now_ms, said_plainly, settings_of
from cloud.database import Database
from cloud.deployment.opening import open_vault
from cloud.errors import Invalid
from cloud.fleet import audit
from cloud.identity import ca, claims, keys, tokens
from cloud.members import rotation
from cloud.privacy import Vault

claim_app = typer.Typer(no_args_is_help=True, help="Claim codes: a mini PC's way in.")
token_app = typer.Typer(no_args_is_help=True, help="API tokens of people and programs.")
keys_app = typer.Typer(no_args_is_help=True, help="This deployment's keys.")


@claim_app.command("create")
def create_claim(
    context: typer.Context,
    store: Annotated[str, typer.Argument()],
    agent: Annotated[str, typer.Argument(help="Id of the agent to be; a new mini PC gets a new one.")],
    hours: Annotated[int | None, typer.Option(min=1, max=24 * 90, help="How long the code works.")] = None,
) -> None:
    """Make a single-use code with which a mini PC becomes a store's agent. It is shown this once."""
    settings = settings_of(context)
    with database_of(context) as database, database.session() as session:
        code = claims.create(
            session,
            store=store,
            agent=agent,
            fingerprint=ca.load(settings.keys_dir).fingerprint,
            actor=actor(),
            now_ms=now_ms(),
            valid_hours=hours or settings.claim_hours,
        )
    typer.echo(code)


@token_app.command("create")
def create_token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[list[str], typer.Option(help=f"One of {', '.join(tokens.SCOPES)}; may be repeated.")],
    days: Annotated[int, typer.Option(help="How long it works.")] = 90,
) -> None:
    """Make an API token. It is shown this once."""
    with database_of(context) as database, database.session() as session:
        token = tokens.create(session, name=name, scopes=scope, days=days, actor=actor(), now_ms=now_ms())
    typer.echo(token)


@token_app.command("revoke")
def revoke_token(context: typer.Context, name: Annotated[str, typer.Argument()]) -> None:
    """End every token of a name."""
    with database_of(context) as database, database.session() as session:
        count = tokens.revoke(session, name=name, actor=actor(), now_ms=now_ms())
    typer.echo(f"{count} token(s) of {name} revoked.")


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
