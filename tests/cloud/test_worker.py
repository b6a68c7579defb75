"""Ingest workers as processes between a real broker and a real database: acks, takeovers, bad days."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlmodel import col, func, select

from cloud.fleet.models import AgentEpoch
from cloud.ingest.models import InboxEvent, ShardLease
from shared import codec
from shared.hashchain import GENESIS, link
from shared.topics import Up, subscribe_rights, up_topic
from shared.wire.events import encode_event
from shared.wire.messages import Ack, Batch, DownlinkMessage, Hello, Reject, Reported, decode_downlink, encode_message
from tests.cloud.boxes import CLOCK, Box, Listener, kept_broker, make_box
from tests.factories import make_series, new_id
from tests.provision.patience import until

pytestmark = pytest.mark.processes


class FakeAgent:
    """An agent's sending half: it numbers events, sends what is not acked again, and reads acks."""

    def __init__(self, box: Box, agent: str) -> None:
        self.agent = agent
        self.epoch, self.connection = new_id(), new_id()
        self.contents: list[bytes] = []
        self.acked = 0
        self.said: list[DownlinkMessage] = []
        self.listener = Listener(box.enrol(agent))
        self.listener.bus.subscribe(subscribe_rights(agent))

    @contextmanager
    def running(self, seconds: float = 10.0) -> Iterator[FakeAgent]:
        with self.listener.running(seconds):
            yield self

    def read(self) -> None:
        while self.listener.heard:
            message = decode_downlink(self.listener.heard.pop(0)[1])
            self.said.append(message)
            if isinstance(message, Ack) and message.epoch == self.epoch:
                self.acked = max(self.acked, message.seq)

    def hello(self) -> None:
        head = GENESIS
        for content in self.contents:
            head = link(head, content)
        said = Hello(
            **self._envelope(), last_seq=len(self.contents), last_head=head, reported=Reported(software="1", engine=1)
        )
        self._publish(said)

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            event = make_series(f"{self.agent}-{len(self.contents)}", store="s1", id=new_id())
            self.contents.append(encode_event(event))

    def send(self) -> None:
        """Send everything that is not acked, in one batch."""
        head = GENESIS
        for content in self.contents[: self.acked]:
            head = link(head, content)
        events = [msgspec.Raw(content) for content in self.contents[self.acked :]]
        if events:
            self._publish(Batch(**self._envelope(), first=self.acked + 1, previous=head, events=events))

    def raw(self, payload: bytes) -> None:
        self.listener.bus.publish(up_topic(self.agent, Up.BATCH), payload)

    def is_drained(self) -> bool:
        self.read()
        return self.acked == len(self.contents)

    def _publish(self, message: Hello | Batch) -> None:
        self.listener.bus.publish(up_topic(self.agent, Up(message.KIND)), encode_message(message))

    def _envelope(self) -> dict[str, UUID | str | int]:
        now_ms = CLOCK.wall_ms()
        return {
            "id": new_id(), "agent": self.agent, "connection": self.connection, "epoch": self.epoch,
            "at_ms": now_ms, "sent_ms": now_ms,
        }  # fmt: skip


def drain(agents: list[FakeAgent], what: str, seconds: float = 15.0) -> None:
    """Send until everything is acked, again every half second as an outbox would."""
    next_send = 0.0

    def done() -> bool:
        nonlocal next_send
        if time.monotonic() >= next_send:
            next_send = time.monotonic() + 0.5
            for agent in agents:
                agent.read()
                agent.send()
        return all(agent.is_drained() for agent in agents)

    until(done, what, seconds)


@contextmanager
def worker_process(box: Box) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ["--config", str(box.settings.data_dir / "cloud.toml"), "ingest"]
    process = subprocess.Popen([sys.executable, "-m", "cloud", *arguments])
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        assert process.wait(20) in {0, -signal.SIGKILL, -signal.SIGTERM}


def write_config(box: Box) -> None:
    lines = [f'data_dir = "{box.settings.data_dir}"', "api_port = 0", "console_port = 0", "broker_port = 0"]
    lines += [f'broker = "{box.settings.broker}"', f'database_url = "{box.settings.database_url}"']
    lines += [f"broker_urls = {json.dumps(box.settings.broker_urls)}"]
    (box.settings.data_dir / "cloud.toml").write_text("\n".join(lines))


def shares(box: Box) -> dict[str, int]:
    """How many shards each live worker holds, by the leases."""
    with box.database.snapshot() as session:
        now_ms = CLOCK.wall_ms()
        query = select(col(ShardLease.owner), func.count()).where(col(ShardLease.expires_ms) > now_ms)
        return {str(owner): count for owner, count in session.exec(query.group_by(col(ShardLease.owner))) if owner}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = make_box(tmp_path)
    made.add_store()
    write_config(made)
    yield made
    made.database.close()


@pytest.fixture
def postgresql_box(tmp_path: Path, postgresql_url: str) -> Iterator[Box]:
    made = make_box(tmp_path, database_url=postgresql_url)
    made.add_store()
    write_config(made)
    yield made
    made.database.close()


