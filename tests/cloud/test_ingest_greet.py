"""Hellos: the watermark, forks, and a cloud that was restored to an earlier day."""

from __future__ import annotations

import threading
from uuid import UUID

import msgspec
import pytest
from sqlmodel import delete, select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.fleet.models import Agent, AgentEpoch, Deployment
from cloud.ingest import incarnation
from cloud.ingest.greet import farewell, greet, heartbeat
from cloud.ingest.models import InboxEvent
from cloud.ingest.outcomes import Acked, Forked
from cloud.ingest.proofs import PROOF_BYTES, AckProofs
from cloud.sales.models import ReceiptNumber, ReceiptSeries, Sale, SaleLine, SaleTender
from shared.wire.messages import Gone, Reported, State
from tests.cloud.ingesting import PROOFS, RESTORES, Outbox, count, of_kind, open_store, said, take_in
from tests.factories import AGENT, START_MS, DrivenMachineClock, make_epoch, make_sale, new_id


def full(number: int) -> Outbox:
    return Outbox().add(*(make_sale(number=n) for n in range(1, number + 1)))


def hello(database: Database, outbox: Outbox, **fields: object) -> object:
    return greet(database, outbox.agent, outbox.hello(**fields), RESTORES)


def ours(database: Database) -> UUID:
    with database.session() as session:
        return incarnation.current(session)


def test_a_new_epoch_starts_at_nothing(database: Database) -> None:
    open_store(database)
    outbox = full(3)
    assert hello(database, outbox) == Acked(AGENT, outbox.epoch, ours(database), 0, outbox.head(0))


def test_a_hello_is_answered_with_the_watermark(database: Database) -> None:
    open_store(database)
    outbox = full(3)
    take_in(database, outbox.batch(1, 2))
    assert hello(database, outbox) == Acked(AGENT, outbox.epoch, ours(database), 2, outbox.head(2))
    take_in(database, outbox.batch())
    assert hello(database, outbox) == Acked(AGENT, outbox.epoch, ours(database), 3, outbox.head(3))


def test_p1_an_agent_restored_from_an_old_disk_is_told(database: Database) -> None:
    open_store(database)
    outbox = full(3)
    take_in(database, outbox.batch())
    restored = Outbox(epoch=outbox.epoch, contents=outbox.contents[:2])
    assert hello(database, restored) == Forked(AGENT, outbox.epoch, ours(database), 3, "below_watermark")
    restored.add(make_sale(number=3))
    assert hello(database, restored) == Forked(AGENT, outbox.epoch, ours(database), 3, "chain")


def test_a_hello_of_somebody_else_is_ignored(database: Database) -> None:
    open_store(database)
    outbox = full(1)
    assert greet(database, "s001-b", outbox.hello(), RESTORES) is None
    assert greet(database, "s001-b", outbox.hello(agent="s001-b"), RESTORES) is None
    assert hello(database, outbox, epoch=None) is None
    assert count(database, AgentEpoch) == 0


def restore_empty(database: Database) -> None:
    """Put the database back to a day before any sale."""
    with database.session() as session:
        for table in (InboxEvent, AgentEpoch, Sale, SaleLine, SaleTender, ReceiptNumber, ReceiptSeries):
            session.exec(delete(table))


def test_p1_a_restored_cloud_notices_and_gets_everything_again(database: Database) -> None:
    open_store(database)
    outbox = full(4)
    take_in(database, outbox.batch())
    before = ours(database)
    restore_empty(database)
    held = said(outbox.held(4, before))
    answer = hello(database, outbox, **held)
    after = ours(database)
    assert after != before
    assert answer == Acked(AGENT, outbox.epoch, after, 0, outbox.head(0))
    take_in(database, outbox.batch())
    assert count(database, Sale) == 4
    again = hello(database, outbox, **said(outbox.held(4, after)))
    assert again == Acked(AGENT, outbox.epoch, after, 4, outbox.head(4))
    with database.session() as session:
        entries = session.exec(select(AuditEntry.reason).where(AuditEntry.action == "incarnation.renew")).all()
    assert len(entries) == 2
    assert "was restored" in entries[1]


def test_p1_a_heartbeat_tells_of_a_restore_too(database: Database) -> None:
    open_store(database)
    outbox = full(4)
    take_in(database, outbox.batch())
    before = ours(database)
    held = msgspec.structs.replace(beat(outbox, new_id()), **said(outbox.held(4, before)))
    assert heartbeat(database, AGENT, held, RESTORES) == Acked(AGENT, outbox.epoch, before, 4, outbox.head(4))
    restore_empty(database)
    answer = heartbeat(database, AGENT, held, RESTORES)
    after = ours(database)
    assert after != before
    assert answer == Acked(AGENT, outbox.epoch, after, 0, outbox.head(0))
    # Said before the agent heard of it: what it names is of the incarnation that is over.
    assert heartbeat(database, AGENT, held, RESTORES) == answer


