"""The command `storewire-edge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from edge_agent import service
from edge_agent.configuration import SettingsRefused, load, service_manager
from edge_agent.devices.commands import app as devices_app
from edge_agent.disk.commands import app as database_app
from edge_agent.disk.errors import StorageError
from edge_agent.doctor import examine
from edge_agent.hq import enrol
from edge_agent.hq.identity import IdentityMissing
from edge_agent.record.receipt_list import read_receipts
from edge_agent.settings import EdgeSettings
from edge_agent.standing import read_standing
from edge_agent.terminals.commands import app as terminals_app
from edge_agent.till.scanning.commands import app as codes_app

app = typer.Typer(help="The agent of one store.", no_args_is_help=True, pretty_exceptions_enable=False)

app.add_typer(database_app, name="database")
app.add_typer(devices_app, name="devices")
app.add_typer(codes_app, name="codes")
app.add_typer(terminals_app, name="terminals")

StateDir = Annotated[Path, typer.Option("--state", help="Where this agent keeps its identity and its database.")]


@app.command(name="enroll")
def enroll(
    state: StateDir,
    cloud: Annotated[str, typer.Option("--cloud", help="HQ's address, https://host:port.")],
    code: Annotated[str, typer.Option("--code", help="The claim code from HQ.")],
) -> None:
    """Make this device the agent of a store, by a claim code from HQ."""
    try:
        who = enrol.enrol(state.expanduser().absolute(), cloud, code)
    except enrol.EnrolmentRefused as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot write to {state}: {error.strerror or error}")
    typer.echo(f"enrolled as agent {who.agent} of store {who.store}; start it with: storewire-edge run --state {state}")


@app.command()
def run(state: StateDir) -> None:
    """Run the agent until it is told to end."""
    handover = service.Handover(_settings(state), service_manager())
    try:
        service.become(handover)
    except OSError as error:
        _fail(f"this machine refuses what the agent needs: {error}")


@app.command()
def status(state: StateDir) -> None:
    """Say how the agent stands, from its own disk; it need not run."""
    try:
        standing = read_standing(_settings(state))
        for name, value in standing.items():
            typer.echo(f"{name:<{max(17, *map(len, standing))}} {value}")
    except (IdentityMissing, StorageError) as error:
        _fail(str(error))


@app.command()
def receipts(
    state: StateDir,
    business_date: Annotated[
        str | None, typer.Option("--business-date", help="YYYY-MM-DD; the last day that has receipts if left out.")
    ] = None,
) -> None:
    """List a day's receipts with totals and what became of their paper, from the agent's own disk."""
    try:
        for line in read_receipts(_settings(state), business_date):
            typer.echo(line)
    except (IdentityMissing, StorageError, ValueError) as error:
        _fail(str(error))


@app.command()
def doctor(state: StateDir) -> None:
    """Examine what the agent needs, and say what to do where something is wrong."""
    findings = examine(_settings(state))
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.good else 'BAD '} {finding.what}: {finding.words}")
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def _settings(state: Path) -> EdgeSettings:
    try:
        return load(state)
    except SettingsRefused as error:
        _fail(str(error))


def _fail(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)
