"""`storewire-cloud members ...`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud.clock import SystemMachineClock
from cloud.command import actor, database_of, now_ms, settings_of
from cloud.fleet import audit
from cloud.identity import keys
from cloud.ledger.commits import open_commit
from cloud.members import finding
from cloud.members.importing import Importer
from cloud.privacy import Vault
from cloud.process.clocks import clocks_of
from shared.ids import UuidMint

app = typer.Typer(no_args_is_help=True, help="Members and their cards.")

_PROBLEMS_SHOWN = 50


@app.command("import")
def import_members(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX, one member a row.")],
    *,
    store: Annotated[bool, typer.Option("--store", help="Store them; without it only a dry run.")] = False,
) -> None:
    """Import members with their cards. Every bad row is named; a single one and nothing is stored."""
    with database_of(context) as database:
        mint = UuidMint(SystemMachineClock().wall_ms, os.urandom)
        importer = Importer(Vault(keys.load(settings_of(context).keys_dir)), mint, now_ms(), open_commit)
        opened = database.session if store else database.snapshot
        with opened() as session:
            result = importer.run(session, file.read_bytes(), dry_run=not store)
            if result.stored:
                audit.record(
                    session, at_ms=now_ms(), actor=actor(), action="member.import", subject=f"{result.rows} rows"
                )
    for problem in result.problems[:_PROBLEMS_SHOWN]:
        typer.echo(f"row {problem.row}, {problem.column}: {problem.problem}", err=True)
    if not result.ok:
        typer.echo(f"{len(result.problems)} rows are wrong; nothing was stored.", err=True)
        raise typer.Exit(1)
    done = f"stored, {result.sales_credited} earlier sales credited" if result.stored else "nothing stored yet"
    typer.echo(f"{result.rows} members ({result.known} known already), {result.cards} cards: {done}.")


@app.command("find")
def find(
    context: typer.Context,
    card: Annotated[str, typer.Option(prompt=True, help="Asked for when not given, so that it stays out of history.")],
) -> None:
    """Show the member behind a card: masked name, tier, points. The look-up is recorded."""
    settings = settings_of(context)
    year = datetime.fromtimestamp(clocks_of(settings).business.now_ms() // 1000, UTC).year
    with database_of(context) as database, database.session() as session:
        member, found = finding.by_card(session, Vault(keys.load(settings.keys_dir)), card, year)
        audit.record(session, at_ms=now_ms(), actor=actor(), action="member.find", subject=str(member))
    state = " (has left)" if found.closed else ""
    typer.echo(f"{member}\t{found.masked_name}{state}\t{found.tier or 'no tier'}\t{found.points} points")
