"""`storewire-cloud members import` and `members opening ...`: members from a file, with what they hold or without."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cloud import audit
from cloud.clock import SystemMachineClock
from cloud.command import actor, database_of, now_ms, settings_of
from cloud.database.commits import open_commit
from cloud.deployment.opening import open_vault
from cloud.member_import import signing
from cloud.member_import.importing import Importer
from cloud.member_import.loading import Loader
from cloud.member_import.reading import OpeningFile
from cloud.member_import.taking_back import take_back
from shared.ids import UuidMint

app = typer.Typer()
opening_app = typer.Typer(no_args_is_help=True, help="Take over an existing base of members with their balances.")
app.add_typer(opening_app, name="opening")

_PROBLEMS_SHOWN = 50
OpeningId = Annotated[UUID, typer.Argument(help="As `members opening list` names it.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log.")]


@app.command("import")
def import_members(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX, one member a row.")],
    *,
    store: Annotated[bool, typer.Option("--store", help="Store them; without it only a dry run.")] = False,
) -> None:
    """Import members with their cards. Every bad row is named; a single one and nothing is stored."""
    with database_of(context) as database:
        importer = _importer(context)
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
        typer.echo(f"{result.bad_rows} rows are wrong; nothing was stored.", err=True)
        raise typer.Exit(1)
    done = f"stored, {result.sales_credited} earlier sales credited" if result.stored else "nothing stored yet"
    typer.echo(f"{result.rows} members ({result.known} known already), {result.cards} cards: {done}.")


@opening_app.command("load")
def load(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX, one member a row.")],
    *,
    store: Annotated[bool, typer.Option("--store", help="Load them; without it only a dry run.")] = False,
) -> None:
    """Check a file of members with balances, and load it. Nobody in it is active before somebody else signs."""
    with database_of(context) as database:
        loader = Loader(database, _importer(context), actor())
        content = file.read_bytes()
        if not store:
            checked = loader.check(content)
            _say(checked)
            typer.echo("Nothing stored yet: `--store` loads them.")
            return
        done = loader.load(content, file.name, _progress)
        _say(done.file)
        typer.echo(f"\nLoaded as {done.opening}. Another person compares and signs: members opening show, then sign.")


@opening_app.command("list")
def list_openings(context: typer.Context) -> None:
    """Show every opening."""
    with database_of(context) as database, database.snapshot() as session:
        for row in signing.openings(session):
            typer.echo(f"{row.id}\t{row.status}\t{row.rows} rows\t{row.name}\tby {row.started_by}")


@opening_app.command("show")
def show(context: typer.Context, opening: OpeningId) -> None:
    """Compare what the file says with what the ledger says, unit by unit."""
    with database_of(context) as database, database.snapshot() as session:
        found = signing.reconcile(session, opening)
    typer.echo(f"{found.opening.name}: {found.opening.status}, {found.members} members, {found.cards} cards")
    for line in found.lines:
        same = "agrees" if line.agrees else "DIFFERS"
        figures = f"file {line.file} of {line.file_members}, ledger {line.ledger} of {line.ledger_members}"
        typer.echo(f"{line.kind} {line.unit}\t{figures}\t{same}")


@opening_app.command("sign")
def sign(context: typer.Context, opening: OpeningId) -> None:
    """Let the members of an opening in. Whoever loaded it cannot."""
    with database_of(context) as database, database.session() as session:
        commit_no = open_commit(session, now_ms())
        credited = signing.sign(session, opening, actor=actor(), commit_no=commit_no, now_ms=now_ms())
    typer.echo(f"Signed; {credited} earlier sales credited.")


@opening_app.command("refuse")
def refuse(context: typer.Context, opening: OpeningId, reason: Reason) -> None:
    """Take an opening back: its journals are undone, its people erased. What stops half-way, the jobs process ends."""
    with database_of(context) as database:
        with database.session() as session:
            signing.refuse(session, opening, reason=reason, actor=actor(), now_ms=now_ms())
        people = take_back(database, opening, now_ms, _progress)
    typer.echo(f"Refused; {people} members gone.")


def _importer(context: typer.Context) -> Importer:
    mint = UuidMint(SystemMachineClock().wall_ms, os.urandom)
    return Importer(open_vault(settings_of(context)), mint, now_ms(), open_commit)


def _progress(done: int, rows: int) -> None:
    """Show how far it is: a bar of forty."""
    filled = 40 * done // max(rows, 1)
    end = "\n" if done == rows else ""
    typer.echo(f"\r[{'#' * filled}{'.' * (40 - filled)}] {done} of {rows}{end}", nl=False)


def _say(file: OpeningFile) -> None:
    """Name every bad row, or say what the file adds up to. Ends the command with code 1 where a row is bad."""
    for problem in file.problems[:_PROBLEMS_SHOWN]:
        typer.echo(f"row {problem.row}, {problem.column}: {problem.problem}", err=True)
    if file.problems:
        typer.echo(f"{file.bad_rows} rows are wrong; nothing was stored.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{file.rows} rows ({file.known} known already), {file.cards} cards.")
    if file.unread_cards:
        typer.echo(f"{file.unread_cards} cards are not of the form that tills read: they would find nobody by them.")
    for total in file.totals:
        typer.echo(f"{total.kind}\t{total.amount} {total.unit}\tof {total.members} members")
