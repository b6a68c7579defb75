"""`storewire-cloud value ...`: what is owed, and what stores settle with each other, for whoever keeps the books."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cloud.command import database_of
from cloud.ledger.units import Units, units
from cloud.prices.sheets import guard
from cloud.value import owing
from cloud.value.report_pages import Settled, settled
from cloud.web.figures import money

app = typer.Typer(no_args_is_help=True, help="Stored value: what is owed, and what stores settle.")

_HEAD = ("sold_by", "company", "taken_by", "company", "stored_value", "gift_money", "currency")


@app.command("owed")
def owed(context: typer.Context) -> None:
    """Say what each issuer owes its members in stored value."""
    with database_of(context) as database, database.snapshot() as session:
        written, found = units(session), owing.by_issuer(session)
    for one in found:
        exponent = written.exponent(one.currency)
        typer.echo(
            f"{one.name or 'nobody is named'}: {money(one.principal, exponent)} {one.currency} paid in, "
            f"{money(one.gift, exponent)} gift money, in {one.purses} purses."
        )
    if not found:
        typer.echo("No stored value was sold yet.")


@app.command("settlement")
def settlement(
    context: typer.Context,
    month: Annotated[str, typer.Argument(help="The month, such as 2026-01.")],
    *,
    file: Annotated[Path | None, typer.Option(help="Write it there; without it to standard output.")] = None,
) -> None:
    """Write as CSV who took what of whose stored value in a month."""
    with database_of(context) as database, database.snapshot() as session:
        written, rows = units(session), settled(session, month)
    if file is None:
        _write(sys.stdout, rows, written)
        return
    with file.open("w", encoding="utf-8-sig", newline="") as target:
        _write(target, rows, written)
    typer.echo(f"{len(rows)} lines in {file}.")


def _write(target: TextIO, rows: list[Settled], written: Units) -> None:
    writer = csv.writer(target)
    writer.writerow(_HEAD)
    for row in rows:
        one, exponent = row.owed, written.exponent(row.owed.currency)
        amounts = [money(minor, exponent).replace(",", "") for minor in (one.principal_minor, one.gift_minor)]
        owners = guard(row.seller_owner), guard(row.taker_owner)
        writer.writerow([one.sold_by, owners[0], one.taken_by, owners[1], *amounts, one.currency])
