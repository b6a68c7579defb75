"""The command `storewire-cloud`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cloud import logging
from cloud.audit import commands as audit_commands
from cloud.channels import commands as messages
from cloud.command import Invocation, actor, database_of, invocation_of, now_ms, said_plainly, settings_of
from cloud.coupons import commands as coupons
from cloud.fleet import claim_commands, terminal_commands
from cloud.fleet import commands as fleet
from cloud.identity import ca_commands, people_commands
from cloud.identity import commands as identity
from cloud.ingest import commands as parked
from cloud.ingest import incarnation
from cloud.loyalty import commands as loyalty
from cloud.member_lifecycle import commands as member_lifecycle
from cloud.members import commands as members
from cloud.org import commands as org
from cloud.pictures import commands as pictures
from cloud.prices import commands as prices
from cloud.process import broker as broker_process
from cloud.process import doctor as examination
from cloud.process import ingest as ingest_process
from cloud.process import jobs as jobs_process
from cloud.process import key_commands, setup, tether
from cloud.process import ledger_commands as ledger
from cloud.process import serve as one_box
from cloud.process.alone import alone
from cloud.process.certificates import ensure_certificates
from cloud.receipt_series import commands as receipt_series
from cloud.rewards import commands as rewards
from cloud.settings import load
from cloud.store_days import commands as store_days
from cloud.value import commands as value

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Head office's half of Storewire.")
org.store_app.add_typer(terminal_commands.app)
app.add_typer(org.store_app, name="store")
app.add_typer(org.till_app, name="till")
app.add_typer(claim_commands.claim_app, name="claim")
app.add_typer(identity.token_app, name="token")
app.add_typer(people_commands.person_app, name="person")
app.add_typer(key_commands.keys_app, name="keys")
app.add_typer(ca_commands.ca_app, name="ca")
app.add_typer(fleet.agent_app, name="agent")
app.add_typer(audit_commands.audit_app, name="audit")
app.add_typer(prices.app, name="prices")
app.add_typer(pictures.app, name="pictures")
members.app.add_typer(member_lifecycle.app)
app.add_typer(members.app, name="members")
app.add_typer(messages.app, name="messages")
app.add_typer(coupons.app, name="coupons")
app.add_typer(rewards.app, name="rewards")
parked.app.add_typer(receipt_series.app)
app.add_typer(parked.app, name="parked")
app.add_typer(ledger.app, name="ledger")
app.add_typer(value.app, name="value")
app.add_typer(loyalty.app, name="rules")
app.add_typer(store_days.staff_app, name="staff")
app.add_typer(store_days.policies_app, name="policies")

Tethered = Annotated[bool, typer.Option("--tethered", hidden=True)]


@app.callback()
def _begin(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where keys, ports and the embedded database lie.")] = None,
) -> None:
    with said_plainly():
        settings = load(config, data_dir=data_dir)
    arguments = ["--config", str(config.absolute())] if config else []
    arguments += ["--data-dir", str(settings.data_dir)] if data_dir else []
    logging.configure(context.invoked_subcommand or "cloud", settings.log_level)
    context.obj = Invocation(settings, arguments)


@app.command()
def init(context: typer.Context) -> None:
    """Make keys, CA, certificates and an empty database. Run once."""
    with said_plainly():
        fingerprint = setup.init(settings_of(context))
    typer.echo(f"Ready in {settings_of(context).data_dir}.")
    typer.echo(f"Root CA fingerprint {fingerprint}. Back up the keys directory; without it members cannot be read.")


@app.command()
def migrate(context: typer.Context) -> None:
    """Bring the database to this program's revision. Back it up first: there is no way back but the backup."""
    with said_plainly():
        done = setup.migrate(settings_of(context))
    if done.before == done.after:
        typer.echo(f"The database is at revision {done.after} already.")
    else:
        typer.echo(f"The database went from {done.before or 'nothing'} to revision {done.after}.")


@app.command()
def serve(context: typer.Context) -> None:
    """Run everything on one box: broker, API, ingest and jobs, until SIGTERM."""
    found = invocation_of(context)
    with said_plainly():
        setup.check(found.settings)
        with alone(found.settings.data_dir, "serve"):
            typer.echo(one_box.welcome(found.settings))
            asyncio.run(one_box.serve(found.settings, found.arguments))


@app.command()
def broker(context: typer.Context, *, tethered: Tethered = False) -> None:
    """Run the broker and keep its allow-list."""
    _hold(tethered=tethered)
    with said_plainly():
        setup.check(settings_of(context))
        with alone(settings_of(context).data_dir, "broker", patient=tethered):
            broker_process.main(settings_of(context))


@app.command()
def api(context: typer.Context, *, tethered: Tethered = False) -> None:
    """Run one API process."""
    # The console is two thirds of the program: whoever runs anything else need not wait for it.
    from cloud import main as api_process  # noqa: PLC0415

    _hold(tethered=tethered)
    with said_plainly():
        setup.check(settings_of(context))
        api_process.main(settings_of(context))


@app.command()
def ingest(context: typer.Context, *, tethered: Tethered = False) -> None:
    """Run one ingest worker; several share the agents."""
    _hold(tethered=tethered)
    with said_plainly():
        setup.check(settings_of(context))
        ingest_process.main(settings_of(context))


@app.command()
def jobs(context: typer.Context, *, tethered: Tethered = False) -> None:
    """Run the jobs that follow the books: sealing, audit, housekeeping."""
    _hold(tethered=tethered)
    with said_plainly():
        setup.check(settings_of(context))
        jobs_process.main(settings_of(context))


@app.command()
def certificates(context: typer.Context) -> None:
    """Make or renew the certificates of this machine's own services."""
    with said_plainly():
        ensure_certificates(settings_of(context), now_ms())
    typer.echo("Certificates are up to date; running processes take them up within a minute.")


@app.command()
def restored(context: typer.Context, reason: Annotated[str, typer.Option(help="What was restored, and why.")]) -> None:
    """Say that the database was restored from a backup, before any agent is answered: they send again."""
    with database_of(context) as database, database.session() as session:
        new = incarnation.renew(session, reason, setup.clock, actor=actor())
    typer.echo(f"New incarnation {new}. Agents send again what this database lacks.")


@app.command()
def doctor(context: typer.Context) -> None:
    """Look at keys, certificates, ports, database and broker, and say what is wrong."""
    with said_plainly():
        findings = examination.examine(settings_of(context), now_ms())
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.ok else 'BAD '} {finding.what}: {finding.words}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _hold(*, tethered: bool) -> None:
    if tethered:
        tether.hold()
