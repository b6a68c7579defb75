"""Sealing and proof on both databases: the chain follows the journals, and what is tampered with is named."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.ledger import post
from cloud.ledger.lots import NewLot, bring
from cloud.ledger.proof import Proof, prove
from cloud.ledger.seal import seal_pending
from tests.cloud.test_ledger import earn
from tests.factories import new_id


def posted(database: Database, points: int) -> None:
    with database.session() as session:
        journals = [earn(new_id(), points), earn(new_id(), points)]
        post(session, open_commit(session, 1), journals)
        bring(
            session, [NewLot(account=one.legs[0].account, key=one.key, store="s001", amount=points) for one in journals]
        )


def proof(database: Database) -> Proof:
    with database.session() as session:
        return prove(session)


def tamper(session: Session, table: str, statement: str) -> None:
    """Change the ledger as only somebody with the database's own rights can."""
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        session.execute(text(statement))
        session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER ALL"))
    else:
        session.execute(text(f"DROP TRIGGER {table}_no_update"))
        session.execute(text(f"DROP TRIGGER {table}_no_delete"))
        session.execute(text(statement))


def test_p5_the_chain_follows_the_commits_and_the_proof_holds(database: Database) -> None:
    assert proof(database).holds
    for points in (1, 2, 3):
        posted(database, points)
    with database.session() as session:
        open_commit(session, 1)  # one without journals
        assert seal_pending(session, 2, at_once=2) == 2
        assert seal_pending(session, 2, at_once=5) == 2
        assert seal_pending(session, 2) == 0
    posted(database, 4)
    found = proof(database)
    assert found.holds
    assert (found.journals, found.postings, found.held, found.unsealed_commits) == (8, 16, {"POINTS": 20}, 1)


def test_p5_a_changed_store_of_a_journal_breaks_the_chain_there(database: Database) -> None:
    for points in (1, 2, 3):
        posted(database, points)
    with database.session() as session:
        seal_pending(session, 2)
        tamper(
            session,
            "journal",
            "UPDATE journal SET store_id = 's666' WHERE commit_no = (SELECT 1 + min(no) FROM ingest_commit)",
        )
    found = proof(database)
    assert (found.holds, found.broken_seal) == (False, 2)


def test_p5_a_changed_amount_is_found_in_sum_balance_and_chain(database: Database) -> None:
    posted(database, 5)
    with database.session() as session:
        seal_pending(session, 2)
        tamper(session, "posting", "UPDATE posting SET amount = 7 WHERE amount = 5")
    found = proof(database)
    assert found.units_off == {"POINTS": 4}
    assert (len(found.unbalanced_journals), len(found.wrong_balances), found.broken_seal) == (2, 2, 1)


def test_p5_a_balance_set_by_hand_and_a_lost_journal_are_found(database: Database) -> None:
    posted(database, 5)
    with database.session() as session:
        session.execute(text("UPDATE balance SET amount = 6"))
        tamper(session, "journal", "DELETE FROM journal")
    found = proof(database)
    assert (len(found.wrong_balances), len(found.strays), found.holds) == (2, 4, False)
