"""`storewire-cloud parked ...`: events that could not be applied, and receipt numbers that never came."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from cloud.clock import SystemMachineClock
from cloud.command import actor, database_of, now_ms, settings_of
from cloud.deployment.opening import open_vault
from cloud.ingest import parked
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.ingest.intake import Downstream
from cloud.ingest.models import ParkedEvent
from cloud.ingest.received import Parking
from cloud.ingest.restores import Restores, open_restores
from cloud.prices.books import StoreBooks
from cloud.web.figures import moment
from shared.ids import UuidMint

app = typer.Typer(no_args_is_help=True, help="Events that could not be applied, and receipts that never came.")

EventId = Annotated[UUID, typer.Argument(help="As `parked list` names it.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log.")]


@app.command("list")
def list_parked(
    context: typer.Context,
    agent: Annotated[str | None, typer.Option(help="Only this agent's.")] = None,
    code: Annotated[str | None, typer.Option(help="Only those parked for this reason.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List parked events, the oldest first."""
    with database_of(context) as database, database.snapshot() as session:
        rows = [_facts(row) for row in parked.open_events(session, agent=agent, code=code)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        typer.echo("\t".join(str(row[name]) for name in ("event", "agent", "kind", "parked", "code", "reason")))
    if not rows:
        typer.echo("No event is parked.")


@app.command("show")
def show(context: typer.Context, event: EventId) -> None:
    """Show a parked event: where it came from, why it is parked, and its content."""
    with database_of(context) as database, database.snapshot() as session:
        row = parked.find(session, event)
    for name, value in _facts(row).items():
        typer.echo(f"{name}: {value}")
    typer.echo(row.content.decode(errors="backslashreplace"))


@app.command("repair")
def repair(
    context: typer.Context,
    event: EventId,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The repaired event, JSON.")],
    reason: Reason,
) -> None:
    """Replace an event's content by a file's, and apply it. The bytes received are kept."""
    with database_of(context) as database:
        with database.session() as session:
            parked.repair(session, event, file.read_bytes().strip(), actor=actor(), reason=reason, now_ms=now_ms())
        with database.session() as session:
            problem = parked.replay(session, event, *_applying(context), actor=actor(), now_ms=now_ms())
    _say({event: problem})


@app.command("replay")
def replay(
    context: typer.Context,
    event: Annotated[UUID | None, typer.Argument(help="One event; or give --code.")] = None,
    code: Annotated[str | None, typer.Option(help="Every event parked for this reason.")] = None,
) -> None:
    """Apply a parked event again, or all that were parked for a reason: after an upgrade, say."""
    if (event is None) == (code is None):
        raise typer.BadParameter("name one event, or give --code")
    with database_of(context) as database:
        with database.snapshot() as session:
            wanted = [event] if event else [row.event_id for row in parked.open_events(session, code=code)]
        parts = _applying(context)
        problems: dict[UUID, Parking | None] = {}
        for one in wanted:
            # Each in its own transaction: one that fails must not take the others' work with it.
            with database.session() as session:
                problems[one] = parked.replay(session, one, *parts, actor=actor(), now_ms=now_ms())
    _say(problems)


@app.command("dismiss")
def dismiss(context: typer.Context, event: EventId, reason: Reason) -> None:
    """Decide that an event is never to be applied. Its bytes are kept."""
    with database_of(context) as database, database.session() as session:
        parked.dismiss(session, event, actor=actor(), reason=reason, now_ms=now_ms())
    typer.echo(f"Event {event} is dismissed.")


def _applying(context: typer.Context) -> tuple[Downstream, Restores]:
    """Return what applying an event sets in motion, and what weighs a new epoch's proof."""
    settings, mint = settings_of(context), UuidMint(SystemMachineClock().wall_ms, os.urandom)
    return LoyaltyDownstream(open_vault(settings), mint, StoreBooks()), open_restores(settings)


def _facts(row: ParkedEvent) -> dict[str, Any]:
    return {
        "event": str(row.event_id),
        "agent": row.agent_id,
        "store": row.store_id,
        "kind": row.kind or "?",
        "epoch": str(row.epoch),
        "seq": row.seq,
        "parked": moment(row.parked_ms),
        "code": row.code,
        "reason": row.reason,
        "repaired": row.original is not None,
        "resolution": row.resolution,
    }


def _say(problems: dict[UUID, Parking | None]) -> None:
    """Say what became of each event; leave with code 1 when one stays parked."""
    for event, problem in problems.items():
        if problem is None:
            typer.echo(f"Event {event} is applied.")
        else:
            typer.echo(f"Event {event} stays parked: {problem.code}: {problem.reason}", err=True)
    if any(problems.values()):
        raise typer.Exit(1)
