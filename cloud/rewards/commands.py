"""`storewire-cloud rewards ...`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from sqlmodel import col, select

from cloud.command import database_of, settings_of
from cloud.deployment.opening import open_vault
from cloud.rewards import checking, stock
from cloud.rewards.models import Draw, Run

app = typer.Typer(no_args_is_help=True, help="Gifts, prize draws, expiry and rebates. People decide in the console.")


@app.command("gifts")
def gifts(
    context: typer.Context, store: Annotated[str | None, typer.Option(help="Only what this store has.")] = None
) -> None:
    """List the gifts that are offered and how many are left."""
    with database_of(context) as database, database.snapshot() as session:
        for gift, left in stock.offered(session, store):
            typer.echo(f"{gift.id}\t{gift.points} points\t{left} left\t{gift.names}")


@app.command("draws")
def draws(context: typer.Context) -> None:
    """List the prize draws."""
    with database_of(context) as database, database.snapshot() as session:
        for row in session.exec(select(Draw).order_by(col(Draw.made_ms).desc())):
            state = "ended" if row.ended else "open"
            typer.echo(f"{row.id}\t{state}\t{row.next_ticket - 1} tickets\t{row.commitment.hex()}")


@app.command("check-draw")
def check_draw(
    context: typer.Context, draw: Annotated[str, typer.Argument(help="As `rewards draws` names it.")]
) -> None:
    """Replay every ticket of a draw and its stock; exit code 1 where something does not hold."""
    with database_of(context) as database, database.snapshot() as session:
        found = checking.check_draw(session, open_vault(settings_of(context)), draw)
    given = ", ".join(f"{count} {prize}" for prize, count in found.given.items())
    typer.echo(f"{found.tickets} tickets; given: {given or 'nothing'}.")
    if not found.holds:
        wrong = ", ".join(str(number) for number in found.wrong) or "none"
        typer.echo(
            f"It does not hold: seed fits {found.seed_fits}, stock fits {found.stock_fits}, wrong tickets: {wrong}.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("Every ticket is the same when replayed, and the stock fits.")


@app.command("runs")
def list_runs(context: typer.Context) -> None:
    """List expiry, rebate and coupon runs, the newest first."""
    with database_of(context) as database, database.snapshot() as session:
        for row in session.exec(select(Run).order_by(col(Run.made_ms).desc()).limit(100)):
            asked = msgspec.json.decode(row.parameters)
            said = " ".join(f"{name}={value}" for name, value in asked.items())
            far = f"{row.posted_items} of {row.items}"
            typer.echo(f"{row.id}\t{row.kind}\t{row.state}\t{far}\t{row.posted_total} of {row.total}\t{said}")
