"""`storewire-edge database`: what an upgrade asks of the agent's database; see `deploy/edge/upgrade`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from edge_agent.configuration import SettingsRefused, load
from edge_agent.disk import copying
from edge_agent.disk.errors import StorageError
from edge_agent.disk.state_lock import StateInUse, StateLock

T = TypeVar("T")
State = Annotated[Path, typer.Option("--state", help="Where this agent keeps its database.")]
Copy = Annotated[Path, typer.Argument(help="The copy, one file.")]

app = typer.Typer(
    help="The agent's database, for upgrades and the way back.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.command()
def fits(state: State) -> None:
    """Say whether this program can work on the database."""
    found = _said(lambda: copying.check_fits(load(state).database_path))
    typer.echo(f"schema {found}: this program can work on it" if found else "no database yet: the first run makes it")


@app.command()
def backup(state: State, to: Copy) -> None:
    """Copy the database into one file; the agent may run."""
    if _said(lambda: copying.check_fits(load(state).database_path)):
        _said(lambda: copying.back_up(load(state).database_path, to))
        typer.echo(f"copied to {to}")
    else:
        typer.echo(f"nothing to copy: no agent has ever run in {state}")  # nor is that wrong: see `deploy/edge/upgrade`


@app.command(name="put-back")
def put_back(state: State, copy: Copy) -> None:
    """Let a copy take the database's place; refused when anything was recorded since it was made."""

    def put() -> None:
        path = load(state).database_path
        with StateLock(path.parent):
            copying.put_back(copy, path)

    _said(put)
    typer.echo(f"{copy} is this agent's database again")


def _said(do: Callable[[], T]) -> T:
    try:
        return do()
    except (StorageError, StateInUse, SettingsRefused, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
