"""The proof as a job: kept for people, at one moment of the database, seldom enough."""

from __future__ import annotations

from cloud.database import Database
from cloud.ledger import proving
from cloud.process.ledger_commands import problems
from tests.cloud.test_ledger_proof import posted, tamper
from tests.factories import DrivenMachineClock


def test_p5_the_newest_proof_is_kept(database: Database) -> None:
    clock = DrivenMachineClock()
    with database.snapshot() as session:
        assert proving.newest(session) is None
    posted(database, 5)
    done = proving.prove_now(database, clock)
    assert (done.at_ms, done.proof.journals, done.proof.held) == (clock.wall_ms(), 2, {"POINTS": 10})
    assert done.proof.holds
    assert problems(done.proof) == []
    with database.snapshot() as session:
        assert proving.newest(session) == done


def test_p5_a_ledger_that_does_not_hold_is_said_in_words(database: Database) -> None:
    posted(database, 5)
    with database.session() as session:
        tamper(session, "posting", "UPDATE posting SET amount = amount + 1 WHERE n = 1")
    found = proving.prove_now(database, DrivenMachineClock()).proof
    words = "\n".join(problems(found))
    assert not found.holds
    assert "add up to 2 instead of 0" in words
    assert "do not balance" in words
    with database.snapshot() as session:
        kept = proving.newest(session)
    assert kept is not None
    assert kept.proof == found


def test_it_proves_once_a_minute(database: Database) -> None:
    clock = DrivenMachineClock()
    job = proving.Proving(database, clock)

    def proved_ms() -> int:
        assert job() is False
        with database.snapshot() as session:
            found = proving.newest(session)
        assert found is not None
        return found.at_ms

    first = proved_ms()
    clock.advance(59_000)
    assert proved_ms() == first
    clock.advance(1_000)
    assert proved_ms() == clock.wall_ms() > first
