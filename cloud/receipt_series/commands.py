"""`storewire-cloud parked missing`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.command import database_of
from cloud.receipt_series import gaps
from cloud.web.figures import moment

app = typer.Typer()


@app.command("missing")
def missing(
    context: typer.Context, store: Annotated[str | None, typer.Option(help="Only this store's.")] = None
) -> None:
    """Name the receipt numbers that HQ does not have, per till and series, and since when."""
    with database_of(context) as database, database.snapshot() as session:
        found = gaps.missing(session, store_id=store)
    for one in found:
        numbers = str(one.first) if one.first == one.last else f"{one.first} to {one.last}"
        typer.echo(f"{one.store_id}\t{one.till_id}\t{one.series}\t{numbers}\tsince {moment(one.since_ms)}")
    if not found:
        typer.echo("No receipt number is missing.")
