"""`storewire-cloud ledger ...`."""

from __future__ import annotations

import typer

from cloud.clock import SystemMachineClock
from cloud.command import database_of
from cloud.ledger.proof import Proof
from cloud.ledger.proving import prove_now

app = typer.Typer(no_args_is_help=True, help="The members' ledger.")


@app.callback()
def _room() -> None:
    """Keep `prove` a command of its own name."""


@app.command("prove")
def prove(context: typer.Context) -> None:
    """Prove the whole ledger now: sums, balances, the hash chain. Leaves with code 1 when it does not hold."""
    with database_of(context) as database:
        done = prove_now(database, SystemMachineClock())
    found = done.proof
    typer.echo(f"{found.journals} journals, {found.postings} postings, {found.unsealed_commits} commits to seal.")
    for unit, held in found.held.items():
        typer.echo(f"Members hold {held} {unit}.")
    for line in problems(found):
        typer.echo(line, err=True)
    if not found.holds:
        raise typer.Exit(1)
    typer.echo("The ledger holds.")


def problems(found: Proof) -> list[str]:
    """Return what is wrong with the ledger, a line each."""
    lines = [f"{unit}: all postings add up to {total} instead of 0" for unit, total in found.units_off.items()]
    named = (
        ("journals that do not balance", found.unbalanced_journals),
        ("accounts whose balance is not the sum of their postings", found.wrong_balances),
        ("postings or journals astray", found.strays),
        ("accounts whose lots do not add up to their balance", found.wrong_lots),
        ("accounts or holds that keep something else than they say", found.wrong_holds),
    )
    lines += [f"{what}: {', '.join(map(str, ids))}" for what, ids in named if ids]
    if found.broken_seal is not None:
        lines.append(f"the hash chain breaks at seal {found.broken_seal}")
    return lines
