"""The first day of a deployment: keys, CA, certificates, database; and the check before every later start."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from cloud.clock import SystemMachineClock
from cloud.database import Database, Table
from cloud.errors import Conflict, Unavailable
from cloud.identity import ca, keys
from cloud.identity.keys import private_directory
from cloud.ingest import incarnation
from cloud.process import ports
from cloud.process.certificates import ensure_certificates
from cloud.process.parts import open_database
from cloud.settings import CloudSettings

clock = SystemMachineClock()


def init(settings: CloudSettings) -> str:
    """Make a deployment and return its root CA's fingerprint. Raise KeysExist when there is one."""
    private_directory(settings.data_dir)
    keys.create(settings.keys_dir)
    authority = ca.create(settings.keys_dir, clock.wall_ms())
    ports.resolve(settings)
    ensure_certificates(settings, clock.wall_ms())
    database = migrate(settings)
    try:
        with database.session() as session:
            incarnation.renew(session, "first start", clock, actor="cli:init")
    finally:
        database.close()
    return authority.fingerprint


def migrate(settings: CloudSettings) -> Database:
    """Bring the database to this program's version and return it."""
    database = open_database(settings)
    Table.metadata.create_all(database.engine)
    return database


def check(settings: CloudSettings) -> None:
    """Refuse to start without keys or without an initialised database, in words."""
    keys.load(settings.keys_dir)
    ca.load(settings.keys_dir)
    database = open_database(settings)
    try:
        with database.snapshot() as session:
            incarnation.current(session)
    except Conflict:
        raise
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unavailable(f"the database is not ready ({reason}); run `storewire-cloud migrate`") from None
    finally:
        database.close()
