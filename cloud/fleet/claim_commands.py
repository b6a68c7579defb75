"""`storewire-cloud claim ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.command import actor, database_of, now_ms, settings_of
from cloud.fleet import claims
from cloud.identity import ca

claim_app = typer.Typer(no_args_is_help=True, help="Claim codes: a mini PC's way in.")


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
