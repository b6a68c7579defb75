"""`storewire-cloud store terminals`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.command import actor, database_of, now_ms, settings_of
from cloud.errors import Invalid
from cloud.fleet import terminals

app = typer.Typer()


@app.command("terminals")
def store_terminals(
    context: typer.Context,
    store: Annotated[str, typer.Argument()],
    host: Annotated[
        list[str] | None, typer.Option(help="A name or address of the store's machine in its network; repeat it.")
    ] = None,
    *,
    port: Annotated[int, typer.Option(help="The port that terminals use.")] = 8443,
    close: Annotated[bool, typer.Option("--close", help="Let no terminal in any more.")] = False,
    unpair: Annotated[bool, typer.Option("--unpair", help="Unpair every terminal, as when one was stolen.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is changed; it is kept in the audit log.")] = "",
) -> None:
    """Show or say where terminals of a store's own network reach its tills, once they are paired there."""
    with database_of(context) as database, database.session() as session:
        if host and close:
            raise Invalid("either --host or --close, not both")
        if host or close:
            ours = terminals.own_names(settings_of(context))
            at_ms, who = now_ms(), actor()
            terminals.open_to(session, store, host or [], port, ours=ours, actor=who, now_ms=at_ms, reason=reason)
        if unpair:
            terminals.unpair_all(session, store, reason=reason, actor=actor(), now_ms=now_ms())
        said = terminals.terminals_of(session, store)
        paired = terminals.paired(session, store)
    for address in said.addresses:
        typer.echo(address)
    for one in paired:
        typer.echo(f"{one.number}: {one.name}, till {one.till}, paired by {one.paired_by}, last at {one.seen_from}")
    if not said.hosts:
        typer.echo("No terminal but the store's own machine shows its tills.")
