"""Copies of the agent's database: whole, private, and never put back over what was recorded since."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.disk import copying
from edge_agent.disk.copying import RecordedSince
from edge_agent.disk.errors import DatabaseDamaged, DatabaseTooNew, DiskFailed
from edge_agent.disk.state_lock import StateLock
from edge_agent.till.results import Paid
from shared.wire.events import TenderKind
from tests.edge.tills import MILK, opened_store

BASKET = UUID(int=0x01900000_0000_7000_8000_000000000001)


async def sold(folder: Path, *, basket: UUID = BASKET, pay: bool = True) -> Path:
    """Ring up some milk on the database of a folder, and return where that is."""
    async with opened_store(folder, seed=5) as store:
        till = store.till()
        await till.begin(basket)
        await till.scan(MILK)
        if pay:
            assert isinstance(await till.tender(TenderKind.CASH, 5000, basket=basket), Paid)
        return store.database.path


def schema(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")


async def test_p1_a_copy_is_whole_and_private_also_while_the_agent_sells(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    async with opened_store(tmp_path, seed=5) as store:
        till = store.till()
        await till.begin(BASKET)
        await till.scan(MILK)
        await till.tender(TenderKind.CASH, 5000, basket=BASKET)
        copying.back_up(store.database.path, copy)
        held = await store.database.read(lambda db: db.execute("SELECT count(*) FROM event").fetchone()[0])
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM event").fetchone()[0] == held > 0


async def test_a_copy_is_put_back_after_an_upgrade_that_recorded_nothing(tmp_path: Path) -> None:
    path, copy = await sold(tmp_path), tmp_path / "copy.db"
    copying.back_up(path, copy)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE newer (n INTEGER)")
    schema(path, 99)
    with pytest.raises(DatabaseTooNew, match="schema 99"):
        copying.check_fits(path)
    copying.put_back(copy, path)
    assert copying.check_fits(path) > 0
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'newer'").fetchone() == (0,)


@pytest.mark.parametrize("pay", [True, False], ids=["sale", "open basket"])
async def test_p1_a_copy_never_takes_the_place_of_what_was_recorded_since(tmp_path: Path, pay: bool) -> None:
    path, copy = await sold(tmp_path), tmp_path / "copy.db"
    copying.back_up(path, copy)
    await sold(tmp_path, basket=UUID(int=BASKET.int + 1), pay=pay)
    before = path.read_bytes()
    with pytest.raises(RecordedSince, match="would be lost"):
        copying.put_back(copy, path)
    assert path.read_bytes() == before


async def test_a_damaged_copy_is_not_put_back(tmp_path: Path) -> None:
    path, copy = await sold(tmp_path), tmp_path / "copy.db"
    copy.write_bytes(b"this was a database once" * 100)
    with pytest.raises(DatabaseDamaged):
        copying.put_back(copy, path)


async def test_a_copy_that_cannot_be_made_is_said_and_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = await sold(tmp_path)
    with pytest.raises(DiskFailed, match="cannot be copied"):
        copying.back_up(path, tmp_path / "no such folder" / "copy.db")


async def test_commands_say_what_they_did_or_why_not(tmp_path: Path) -> None:
    run = CliRunner().invoke
    state = ["--state", str(tmp_path)]
    assert "no database yet" in run(app, ["database", "fits", *state]).output
    path, copy = await sold(tmp_path), tmp_path / "copy.db"
    path.rename(tmp_path / "agent.db")
    assert "this program can work on it" in run(app, ["database", "fits", *state]).output
    assert run(app, ["database", "backup", *state, str(copy)]).exit_code == 0
    with StateLock(tmp_path):
        refused = run(app, ["database", "put-back", *state, str(copy)])
        assert refused.exit_code == 1
        assert "another agent runs" in refused.output
    assert run(app, ["database", "put-back", *state, str(copy)]).exit_code == 0
    schema(tmp_path / "agent.db", 99)
    too_new = run(app, ["database", "fits", *state])
    assert too_new.exit_code == 1
    assert "install a newer program" in too_new.output
