"""The first day of a deployment: database, keys, CA, certificates; and the check before every later start."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from cloud.clock import SystemMachineClock
from cloud.database import Database
from cloud.deployment import ports
from cloud.deployment.opening import open_database, require_file
from cloud.errors import Unavailable
from cloud.identity import ca, keys
from cloud.identity.keys import private_directory
from cloud.ingest import incarnation
from cloud.migrations import revisions
from cloud.migrations.revisions import Upgrade
from cloud.process.certificates import ensure_certificates
from cloud.settings import CloudSettings

clock = SystemMachineClock()


def init(settings: CloudSettings) -> str:
    """Make a deployment and return its root CA's fingerprint. Raise KeysExist when there is one.

    The database comes first: where it cannot be reached nothing was made yet, and init may be run again.
    """
    private_directory(settings.data_dir)
    keys.refuse_existing(settings.keys_dir)
    database = open_database(settings)
    try:
        revisions.upgrade(database)
        keys.create(settings.keys_dir)
        authority = ca.create(settings.keys_dir, clock.wall_ms())
        ports.resolve(settings)
        ensure_certificates(settings, clock.wall_ms())
        with database.session() as session:
            incarnation.renew(session, "first start", clock, actor="cli:init")
    finally:
        database.close()
    return authority.fingerprint


def migrate(settings: CloudSettings) -> Upgrade:
    """Bring the database to this program's revision. Raise Conflict when a newer program has been at it."""
    require_file(settings)
    database = open_database(settings)
    try:
        return revisions.upgrade(database)
    finally:
        database.close()


def check(settings: CloudSettings) -> None:
    """Refuse to start without keys, or without a database initialised and at this program's revision, in words."""
    keys.load(settings.keys_dir)
    ca.load(settings.keys_dir)
    require_file(settings)
    database = open_database(settings)
    try:
        check_database(database)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unavailable(f"the database is not ready: {reason}") from None
    finally:
        database.close()


def check_database(database: Database) -> str:
    """Return a line about a database that is as it should be. Raise Conflict, saying what to do, when it is not."""
    revision = revisions.require_newest(database)
    with database.snapshot() as session:
        return f"revision {revision}, incarnation {incarnation.current(session)}"
