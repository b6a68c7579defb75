"""`storewire-cloud members export` and `members erase`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cloud.clock import SystemMachineClock
from cloud.command import actor, database_of, now_ms, settings_of
from cloud.database.commits import open_commit
from cloud.database.sweeping import sweep
from cloud.deployment.opening import open_vault
from cloud.identity.keys import write_private
from cloud.member_lifecycle import disclosure, leaving
from shared.ids import UuidMint

app = typer.Typer()

MemberId = Annotated[UUID, typer.Argument(help="As `members find` names them.")]


@app.command("export")
def export_member(
    context: typer.Context,
    member: MemberId,
    file: Annotated[Path, typer.Argument(help="Where to write; readable by you alone.")],
) -> None:
    """Write everything held about a member to a JSON file, opened. The act is recorded."""
    with database_of(context) as database, database.session() as session:
        facts = disclosure.export(session, open_vault(settings_of(context)), member, actor=actor(), now_ms=now_ms())
        write_private(file, json.dumps(facts, ensure_ascii=False, indent=1).encode())
    typer.echo(
        f"{file} written: {len(facts['fields'])} fields, {len(facts['cards'])} cards, {len(facts['sales'])} sales."
    )


@app.command("erase")
def erase_member(
    context: typer.Context,
    member: MemberId,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")],
    confirm: Annotated[str, typer.Option(prompt="This cannot be undone. Type the member's id", help="The id again.")],
    *,
    give_up_points: Annotated[
        bool, typer.Option("--give-up-points", help="What points there are end with it.")
    ] = False,
) -> None:
    """Erase who a member is, for good; what they bought stays in the books under the bare id."""
    with database_of(context) as database:
        with database.session() as session:
            done = leaving.erase(
                session,
                UuidMint(SystemMachineClock().wall_ms, os.urandom),
                member,
                confirm=confirm,
                reason=reason,
                actor=actor(),
                commit_no=open_commit(session, now_ms()),
                now_ms=now_ms(),
                give_up_points=give_up_points,
            )
        sweep(database)
    typer.echo(
        f"Erased: {done.fields} fields, {done.cards} cards, {done.consents} consents; {done.points} points given up. "
        "Older backups still hold them."
    )
