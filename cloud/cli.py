"""The command `storewire-cloud`: each command reads what it needs when it runs, for most need little of head office."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cloud import logging
from cloud.command import Invocation, actor, database_of, invocation_of, now_ms, said_plainly, settings_of
from cloud.command_groups import Groups
from cloud.process import setup, tether
from cloud.process.alone import alone
from cloud.settings import load

app = typer.Typer(cls=Groups, no_args_is_help=True, add_completion=False, help="Head office's half of Storewire.")

Tethered = Annotated[bool, typer.Option("--tethered", hidden=True)]

_READ_NO_FEATURE = frozenset({"serve", "broker"})
"""They keep other processes; of the books they read who may speak, and change nothing."""


@app.callback()
def _begin(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where keys, ports and the embedded database lie.")] = None,
) -> None:
    if context.invoked_subcommand not in _READ_NO_FEATURE:
        import cloud.models  # noqa: F401, PLC0415 - what goes over every table must know every table, whatever is run

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
    from cloud.process import serve as one_box  # noqa: PLC0415

    found = invocation_of(context)
    with said_plainly():
        setup.check(found.settings)
        with alone(found.settings.data_dir, "serve"):
            typer.echo(one_box.welcome(found.settings))
            asyncio.run(one_box.serve(found.settings, found.arguments))


@app.command()
def broker(context: typer.Context, *, tethered: Tethered = False) -> None:
    """Run the broker and keep its allow-list."""
    from cloud.process import broker as broker_process  # noqa: PLC0415

    _hold(tethered=tethered)
    with said_plainly():
        setup.check(settings_of(context))
        with alone(settings_of(context).data_dir, "broker", patient=tethered):
            broker_process.main(settings_of(context))


@app.command()
def api(context: typer.Context, *, tethered: Tethered = False) -> None:
    """Run one API process."""
    from cloud import main as api_process  # noqa: PLC0415

    _hold(tethered=tethered)
    with said_plainly():
        setup.check(settings_of(context))
        api_process.main(settings_of(context))


@app.command()
def ingest(context: typer.Context, *, tethered: Tethered = False) -> None:
    """Run one ingest worker; several share the agents."""
    from cloud.process import ingest as ingest_process  # noqa: PLC0415

    _hold(tethered=tethered)
    with said_plainly():
        setup.check(settings_of(context))
        ingest_process.main(settings_of(context))


@app.command()
def jobs(context: typer.Context, *, tethered: Tethered = False) -> None:
    """Run the jobs that follow the books: sealing, audit, housekeeping."""
    from cloud.process import jobs as jobs_process  # noqa: PLC0415

    _hold(tethered=tethered)
    with said_plainly():
        setup.check(settings_of(context))
        jobs_process.main(settings_of(context))


@app.command()
def certificates(context: typer.Context) -> None:
    """Make or renew the certificates of this machine's own services."""
    from cloud.process.certificates import ensure_certificates  # noqa: PLC0415

    with said_plainly():
        ensure_certificates(settings_of(context), now_ms())
    typer.echo("Certificates are up to date; running processes take them up within a minute.")


@app.command()
def restored(context: typer.Context, reason: Annotated[str, typer.Option(help="What was restored, and why.")]) -> None:
    """Say that the database was restored from a backup, before any agent is answered: they send again."""
    from cloud.ingest import incarnation  # noqa: PLC0415

    with database_of(context) as database, database.session() as session:
        new = incarnation.renew(session, reason, setup.clock, actor=actor())
    typer.echo(f"New incarnation {new}. Agents send again what this database lacks.")


@app.command()
def doctor(context: typer.Context) -> None:
    """Look at keys, certificates, ports, database and broker, and say what is wrong."""
    from cloud.process import doctor as examination  # noqa: PLC0415

    with said_plainly():
        findings = examination.examine(settings_of(context), now_ms())
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.ok else 'BAD '} {finding.what}: {finding.words}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _hold(*, tethered: bool) -> None:
    if tethered:
        tether.hold()
