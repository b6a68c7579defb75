"""The database: one transaction per session, on both kinds."""

from __future__ import annotations

import pytest
from sqlmodel import select

from cloud.database import Database
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
