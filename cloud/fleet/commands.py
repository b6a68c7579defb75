"""`storewire-cloud agent ...`."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
import typer

from cloud.command import actor, database_of, now_ms
from cloud.errors import NotFound
from cloud.fleet import agents
from cloud.fleet.agents import AgentStatus
from cloud.fleet.device_standing import all_devices
from cloud.org.models import Store

agent_app = typer.Typer(no_args_is_help=True, help="Agents: the stores' mini PCs.")


@agent_app.command("list")
def list_agents(
    context: typer.Context,
    store: Annotated[str | None, typer.Option(help="Only this store's.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List every agent: online or not, what it runs, what it still holds."""
    with database_of(context) as database, database.snapshot() as session:
        if store is not None and session.get(Store, store) is None:
            raise NotFound(f"there is no store {store!r}")
        found = agents.status(session, now_ms=now_ms(), store=store)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found), indent=1))
        return
    for one in found:
        typer.echo("\t".join(_row(one)))
    if not found:
        typer.echo("No agent is enrolled. `storewire-cloud claim create STORE AGENT` makes a code for one.", err=True)


@agent_app.command("revoke")
def revoke(
    context: typer.Context,
    agent: Annotated[str, typer.Argument()],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")],
) -> None:
    """Shut an agent out for good; a connected one is cut within ten seconds."""
    with database_of(context) as database, database.session() as session:
        agents.revoke(session, agent, actor=actor(), reason=reason, now_ms=now_ms())
    typer.echo(f"Agent {agent} is revoked.")


@agent_app.command("devices")
def list_devices(
    context: typer.Context,
    store: Annotated[str, typer.Option(help="Only this store's.")] = "",
    *,
    need: Annotated[bool, typer.Option("--need", help="Only those that need somebody.")] = False,
) -> None:
    """List the devices of every till: how each stands, since when, what is wrong. Ends with 1 where one needs you."""
    with database_of(context) as database, database.snapshot() as session:
        found = all_devices(session, now_ms())
    shown = [row for row in found if (not store or row.store == store) and (row.needs_somebody or not need)]
    for row in shown:
        wrong = ", ".join([*row.conditions, *([row.report.reason] if row.report and row.report.reason else [])])
        typer.echo("\t".join([row.store, f"{row.till}/{row.device}", row.state, row.model, row.plug, wrong]).rstrip())
    if any(row.needs_somebody for row in shown):
        raise typer.Exit(1)


def _row(one: AgentStatus) -> list[str]:
    reported = one.reported
    versions = ", ".join(f"{till.till}: version {till.version}" for till in reported.tills) if reported else ""
    backlog = f"backlog {reported.backlog}" if reported else "never heard of"
    return [one.agent, one.store, one.status, "online" if one.online else "offline", backlog, versions]
