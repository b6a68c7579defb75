"""`storewire-cloud ledger ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud.clock import SystemMachineClock
from cloud.command import database_of
from cloud.ledger.proof import Proof
from cloud.ledger.proving import prove_now, stretches
from cloud.org.zones import zone_of
from cloud.rewards.counting import COUNTS
from cloud.value import owed_report
from shared.calendar import local_time

app = typer.Typer(no_args_is_help=True, help="The members' ledger.")


@app.command("prove")
def prove(context: typer.Context) -> None:
    """Prove the whole ledger now: sums, balances, the hash chain. Leaves with code 1 when it does not hold."""
    with database_of(context) as database:
        done = prove_now(database, SystemMachineClock(), beside=(owed_report.beside_proof,), counts=COUNTS)
    found = done.proof
    typer.echo(f"{found.journals} journals, {found.postings} postings, {found.unsealed_commits} commits to seal.")
    for unit, held in found.held.items():
        typer.echo(f"Members hold {held} {unit}.")
    for line in problems(found):
        typer.echo(line, err=True)
    if not found.holds:
        raise typer.Exit(1)
    typer.echo("The ledger holds.")


@app.command("history")
def history(context: typer.Context, *, days: Annotated[int, typer.Option(min=1, max=366)] = 14) -> None:
    """Say what proofs found, a line for each stretch of a day. Leaves with code 1 when the newest does not hold."""
    with database_of(context) as database, database.snapshot() as session:
        found = stretches(session, days)
        zone = zone_of(session)
    for one in found:
        first, last = (local_time(ms, zone) for ms in (one.first_ms, one.newest.at_ms))
        proof = one.newest.proof
        typer.echo(
            f"{first:%Y-%m-%d %H:%M:%S} to {last:%H:%M:%S}: {'holds' if proof.holds else 'DOES NOT HOLD'}, "
            f"{one.proofs} proofs, {one.longest_ms} ms at most, {proof.journals} journals, link {proof.seal_number}"
        )
        for line in problems(proof):
            typer.echo(f"  {line}", err=True)
    if not found:
        typer.echo("The ledger has not been proved yet.")
    elif not found[0].newest.proof.holds:
        raise typer.Exit(1)


def problems(found: Proof) -> list[str]:
    """Return what is wrong with the ledger, a line each."""
    lines = [f"{unit}: all postings add up to {total} instead of 0" for unit, total in found.units_off.items()]
    named = (
        ("journals that do not balance", found.unbalanced_journals),
        ("accounts whose balance is not the sum of their postings", found.wrong_balances),
        ("postings or journals astray", found.strays),
        ("accounts whose lots do not add up to their balance", found.wrong_lots),
        ("accounts or holds that keep something else than they say", found.wrong_holds),
        ("journals of which more was undone than they moved", found.wrong_reversals),
        ("units whose report by age misses what is held", list(found.report_off)),
    )
    lines += [f"{what}: {off:+d} beside what the books say" for what, off in found.wrong_counts.items()]
    lines += [f"{what}: {', '.join(map(str, ids))}" for what, ids in named if ids]
    if found.broken_seal is not None:
        lines.append(f"the hash chain breaks at seal {found.broken_seal}")
    return lines
