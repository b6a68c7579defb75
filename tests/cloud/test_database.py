"""The database: one transaction per session, on both kinds."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData
from sqlalchemy import Table as SqlTable
from sqlmodel import select

import cloud.models  # noqa: F401 - every table there is
from cloud.database import Database, Table, append_only
from cloud.database.retention import Retention, retention_of
from cloud.database.sweeping import about_people
from cloud.org.models import LegalEntity


def test_a_session_commits_when_its_block_ends_well(database: Database) -> None:
    with database.session() as session:
        session.add(LegalEntity(id="e1", name="Chain Ltd"))
    with database.session() as session:
        assert session.exec(select(LegalEntity.name)).all() == ["Chain Ltd"]


def test_a_session_rolls_back_when_its_block_raises(database: Database) -> None:
    def fail() -> None:
        with database.session() as session:
            session.add(LegalEntity(id="e1", name="Chain Ltd"))
            session.flush()
            raise LookupError("half way")

    with pytest.raises(LookupError):
        fail()
    with database.session() as session:
        assert session.exec(select(LegalEntity)).all() == []


def test_every_test_starts_with_empty_tables(database: Database) -> None:
    with database.session() as session:
        assert session.exec(select(LegalEntity)).all() == []


def test_every_table_says_how_long_its_rows_are_kept() -> None:
    classes = {table.name: retention_of(table) for table in Table.metadata.sorted_tables}
    assert len(classes) > 100
    for name, kept in {
        "journal": "books",
        "agent": "standing",
        "device_token_seen": "passing",
        "swipe": "operations",
    }.items():
        assert classes[name] is Retention(kept)
    assert set(about_people()) == {name for name, kept in classes.items() if kept is Retention.IDENTITY} >= {"member"}
    guarded = [table.name for table in Table.metadata.sorted_tables if append_only.is_guarded(table)]
    assert "lot" not in guarded, "what tables share of their class is no mark of one of them"
    with pytest.raises(ValueError, match="does not say how long"):
        retention_of(SqlTable("nothing_said", MetaData()))
