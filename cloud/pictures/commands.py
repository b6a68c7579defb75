"""`storewire-cloud pictures ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloud.command import actor, database_of, now_ms
from cloud.pictures import keeping, loading

app = typer.Typer(no_args_is_help=True, help="Pictures of items on customers' displays.")

_MOST_PROBLEMS_SHOWN = 1000
Reason = Annotated[str, typer.Option(help="Kept in the audit log.")]


@app.command("load")
def load_folder(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder, or a ZIP archive of one.", exists=True)],
    *,
    dry_run: Annotated[bool, typer.Option(help="Only say what is wrong.")] = False,
    skip_bad: Annotated[bool, typer.Option(help="Take the good files though others are bad.")] = False,
    reason: Reason = "",
) -> None:
    """Give items the pictures of a folder; each file is named by the item's number or a barcode: 6901234567892.jpg.

    PNG, JPEG and WebP. A single bad file and none is taken, unless --skip-bad is said.
    """
    with database_of(context) as database:
        files = loading.folder_files(folder) if folder.is_dir() else loading.archive_files(folder)
        done = loading.load(
            database, files, actor=actor(), now_ms=now_ms, dry_run=dry_run, skip_bad=skip_bad, reason=reason
        )
    for problem in done.problems[:_MOST_PROBLEMS_SHOWN]:
        typer.echo(f"{problem.file}: {problem.words}", err=True)
    if len(done.problems) > _MOST_PROBLEMS_SHOWN:
        typer.echo(f"... and {len(done.problems) - _MOST_PROBLEMS_SHOWN} files more", err=True)
    if not done.ok and not skip_bad:
        typer.echo(f"{len(done.problems)} bad files; {done.pictures} are good. Nothing was taken.", err=True)
        raise typer.Exit(1)
    if dry_run:
        typer.echo(f"{done.pictures} pictures are good; nothing was taken, this was a try.")
    else:
        typer.echo(f"{done.pictures} pictures taken, {done.changed} items changed.")


@app.command("remove")
def remove(
    context: typer.Context, item: Annotated[str, typer.Argument(help="The item's number.")], *, reason: Reason = ""
) -> None:
    """Take an item's picture away."""
    with database_of(context) as database, database.session() as session:
        keeping.remove(session, item, actor=actor(), now_ms=now_ms(), reason=reason)
    typer.echo("Removed.")
