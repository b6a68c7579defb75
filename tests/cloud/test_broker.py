"""Brokers as they really run: each agent speaks only for itself, and is cut off when it is revoked."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cloud.deployment import ports
from cloud.fleet import agents
from cloud.process.broker import adapter_of
from cloud.process.ingest import ingest_address
from shared.topics import Down, Up, down_topic, ingest_filter, shard_of, subscribe_rights, up_topic
from tests.cloud.boxes import CLOCK, Box, Listener, kept_broker, make_box
from tests.provision.patience import until

pytestmark = pytest.mark.processes


@pytest.fixture(params=["nats", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    if request.param == "mosquitto" and not (shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        pytest.skip("no mosquitto on this machine: install Debian's package")
    made = make_box(tmp_path, broker=request.param)
    made.add_store()
    made.add_store("s2")
    yield made
    made.database.close()


def _ingest(box: Box, *heard: str) -> Listener:
    listener = Listener(ingest_address(box.settings, "ingest-test"))
    listener.bus.subscribe([ingest_filter(shard_of(agent)) for agent in heard])
    return listener


def test_p6_an_agent_reaches_its_own_topics_and_nobody_elses(box: Box) -> None:
    honest, rogue = Listener(box.enrol("a1", "s1")), Listener(box.enrol("a2", "s2"))
    ingest = _ingest(box, "a1", "a2")
    honest.bus.subscribe(subscribe_rights("a1"))
    with ExitStack() as stack:
        stack.enter_context(kept_broker(box))
        for listener in (ingest, honest, rogue):
            stack.enter_context(listener.running())
        rogue.bus.subscribe([*subscribe_rights("a1"), "sw/1/#", "#", f"sw/1/{shard_of('a1')}/+/down/+"])

        rogue.bus.publish(up_topic("a1", Up.BATCH), b"forged")
        rogue.bus.publish(down_topic("a1", Down.DESIRED), b"forged price")
        rogue.bus.publish(up_topic("a2", Up.BATCH), b"own")
        # What a client published earlier on one connection is handled earlier: the rest has been dropped.
        until(lambda: (up_topic("a2", Up.BATCH), b"own") in ingest.heard, "rogue's own publication")
        honest.bus.publish(up_topic("a1", Up.BATCH), b"real")
        ingest.bus.publish(down_topic("a1", Down.ACK), b"ack")
        until(lambda: (up_topic("a1", Up.BATCH), b"real") in ingest.heard, "honest publication")
        until(lambda: honest.heard, "ack")

        assert [payload for _, payload in ingest.heard] == [b"own", b"real"]
        assert honest.heard == [(down_topic("a1", Down.ACK), b"ack")]
        assert rogue.heard == []


def test_p6_a_revoked_agent_is_cut_within_ten_seconds_and_stays_out(box: Box) -> None:
    revoked, other = Listener(box.enrol("a1", "s1")), Listener(box.enrol("a2", "s2"))
    ingest = _ingest(box, "a1", "a2")
    with ExitStack() as stack:
        stack.enter_context(kept_broker(box))
        for listener in (ingest, revoked, other):
            stack.enter_context(listener.running())
        revoked.bus.publish(up_topic("a1", Up.STATE), b"before")
        until(lambda: ingest.heard, "a1 before")
        connected = other.connections

        with box.database.session() as session:
            agents.revoke(session, "a1", actor="test", reason="stolen", now_ms=CLOCK.wall_ms())
        until(lambda: not revoked.bus.is_connected, "cut", 10)
        revoked.bus.publish(up_topic("a1", Up.STATE), b"after")
        other.bus.publish(up_topic("a2", Up.STATE), b"goes on")
        until(lambda: (up_topic("a2", Up.STATE), b"goes on") in ingest.heard, "other agents go on")

        assert [payload for _, payload in ingest.heard] == [b"before", b"goes on"]
        assert other.connections == connected


def test_an_agent_enrolled_while_the_broker_runs_gets_in(box: Box) -> None:
    ingest = _ingest(box, "a1")
    with kept_broker(box), ingest.running():
        late = Listener(box.enrol("a1"))
        with late.running():
            until(
                lambda: late.bus.publish(up_topic("a1", Up.HELLO), b"hello") and ingest.heard, "late agent is heard", 15
            )


def test_p3_a_killed_broker_with_wiped_storage_comes_back(box: Box) -> None:
    agent, ingest = Listener(box.enrol("a1")), _ingest(box, "a1")
    with kept_broker(box) as pids, ingest.running(), agent.running():
        agent.bus.publish(up_topic("a1", Up.STATE), b"1")
        until(lambda: ingest.heard, "first message")
        os.kill(pids[-1], signal.SIGKILL)
        shutil.rmtree(box.settings.broker_dir, ignore_errors=True)
        until(lambda: len(pids) == 2, "broker started anew", 20)
        until(lambda: agent.bus.is_connected and ingest.bus.is_connected, "both reconnected", 20)
        until(lambda: agent.bus.publish(up_topic("a1", Up.STATE), b"2") and ingest.heard[-1][1] == b"2", "heard again")


def test_p3_a_port_of_its_own_that_another_program_took_keeps_no_broker_down(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    places = ports.resolve(box.settings)
    with (
        socket.create_server(("127.0.0.1", places.client_port)),
        socket.create_server(("127.0.0.1", places.monitor_port)),
        kept_broker(box) as pids,
    ):
        until(lambda: pids, "broker ready", 20)
    box.database.close()


def test_p3_broken_storage_is_moved_aside(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    storage = adapter_of(box.settings).storage
    storage.parent.mkdir(parents=True, exist_ok=True)
    storage.write_text("not a directory")
    with kept_broker(box):
        assert storage.is_dir()
        assert list(storage.parent.glob("jetstream.aside-*"))
    box.database.close()
