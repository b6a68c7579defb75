"""`storewire-edge terminals`: give a terminal of the store's network a code for a till, see who is paired, unpair."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.control import SOCKET_NAME, AgentAway, Refusal, ask
from edge_agent.hq import identity
from edge_agent.hq.identity import IdentityMissing
from edge_agent.moments import minute_text
from edge_agent.terminals import requests
from edge_agent.terminals.certificate import fingerprint, root_of
from edge_agent.terminals.requests import CodeGiven, Listed

app = typer.Typer(
    help="Terminals of the store's network that show a till.", no_args_is_help=True, pretty_exceptions_enable=False
)

State = Annotated[Path, typer.Option("--state", help="The state of the agent that runs here.")]


Reason = Annotated[str, typer.Option("--reason", help="Why; head office keeps it in its audit log.")]


@app.command()
def pair(
    till: Annotated[str, typer.Argument(help="The till that the terminal will show.")],
    state: State,
    reason: Reason,
    name: Annotated[str, typer.Option("--name", help="What people call the terminal: counter tablet.")] = "",
) -> None:
    """Show a code that pairs one terminal with a till, and where to type it."""
    (said,) = _ask(state, do=requests.PAIR, till=till, name=name, by=_who(), reason=reason)
    given = msgspec.convert(said, CodeGiven)
    typer.echo(f"{given.code}    pairs one terminal with till {till}, within {-(-given.seconds // 60)} minutes")
    typer.echo(f"On the terminal open {' or '.join(given.addresses)} and type the code.")
    typer.echo("If its browser warns, it does not trust the chain's certificate yet; its SHA-256 fingerprint is")
    typer.echo(f"  {_root(state)[1]}")


@app.command(name="list")
def list_terminals(state: State) -> None:
    """List the terminals that are paired."""
    found = [msgspec.convert(said, Listed) for said in _ask(state, do=requests.LIST)]
    for one in found:
        seen = f"seen {minute_text(one.seen_ms)} from {one.seen_from}"
        typer.echo(
            f"{one.number}\t{one.name}\ttill {one.till}\tpaired {minute_text(one.paired_ms)} by {one.paired_by}\t{seen}"
        )
    if not found:
        typer.echo("No terminal is paired.")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="Its number, as `terminals list` shows it.")],
    state: State,
    reason: Reason,
) -> None:
    """Unpair a terminal at once; it needs a new code."""
    (said,) = _ask(state, do=requests.UNPAIR, number=number, by=_who(), reason=reason)
    typer.echo(f"terminal {number} ({said['name']}, till {said['till']}) is unpaired")


@app.command()
def ca(
    state: State,
    to: Annotated[Path, typer.Option("--to", help="The file to write.")] = Path("storewire-ca.crt"),
) -> None:
    """Write the chain's root certificate to a file, for terminals to trust. It is no secret."""
    content, digits = _root(state)
    try:
        to.write_bytes(content)
    except OSError as error:
        _fail(f"cannot write {to}: {error.strerror or error}")
    typer.echo(f"{to}: install it on each terminal as a trusted authority; its SHA-256 fingerprint is\n  {digits}")


def _root(state: Path) -> tuple[bytes, str]:
    try:
        root = root_of(identity.load(state.expanduser().absolute()).enrolment.ca)
    except (IdentityMissing, ValueError) as error:
        _fail(str(error))
    return root.public_bytes(Encoding.PEM), fingerprint(root)


def _ask(state: Path, **request: Any) -> list[dict[str, Any]]:
    socket = state.expanduser().absolute() / SOCKET_NAME

    async def asked() -> list[dict[str, Any]]:
        return [said async for said in ask(socket, **request)]

    try:
        return asyncio.run(asked())
    except (AgentAway, Refusal) as error:
        _fail(str(error))


def _who() -> str:
    return f"{getpass.getuser()} at the PC"


def _fail(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)