def test_one_sale_is_acked_at_once(box: Box) -> None:
    agent = FakeAgent(box, "a1")
    with ExitStack() as stack:
        stack.enter_context(kept_broker(box))
        stack.enter_context(worker_process(box))
        stack.enter_context(agent.running())
        agent.add()
        drain([agent], "worker is up", 30)
        times = []
        for _ in range(50):
            agent.add()
            began = time.monotonic()
            agent.send()
            until(agent.is_drained, "ack", 5, look_every_s=0.0005)
            times.append(time.monotonic() - began)
    # The goal is 50 ms at the median; the limit here only catches a worker that waits for company.
    assert statistics.median(times) < 0.15


def test_p6_forged_and_broken_messages_are_refused_and_the_rest_flows(box: Box) -> None:
    agent, rogue = FakeAgent(box, "a1"), FakeAgent(box, "a2")
    with ExitStack() as stack:
        stack.enter_context(kept_broker(box))
        stack.enter_context(worker_process(box))
        stack.enter_context(agent.running())
        stack.enter_context(rogue.running())
        agent.add()
        drain([agent], "worker is up", 30)

        forged = Batch(
            id=new_id(), agent="a1", connection=agent.connection, epoch=agent.epoch, at_ms=0, sent_ms=0,
            first=2, previous=link(GENESIS, agent.contents[0]), events=[msgspec.Raw(encode_event(make_series("x")))],
        )  # fmt: skip
        rogue.raw(encode_message(forged))
        rogue.raw(b"nonsense")
        rogue.raw(codec.pack(b'{"type":"batch","agent":"a2","connection":"%s","first":7}' % str(new_id()).encode()))
        until(lambda: rogue.read() or any(isinstance(m, Reject) for m in rogue.said), "rejection")
        rejection = next(message for message in rogue.said if isinstance(message, Reject))
        assert rejection.first == 7
        agent.add()
        drain([agent], "honest agent goes on")
        with box.database.snapshot() as session:
            assert session.exec(select(func.count()).select_from(InboxEvent)).one() == 2


def test_p3_a_broker_killed_under_load_loses_nothing(box: Box) -> None:
    agents = [FakeAgent(box, f"a{number}") for number in range(5)]
    with ExitStack() as stack:
        pids = stack.enter_context(kept_broker(box))
        stack.enter_context(worker_process(box))
        for agent in agents:
            stack.enter_context(agent.running())
            agent.add(20)
        drain(agents, "first load", 30)
        for agent in agents:
            agent.add(20)
            agent.send()
        os.kill(pids[-1], signal.SIGKILL)
        drain(agents, "second load after the kill", 40)
        _assert_each_once(box, agents)


@pytest.mark.postgresql
def test_p1_workers_die_and_freeze_and_nothing_is_lost_or_doubled(postgresql_box: Box) -> None:
    box = postgresql_box
    agents = [FakeAgent(box, f"agent-{number}") for number in range(12)]
    with ExitStack() as stack:
        stack.enter_context(kept_broker(box))
        first = stack.enter_context(worker_process(box))
        second = stack.enter_context(worker_process(box))
        for agent in agents:
            stack.enter_context(agent.running())
        until(lambda: sorted(shares(box).values()) == [128, 128], "shared in two", 30)
        _load(agents, "both at work")

        first.kill()
        _assert_moves_within(box, 5.0)
        _load(agents, "one died")

        third = stack.enter_context(worker_process(box))
        until(lambda: sorted(shares(box).values()) == [128, 128], "shared in two again", 30)
        second.send_signal(signal.SIGSTOP)
        _assert_moves_within(box, 5.0)
        _load(agents, "one frozen")
        for agent in agents:
            agent.add(3)
            agent.send()
        second.send_signal(signal.SIGCONT)
        until(lambda: sorted(shares(box).values()) == [128, 128], "the thawed one takes its share", 15)
        drain(agents, "after the thaw")
        assert third.poll() is None
        _assert_each_once(box, agents)


@pytest.mark.postgresql
def test_p1_a_database_that_goes_away_holds_acks_back_and_nothing_else(postgresql_box: Box) -> None:
    box = postgresql_box
    agent = FakeAgent(box, "a1")
    with ExitStack() as stack:
        stack.enter_context(kept_broker(box))
        worker = stack.enter_context(worker_process(box))
        stack.enter_context(agent.running())
        agent.add(5)
        drain([agent], "first", 30)
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for _ in range(3):
            with box.database.engine.connect() as connection:
                connection.exec_driver_sql(cut)
            agent.add(5)
            drain([agent], "after the cut", 20)
        assert worker.poll() is None
        _assert_each_once(box, [agent])


def _load(agents: list[FakeAgent], what: str) -> None:
    for agent in agents:
        agent.add(5)
    drain(agents, what)


def _assert_moves_within(box: Box, seconds: float) -> None:
    """One worker is left; every shard is its own within this time."""
    began = time.monotonic()
    until(lambda: list(shares(box).values()) == [256], "one worker holds all", seconds + 5)
    assert time.monotonic() - began <= seconds


def _assert_each_once(box: Box, agents: list[FakeAgent]) -> None:
    sent = sum(len(agent.contents) for agent in agents)
    with box.database.snapshot() as session:
        assert session.exec(select(func.count()).select_from(InboxEvent)).one() == sent
        marks = dict(session.exec(select(col(AgentEpoch.agent_id), col(AgentEpoch.watermark))).all())
    assert marks == {agent.agent: len(agent.contents) for agent in agents}
