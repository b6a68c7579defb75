"""`storewire-cloud token ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.command import actor, database_of, now_ms
from cloud.identity import tokens

token_app = typer.Typer(no_args_is_help=True, help="API tokens of people and programs.")


@token_app.command("create")
def create_token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[list[str], typer.Option(help=f"One of {', '.join(tokens.SCOPES)}; may be repeated.")],
    days: Annotated[int, typer.Option(help="How long it works.")] = 90,
    store: Annotated[
        list[str] | None, typer.Option(help="With beside:...: the store it acts for, and no other; may be repeated.")
    ] = None,
) -> None:
    """Make an API token. It is shown this once."""
    with database_of(context) as database, database.session() as session:
        token = tokens.create(
            session, name=name, scopes=scope, days=days, actor=actor(), now_ms=now_ms(), stores=store or ()
        )
    typer.echo(token)


@token_app.command("revoke")
def revoke_token(context: typer.Context, name: Annotated[str, typer.Argument()]) -> None:
    """End every token of a name."""
    with database_of(context) as database, database.session() as session:
        count = tokens.revoke(session, name=name, actor=actor(), now_ms=now_ms())
    typer.echo(f"{count} token(s) of {name} revoked.")
