"""Head office's database for tests, built as a deployment builds it: by its migrations."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cloud.database import Database
from cloud.migrations import revisions


def build(url: str) -> None:
    """Run the migrations on an empty database."""
    database = Database(url)
    try:
        revisions.upgrade(database)
    finally:
        database.close()


def new_sqlite(path: Path) -> Database:
    """Return a new embedded database with every table and nothing in them. The first one costs more than the others."""
    path.write_bytes(_built())
    return Database(f"sqlite:///{path}")


def migrated_in(data_dir: Path) -> None:
    """Put a deployment's embedded database in its folder before `init`, which then has no tables to make."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data_dir / "cloud.db").write_bytes(_built())


@cache
def _built() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tables.db"
        build(f"sqlite:///{path}")
        return path.read_bytes()
