"""`storewire-cloud prices ...`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud import audit
from cloud.command import actor, database_of, now_ms, settings_of
from cloud.deployment.clocks import clocks_of
from cloud.errors import Invalid
from cloud.prices import drafts, revert
from cloud.prices.adoption import reported_versions
from cloud.prices.exports import export_body
from cloud.prices.imports import ImportResult, import_sheet
from cloud.prices.overview import store_timeline, versions
from cloud.prices.publish import Act, Publication, publish
from cloud.prices.settings import TillSettings, set_till_settings, till_settings
from cloud.promotions.holding import end_what_is_gone
from shared.body import BodyKind
from shared.ids import UuidMint

app = typer.Typer(no_args_is_help=True, help="Price books: drafts, publication, roll-back, who runs what.")

_MAX_PROBLEMS_SHOWN = 50
DraftId = Annotated[str, typer.Argument(help="The draft's id, as `prices drafts` lists it.")]
Version = Annotated[int, typer.Argument(help="A version's number.")]
Targets = Annotated[
    list[str] | None, typer.Option("--target", help="all, group:<id> or store:<id>; may be given several times.")
]
At = Annotated[
    datetime | None,
    typer.Option(help="Local time in each store, such as 2026-03-01T06:00; without it at once.", formats=[
        "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
    ]),
]  # fmt: skip
Reason = Annotated[str, typer.Option(help="Kept in the audit log.")]


@app.command("new")
def new_draft(
    context: typer.Context, title: Annotated[str, typer.Argument(help="What it is for.")], target: Targets = None
) -> None:
    """Start a draft and print its id."""
    with database_of(context) as database, database.session() as session:
        draft = drafts.create_draft(
            session, UuidMint(now_ms, os.urandom)(), title, actor=actor(), wall_ms=now_ms(), targets=target or ["all"]
        )
    typer.echo(draft.id)


@app.command("drafts")
def list_drafts(context: typer.Context) -> None:
    """List drafts, newest first."""
    with database_of(context) as database, database.snapshot() as session:
        for draft in drafts.list_drafts(session):
            sizes = ", ".join(f"{count} {kind}" for kind, count in drafts.draft_size(session, draft.id).items())
            typer.echo(f"{draft.id}\t{draft.status}\t{draft.title}\t{draft.targets}\t{sizes or 'empty'}")


@app.command("discard")
def discard_draft(context: typer.Context, draft: DraftId) -> None:
    """Give a draft up."""
    with database_of(context) as database, database.session() as session:
        drafts.discard(session, draft, actor=actor(), wall_ms=now_ms())
    typer.echo("Discarded.")


@app.command("import")
def import_file(
    context: typer.Context,
    draft: DraftId,
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file.", exists=True, dir_okay=False)],
    *,
    kind: Annotated[BodyKind, typer.Option(help="What the file holds: items, prices or overrides.")],
    dry_run: Annotated[bool, typer.Option(help="Only say what is wrong.")] = False,
) -> None:
    """Read a spreadsheet into a draft: all of it, or nothing if a single row is bad."""
    with database_of(context) as database, database.session() as session:
        drafts.get_draft(session, draft)
        result = import_sheet(
            session, draft, kind, file.read_bytes(), actor=actor(), dry_run=dry_run, now_ms=_business_ms(context)
        )
        if result.stored:
            rows = result.changes + result.removals
            drafts.record_writing(session, draft, actor=actor(), wall_ms=now_ms(), put=rows)
    _say_problems(result)
    if not result.ok:
        raise typer.Exit(1)
    done = "would change" if dry_run else "changed in the draft"
    typer.echo(f"{result.changes} rows {done}, {result.removals} taken away.")


@app.command("export")
def export_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write; .csv or .xlsx decides the form.")],
    *,
    kind: Annotated[BodyKind, typer.Option(help="items, prices or overrides.")],
    scope: Annotated[str, typer.Option(help="chain for items, the price zone, or the store.")] = "chain",
    version: Annotated[int | None, typer.Option(help="As of a version; without it the newest.")] = None,
) -> None:
    """Write items or prices as the spreadsheet that import reads."""
    with database_of(context) as database, database.snapshot() as session:
        if file.suffix not in {".csv", ".xlsx"}:
            raise Invalid(f"write to a .csv or .xlsx file, not {file.name}")
        content = export_body(session, kind, scope, "xlsx" if file.suffix == ".xlsx" else "csv", version)
    file.write_bytes(content)
    typer.echo(f"{file} written.")


@app.command("publish")
def publish_draft(
    context: typer.Context, draft: DraftId, *, at: At = None, target: Targets = None, reason: Reason = ""
) -> None:
    """Publish a draft at a local time of its stores, or at once."""
    with database_of(context) as database, database.session() as session:
        done = publish(session, draft, _act(context, reason), activates_local=at, targets=target)
    _say_publication(done)


@app.command("rollback")
def roll_back(
    context: typer.Context, version: Version, *, at: At = None, target: Targets = None, reason: Reason = ""
) -> None:
    """Bring stores back to the content they had with a version, under a new number."""
    with database_of(context) as database, database.session() as session:
        act = _act(context, reason)
        done = revert.rollback(session, version, act, targets=target or ["all"], activates_local=at)
        end_what_is_gone(session, act)
    _say_publication(done)


@app.command("withdraw")
def withdraw(context: typer.Context, version: Version, *, target: Targets = None, reason: Reason = "") -> None:
    """Take a staged version back."""
    with database_of(context) as database, database.session() as session:
        rebuilt = revert.withdraw(session, version, _act(context, reason), targets=target)
    typer.echo(f"Version {version} withdrawn.")
    for done in rebuilt:
        typer.echo(f"Staged version {done.old} is now {done.new} for {_stores(done.stores)}.")


@app.command("versions")
def list_versions(context: typer.Context, limit: Annotated[int, typer.Option(min=1)] = 30) -> None:
    """List versions, newest first."""
    with database_of(context) as database, database.snapshot() as session:
        for row in versions(session, limit):
            typer.echo(
                f"{row.version}\t{row.status}\t{row.activates_local or 'at once'}\t{row.changed_rows} rows\t{row.title}"
            )


@app.command("timeline")
def show_timeline(context: typer.Context, store: Annotated[str, typer.Argument(help="The store's id.")]) -> None:
    """Show a store's price timeline, newest first."""
    with database_of(context) as database, database.snapshot() as session:
        for entry in store_timeline(session, store, _business_ms(context)):
            typer.echo(f"{entry.row.version}\t{entry.status}\t{entry.row.activates_local}\t{entry.title}")


