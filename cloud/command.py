"""What every command of `storewire-cloud` shares: its settings, its database, and plain words when something fails."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from cloud.clock import SystemMachineClock
from cloud.database import Database
from cloud.deployment.opening import open_database, require_file
from cloud.errors import CloudError
from cloud.migrations.revisions import require_newest
from cloud.settings import CloudSettings, SettingsRefused


@dataclass(frozen=True)
class Invocation:
    """One run of the command: the settings, and the arguments that lead a child process to the same ones."""

    settings: CloudSettings
    arguments: list[str]


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn whatever may go wrong into one sentence on standard error and exit code 1."""
    try:
        yield
    except* (CloudError, SettingsRefused, SQLAlchemyError, OSError) as found:
        typer.echo(f"storewire-cloud: {_words(_first(found))}", err=True)
        failed = True
    else:
        failed = False
    if failed:
        raise typer.Exit(1)


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


def _words(error: BaseException) -> str:
    if isinstance(error, SQLAlchemyError):
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        where = "; is the server up, and database_url in the settings right?" if _is_away(error) else ""
        return f"the database refuses: {reason}{where}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _is_away(error: SQLAlchemyError) -> bool:
    return isinstance(error, OperationalError) and "connect" in str(error.orig)


def invocation_of(context: typer.Context) -> Invocation:
    """Return this invocation."""
    found: Invocation = context.find_root().obj
    return found


def settings_of(context: typer.Context) -> CloudSettings:
    """Return the settings of this invocation."""
    return invocation_of(context).settings


@contextmanager
def database_of(context: typer.Context) -> Iterator[Database]:
    """Open the deployment's database, at this program's revision, for one command; what fails is said plainly."""
    with said_plainly():
        require_file(settings_of(context))
        database = open_database(settings_of(context))
        try:
            require_newest(database)
            yield database
        finally:
            database.close()


def actor() -> str:
    """Return who runs this command, for the audit log."""
    return f"cli:{getpass.getuser()}"


def now_ms() -> int:
    """Return wall time."""
    return SystemMachineClock().wall_ms()