@pytest.mark.parametrize("forged", ["absent", "guessed", "higher", "of_another_agent", "of_another_epoch"])
def test_an_agents_word_alone_makes_nobody_send_again(database: Database, forged: str) -> None:
    open_store(database, agents=(AGENT, "s001-b"))
    outbox = full(4)
    take_in(database, outbox.batch())
    before = ours(database)
    held = {
        "absent": said(outbox.held(4, before)) | {"acked_proof": b""},
        "guessed": said(outbox.held(4, before)) | {"acked_proof": bytes(16)},
        "higher": said(outbox.held(4, before)) | {"acked_seq": 1 << 80},
        "of_another_agent": said(outbox.held(9, before, agent="s001-b")),
        "of_another_epoch": said(Outbox(contents=outbox.contents).held(9, before)),
    }[forged]
    restore_empty(database)
    for _ in range(3):
        assert hello(database, outbox, **held) == Acked(AGENT, outbox.epoch, before, 0, outbox.head(0))
    state = msgspec.structs.replace(beat(outbox, new_id()), **held)
    assert heartbeat(database, AGENT, state, RESTORES) == Acked(AGENT, outbox.epoch, before, 0, outbox.head(0))
    assert ours(database) == before
    with database.session() as session:
        (entry,) = session.exec(of_kind(AuditEntry, action="agent.unproven_ack")).all()
    assert entry.subject == AGENT
    assert str(outbox.epoch) in entry.reason


def test_p1_a_new_epoch_proves_that_the_one_before_it_was_lost(database: Database) -> None:
    open_store(database)
    outbox, before = full(4), ours(database)
    take_in(database, outbox.batch())
    restore_empty(database)
    take_in(database, outbox.batch(1, 2))
    opened = make_epoch(
        reason="restored", previous_epoch=outbox.epoch, previous_seq=4, previous_ack=outbox.held(4, before)
    )
    (answer,) = take_in(database, Outbox().add(opened).batch())
    assert isinstance(answer, Acked)
    assert answer.incarnation == ours(database) != before


def test_a_new_epoch_that_proves_nothing_changes_nothing(database: Database) -> None:
    open_store(database)
    outbox, before = full(4), ours(database)
    take_in(database, outbox.batch())
    claims = [outbox.held(4, before), outbox.held(9, before, agent="s001-b"), outbox.held(9, new_id()), None]
    for held in claims:
        take_in(
            database, Outbox().add(make_epoch(reason="forked", previous_epoch=outbox.epoch, previous_ack=held)).batch()
        )
    assert ours(database) == before


def test_an_ack_is_proven_by_any_key_there_is_to_the_agent_it_was_for() -> None:
    outbox, incarnation_ = full(2), new_id()
    held = outbox.held(2, incarnation_)
    assert len(held.proof) == PROOF_BYTES
    assert AckProofs([b"new" * 8, bytes(32)]).holds(AGENT, outbox.epoch, held)
    assert not AckProofs([b"new" * 8]).holds(AGENT, outbox.epoch, held)
    assert not PROOFS.holds("s001-b", outbox.epoch, held)
    assert not PROOFS.holds(AGENT, outbox.epoch, msgspec.structs.replace(held, seq=3))
    assert not PROOFS.holds(AGENT, outbox.epoch, msgspec.structs.replace(held, head=bytes(300)))


def test_p1_an_incarnation_comes_after_the_one_before_it_by_its_own_time_too(database: Database) -> None:
    """Agents take only a later one: a clock that once stood a year ahead must not lock the chain out."""
    open_store(database)
    clock = DrivenMachineClock()
    clock.set_wall(START_MS + 365 * 24 * 3600 * 1000)
    with database.session() as session:
        ahead = incarnation.renew(session, "restored while the clock was wrong", clock)
        assert incarnation.renew(session, "restored again", DrivenMachineClock()).int > ahead.int


@pytest.mark.postgresql
def test_p1_of_many_agents_that_notice_a_restore_one_renews(postgresql_database: Database) -> None:
    database = postgresql_database
    agents = [f"s001-{n}" for n in range(6)]
    open_store(database, agents=agents)
    before = ours(database)
    outboxes = [Outbox(agent).add(make_sale(number=n)) for n, agent in enumerate(agents, start=1)]
    barrier = threading.Barrier(len(agents))
    answers: list[object] = []

    def notice(outbox: Outbox) -> None:
        barrier.wait(10)
        answers.append(hello(database, outbox, **said(outbox.held(1, before))))

    threads = [threading.Thread(target=notice, args=(outbox,)) for outbox in outboxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(answers) == len(agents)
    assert {answer.incarnation for answer in answers} == {ours(database)}  # type: ignore[attr-defined]
    assert count(database, Deployment) == 1


def test_presence_follows_the_current_connection(database: Database) -> None:
    open_store(database)
    outbox = full(1)
    first, second = outbox.hello(), outbox.hello()
    greet(database, AGENT, first, RESTORES)
    greet(database, AGENT, second, RESTORES)
    assert not farewell(database, AGENT, will(first.connection))
    assert not agent(database).gone
    assert farewell(database, AGENT, will(second.connection))
    assert agent(database).gone
    answer = heartbeat(database, AGENT, beat(outbox, second.connection, Reported(software="2", engine=1)), RESTORES)
    assert isinstance(answer, Acked)
    assert not agent(database).gone
    assert b'"2"' in (agent(database).reported or b"")
    heartbeat(database, AGENT, beat(outbox, first.connection, Reported(software="0", engine=1)), RESTORES)
    assert b'"2"' in (agent(database).reported or b"")
    assert agent(database).connection == second.connection


def agent(database: Database) -> Agent:
    with database.session() as session:
        return session.exec(of_kind(Agent)).one()


def will(connection: object) -> Gone:
    return Gone(id=new_id(), agent=AGENT, connection=connection, at_ms=START_MS, sent_ms=START_MS)  # type: ignore[arg-type]


def beat(outbox: Outbox, connection: object, reported: Reported | None = None) -> State:
    return State(
        id=new_id(),
        agent=AGENT,
        connection=connection,  # type: ignore[arg-type]
        at_ms=START_MS,
        sent_ms=START_MS,
        epoch=outbox.epoch,
        reported=reported,
    )