@app.command("tills")
def list_tills(
    context: typer.Context, store: Annotated[str | None, typer.Option(help="Only this store.")] = None
) -> None:
    """Show the version each till reports, beside the one its store's timeline asks for."""
    with database_of(context) as database, database.snapshot() as session:
        for till in reported_versions(session, _business_ms(context), None if store is None else [store]):
            staged = ", ".join(map(str, till.staged)) or "nothing"
            typer.echo(
                f"{till.store}\t{till.till}\truns {till.runs or 'nothing known'}"
                f"\tshould run {till.in_force or 'nothing'}"
                f"\tstaged {staged}\t{till.drift}"
            )


@app.command("till-settings")
def change_till_settings(
    context: typer.Context,
    *,
    card_prefix: Annotated[list[str] | None, typer.Option(help="Cards of the chain begin with one of these.")] = None,
    card_digits: Annotated[int | None, typer.Option(help="How many digits a card number has.")] = None,
    retain_days: Annotated[int | None, typer.Option(help="How long tills keep what HQ has acknowledged.")] = None,
) -> None:
    """Show what every till of the chain is told, or change it."""
    with database_of(context) as database, database.session() as session:
        old = till_settings(session)
        try:
            new = TillSettings(
                card_prefixes=old.card_prefixes if card_prefix is None else card_prefix,
                card_digits=old.card_digits if card_digits is None else card_digits,
                retain_days=old.retain_days if retain_days is None else retain_days,
                outbox_budget_bytes=old.outbox_budget_bytes,
                receipt=old.receipt,
            )
        except ValueError as error:
            raise Invalid(str(error)) from error
        if new != old:
            set_till_settings(session, new)
            audit.record(
                session, at_ms=now_ms(), actor=actor(), action="prices.till_settings", subject="chain", detail=str(new)
            )
    prefixes = ", ".join(new.card_prefixes) or "none"
    typer.echo(f"card prefixes {prefixes}; card digits {new.card_digits}; kept for {new.retain_days} days")


def _act(context: typer.Context, reason: str) -> Act:
    return Act(actor=actor(), now_ms=_business_ms(context), wall_ms=now_ms(), reason=reason)


def _business_ms(context: typer.Context) -> int:
    return clocks_of(settings_of(context)).business.now_ms()


def _say_problems(result: ImportResult) -> None:
    for found in result.problems[:_MAX_PROBLEMS_SHOWN]:
        mark = "warning: " if found.severity == "warning" else ""
        typer.echo(f"row {found.row}, {found.column}: {mark}{found.problem}; {found.remedy}", err=True)
    left = len(result.problems) - _MAX_PROBLEMS_SHOWN
    if left > 0:
        typer.echo(f"... and {left} more", err=True)


def _say_publication(done: Publication) -> None:
    for version, stores in done.versions.items():
        typer.echo(f"Version {version} for {_stores(stores)}.")
    for rebuilt in done.rebuilt:
        typer.echo(f"Staged version {rebuilt.old} is now {rebuilt.new} for {_stores(rebuilt.stores)}.")
    for conflict in done.conflicts:
        what = f"{conflict.kind} of {conflict.scope}, {conflict.key}"
        typer.echo(
            f"Both this and staged version {conflict.version} change {what}: the staged one wins then.", err=True
        )


def _stores(stores: Sequence[str]) -> str:
    return stores[0] if len(stores) == 1 else f"{len(stores)} stores"
