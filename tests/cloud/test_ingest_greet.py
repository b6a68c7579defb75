"""Hellos: the watermark, forks, and a cloud that was restored to an earlier day."""

from __future__ import annotations

import threading

import msgspec
import pytest
from sqlmodel import delete, select

from cloud.database import Database
from cloud.fleet.models import Agent, AgentEpoch, AuditEntry, Deployment
from cloud.ingest import incarnation
from cloud.ingest.greet import farewell, greet, heartbeat
from cloud.ingest.models import InboxEvent
from cloud.ingest.outcomes import Acked, Forked
from cloud.sales.models import ReceiptNumber, ReceiptSeries, Sale, SaleLine, SaleTender
from shared.wire.messages import Gone, Reported, State
from tests.cloud.ingesting import Outbox, count, of_kind, open_store, take_in
from tests.factories import AGENT, START_MS, DrivenMachineClock, make_sale, new_id


def full(number: int) -> Outbox:
    return Outbox().add(*(make_sale(number=n) for n in range(1, number + 1)))


def hello(database: Database, outbox: Outbox, **fields: object) -> object:
    return greet(database, outbox.agent, outbox.hello(**fields), DrivenMachineClock())


def ours(database: Database) -> object:
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
    assert greet(database, "s001-b", outbox.hello(), DrivenMachineClock()) is None
    assert greet(database, "s001-b", outbox.hello(agent="s001-b"), DrivenMachineClock()) is None
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
    answer = hello(database, outbox, acked_seq=4, incarnation=before)
    after = ours(database)
    assert after != before
    assert answer == Acked(AGENT, outbox.epoch, after, 0, outbox.head(0))
    take_in(database, outbox.batch())
    assert count(database, Sale) == 4
    again = hello(database, outbox, acked_seq=4, incarnation=after)
    assert again == Acked(AGENT, outbox.epoch, after, 4, outbox.head(4))
    with database.session() as session:
        entries = session.exec(select(AuditEntry.reason).where(AuditEntry.action == "incarnation.renew")).all()
    assert len(entries) == 2
    assert "was restored" in entries[1]


def test_p1_a_heartbeat_tells_of_a_restore_too(database: Database) -> None:
    open_store(database)
    outbox, clock = full(4), DrivenMachineClock()
    take_in(database, outbox.batch())
    before = ours(database)
    held = msgspec.structs.replace(beat(outbox, new_id()), acked_seq=4, incarnation=before)
    assert heartbeat(database, AGENT, held, clock) == Acked(AGENT, outbox.epoch, before, 4, outbox.head(4))
    restore_empty(database)
    answer = heartbeat(database, AGENT, held, clock)
    after = ours(database)
    assert after != before
    assert answer == Acked(AGENT, outbox.epoch, after, 0, outbox.head(0))
    # Said before the agent heard of it: what it names is of the incarnation that is over.
    assert heartbeat(database, AGENT, held, clock) == answer


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
        answers.append(hello(database, outbox, acked_seq=1, incarnation=before))

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
    clock = DrivenMachineClock()
    greet(database, AGENT, first, clock)
    greet(database, AGENT, second, clock)
    assert not farewell(database, AGENT, will(first.connection))
    assert not agent(database).gone
    assert farewell(database, AGENT, will(second.connection))
    assert agent(database).gone
    answer = heartbeat(database, AGENT, beat(outbox, second.connection, Reported(software="2", engine=1)), clock)
    assert isinstance(answer, Acked)
    assert not agent(database).gone
    assert b'"2"' in (agent(database).reported or b"")
    heartbeat(database, AGENT, beat(outbox, first.connection, Reported(software="0", engine=1)), clock)
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
