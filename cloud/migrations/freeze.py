"""Write a migration from the models: `python -m cloud.migrations.freeze "what it does"`. For developers.

The steps shipped so far build a scratch SQLite database; the difference between it and the models becomes the next
numbered revision. `--again` writes the newest revision anew, for as long as it is not released. Read what comes
out: a rename looks like a drop and an add, data is nobody's business but yours, and a changed CHECK constraint or
condition of a partial index is not seen (tests/cloud/test_migrations.py does see it).
"""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from alembic import command
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp, MigrateOperation, MigrationScript
from alembic.script import Script, ScriptDirectory
from sqlalchemy import BigInteger
from sqlalchemy.dialects import sqlite
from sqlmodel.sql.sqltypes import AutoString

from cloud.database import Database, append_only
from cloud.migrations.revisions import SHIPPED, configuration, upgrade


class MakeAppendOnly(MigrateOperation):
    """The step that lets a new table refuse every change."""

    def __init__(self, table: str) -> None:
        self.table = table


@renderers.dispatch_for(MakeAppendOnly)
def _render_append_only(context: AutogenContext, step: MakeAppendOnly) -> str:
    context.imports.add("from cloud.database import append_only")
    return f"append_only.install(op.get_bind(), {step.table!r})"


def freeze(words: str, *, again: bool = False) -> Path:
    """Write the next revision, or with `again` the newest one anew, and return its file."""
    importlib.import_module("cloud.models")
    (versions,) = SHIPPED
    released = sorted(versions.glob("*.py"))
    rewritten = released.pop() if again and released else None
    # Written aside and moved when it is whole: others may be running what is there.
    with TemporaryDirectory(dir=versions.parent) as folder:
        for path in released:
            shutil.copy(path, folder)
        written = _write(Path(folder), words or (rewritten.stem[5:] if rewritten else ""))
        moved = written.replace(versions / written.name)
    if rewritten is not None and rewritten != moved:
        rewritten.unlink()
    return moved


def _write(versions: Path, words: str) -> Path:
    database = Database(f"sqlite:///{versions / 'scratch.db'}")
    try:
        return _write_difference(database, versions, words)
    finally:
        database.close()


def _write_difference(database: Database, versions: Path, words: str) -> Path:
    config = configuration([versions])
    latest = ScriptDirectory.from_config(config).get_current_head()
    if latest is not None:
        upgrade(database, config)
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    _tidy_afterwards(config)
    config.attributes["autogenerate"] = {
        "render_item": _render_item,
        "process_revision_directives": _add_guards,
        # SQLite changes a table by building it anew; the first revision has nothing to change.
        "render_as_batch": latest is not None,
    }
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        script = command.revision(config, words, autogenerate=True, rev_id=f"{int(latest or 0) + 1:04d}")
    if not isinstance(script, Script):
        raise SystemExit("the models are what the migrations make: nothing to write")
    return Path(script.path)


def _tidy_afterwards(config: Config) -> None:
    """Let the project's own linter bring the text into the project's form."""
    ruff = Path(sys.executable).with_name("ruff")
    for name, options in (("form", "format --quiet"), ("lint", "check --quiet --select I,F401 --fix")):
        config.set_section_option("post_write_hooks", f"{name}.type", "exec")
        config.set_section_option("post_write_hooks", f"{name}.executable", str(ruff))
        config.set_section_option("post_write_hooks", f"{name}.options", f"{options} REVISION_SCRIPT_FILENAME")
    config.set_section_option("post_write_hooks", "hooks", "form, lint")


def _add_guards(_context: MigrationContext, _revision: object, scripts: list[MigrationScript]) -> None:
    """Follow each new append-only table with what guards it, and write no revision that does nothing."""
    for script in list(scripts):
        steps = script.upgrade_ops
        if steps is None or steps.is_empty():
            scripts.remove(script)
            continue
        steps.ops = [followed for step in steps.ops for followed in _with_guard(step)]


def _with_guard(step: MigrateOperation) -> Iterable[MigrateOperation]:
    yield step
    if isinstance(step, CreateTableOp):
        if append_only.is_guarded(step.to_table()):
            yield MakeAppendOnly(step.table_name)
        step.info = {}  # words for programs that read the models; a database keeps none of it


def _render_item(kind: str, item: Any, _context: AutogenContext) -> str | bool:
    """Write types as the plain ones they stand for, our 64 bits by the name that the template gives them."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    if kind == "type" and isinstance(item, BigInteger) and item.compile(dialect=sqlite.dialect()) == "INTEGER":
        return "BIG_INT"
    return False


def main(
    words: Annotated[str, typer.Argument(help="What it does, in a few words: they become the file's name.")] = "",
    *,
    again: Annotated[bool, typer.Option("--again", help="Write the newest revision anew; it is not released.")] = False,
) -> None:
    """Write the next migration from the models."""
    if not words and not again:
        raise typer.BadParameter("say in a few words what it does")
    typer.echo(f"Wrote {freeze(words, again=again)}. Read it before you commit it.")


if __name__ == "__main__":
    typer.run(main)
