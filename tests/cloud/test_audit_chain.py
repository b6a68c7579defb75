"""The audit log's hash chain: every act is linked, whatever is done behind the program's back is named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cloud import audit
from cloud.audit.models import AUDIT_CHAIN, AuditEntry
from cloud.cli import app
from cloud.database import Database
from cloud.process.doctor import examine
from cloud.settings import CloudSettings
from shared.hashchain import GENESIS
from tests.cloud.boxes import CLOCK, make_box
from tests.factories import START_MS

PUT_IN = (
    "INSERT INTO audit_entry (id, at_ms, actor, action, subject, reason, detail) "
    "VALUES (77, 1, 'mei', 'x', 'y', '', '')"
)


def act(database: Database, *subjects: str) -> None:
    with database.session() as session:
        for subject in subjects:
            audit.record(session, at_ms=START_MS, actor="mei", action="agent.revoke", subject=subject, reason="stolen")


def fault(database: Database, noted: tuple[int, bytes] | None = None) -> str:
    with database.snapshot() as session:
        return AUDIT_CHAIN.follow(session, noted).fault


def behind_its_back(database: Database, *statements: str) -> None:
    """Change rows as whoever owns the database's files may: without the triggers."""
    off = ["SET session_replication_role = replica"] if database.is_postgresql else [
        f"DROP TRIGGER audit_{table}_no_{what}" for table in ("entry", "link") for what in ("update", "delete")
    ]  # fmt: skip
    with database.session() as session:
        for statement in (*off, *statements):
            session.execute(text(statement))
        if database.is_postgresql:
            session.execute(text("SET session_replication_role = DEFAULT"))


def test_every_act_is_linked_in_its_own_transaction(database: Database) -> None:
    with database.snapshot() as session:
        assert AUDIT_CHAIN.follow(session) == AUDIT_CHAIN.follow(session, (0, GENESIS))
    act(database, "a1", "a2")
    act(database, "a3")
    with suppress(RuntimeError), database.session() as session:
        audit.record(session, at_ms=START_MS, actor="mei", action="x", subject="never")
        raise RuntimeError
    with database.session() as session:
        with suppress(RuntimeError), session.begin_nested():
            audit.record(session, at_ms=START_MS, actor="mei", action="x", subject="taken back")
            session.flush()
            raise RuntimeError
        session.add(AuditEntry(at_ms=START_MS, actor="mei", action="x", subject="a4"))
    with database.snapshot() as session:
        proof = AUDIT_CHAIN.follow(session)
        assert (proof.links, proof.fault, len(proof.head)) == (4, "", 32)
        assert [entry.subject for entry in audit.latest(session)] == ["a4", "a3", "a2", "a1"]


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["UPDATE audit_entry SET reason = 'a mistake' WHERE subject = 'a2'"], "link 2 does not hold: entry 2"),
        (["UPDATE audit_entry SET at_ms = at_ms + 1 WHERE subject = 'a3'"], "link 3 does not hold: entry 3"),
        (["DELETE FROM audit_entry WHERE subject = 'a2'"], "link 2 stands for entry 2, which is gone"),
        (["DELETE FROM audit_entry WHERE id = 1", "DELETE FROM audit_link WHERE number = 1"], "link 1 is missing"),
        (
            ["DELETE FROM audit_entry WHERE id = 2", "DELETE FROM audit_link WHERE entry_id = 2",
             "UPDATE audit_link SET number = 2 WHERE number = 3"],
            "link 2 does not hold: entry 3",
        ),
        (
            [PUT_IN],
            "entry 77 has no link",
        ),
    ],
    ids=["words", "time", "gone", "first", "middle", "put in"],
)  # fmt: skip
def test_what_is_changed_behind_the_program_s_back_is_named(
    database: Database, statements: list[str], words: str
) -> None:
    act(database, "a1", "a2", "a3")
    assert not fault(database)
    behind_its_back(database, *statements)
    assert words in fault(database)


def test_an_end_that_was_cut_off_is_found_by_what_was_noted_elsewhere(database: Database) -> None:
    act(database, "a1", "a2")
    with database.snapshot() as session:
        noted = AUDIT_CHAIN.follow(session)
    act(database, "a3")
    assert not fault(database, (noted.links, noted.head))
    behind_its_back(database, "DELETE FROM audit_entry WHERE id > 1", "DELETE FROM audit_link WHERE number > 1")
    assert not fault(database), "the rest is a whole chain"
    assert "its end was cut off" in fault(database, (noted.links, noted.head))
    act(database, "another", "and another")
    assert "link 2 has another head" in fault(database, (noted.links, noted.head))


def test_acts_at_the_same_time_stand_in_one_row(database: Database) -> None:
    def acts(who: int) -> None:
        for n in range(5):
            act(database, f"{who}-{n}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(acts, range(4)))
    with database.snapshot() as session:
        proof = AUDIT_CHAIN.follow(session)
    assert (proof.links, proof.fault) == (20, "")


def test_a_command_and_the_doctor_name_the_first_broken_link(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    box.add_store()
    try:
        verify = ["--data-dir", str(box.settings.data_dir), "audit", "verify"]
        good = CliRunner().invoke(app, verify)
        assert good.exit_code == 0, good.output
        noted = good.output.splitlines()[-1]
        assert CliRunner().invoke(app, [*verify, "--noted", noted]).exit_code == 0
        assert CliRunner().invoke(app, [*verify, "--noted", "so many"]).exit_code == 2
        assert _said(box.settings)[0]
        behind_its_back(box.database, "UPDATE audit_entry SET actor = 'nobody' WHERE id = 2")
        bad = CliRunner().invoke(app, verify)
        assert bad.exit_code == 1
        assert (
            "link 2 does not hold: entry 2 or the link itself was changed. Links before it that hold: 1." in bad.stderr
        )
        assert _said(box.settings) == (False, "link 2 does not hold: entry 2 or the link itself was changed")
    finally:
        box.database.close()


def _said(settings: CloudSettings) -> tuple[bool, str]:
    (found,) = [one for one in examine(settings, CLOCK.wall_ms()) if one.what == "audit log"]
    return found.ok, found.words
