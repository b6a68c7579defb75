"""The MQTT link against a real broker: mutual TLS, exact topics, last will, and every way to be refused."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.process.ingest import ingest_address
from edge_agent.hq.link import Link, LinkLost, LinkRefused
from edge_agent.hq.mqtt import MqttConnector
from edge_agent.hq.tls import client_context
from shared.topics import Down, Up, down_topic, ingest_filter, shard_of, up_topic
from shared.wire.messages import Ack, Gone, Message, State, decode_uplink, encode_message
from tests.cloud.boxes import Box, Listener, kept_broker, make_box
from tests.edge.agents import until
from tests.factories import START_MS, new_id

AGENT = "s1-a"
pytestmark = pytest.mark.processes


class Site:
    """A broker with one enrolled agent, and what HQ hears of it."""

    def __init__(self, box: Box, hq: Listener, pids: list[int]) -> None:
        self.box = box
        self.hq = hq
        self.pids = pids

    def connector(self, agent: str = AGENT, urls: list[str] | None = None, **files: Path) -> MqttConnector:
        folder = self.box.settings.data_dir / "agents"
        certificate, key = files.get("certificate", folder / f"{agent}.crt"), folder / f"{AGENT}.key"
        found = ingest_address(self.box.settings, "x").urls
        return MqttConnector(
            agent,
            lambda: urls or list(found),
            lambda: client_context(self.box.authority.chain, certificate=certificate, key=key),
            step_seconds=3.0,
        )

    def heard(self) -> list[tuple[str, Message]]:
        return [(topic, decode_uplink(payload)) for topic, payload in self.hq.heard]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    box = make_box(tmp_path_factory.mktemp("cloud"))
    box.add_store()
    box.enrol(AGENT)
    with kept_broker(box) as pids:
        listener = Listener(ingest_address(box.settings, "ingest-test"))
        with listener.running():
            listener.bus.subscribe([ingest_filter(shard_of(AGENT))])
            yield Site(box, listener, pids)


def say(kind: type[Message] = State, agent: str = AGENT) -> Message:
    return kind(id=new_id(), agent=agent, connection=new_id(), at_ms=START_MS, sent_ms=START_MS)


def ack() -> Ack:
    return Ack(
        id=new_id(), agent=AGENT, connection=new_id(), at_ms=1, sent_ms=2, epoch=new_id(), incarnation=new_id(), seq=9
    )


async def test_messages_go_up_and_come_down(site: Site) -> None:
    message, answer = say(), ack()
    async with site.connector().connect(message.connection, say(Gone)) as link:
        await link.send(message)
        await until(lambda: (up_topic(AGENT, Up.STATE), message) in site.heard(), "the message at HQ")
        site.hq.bus.publish(down_topic(AGENT, Down.ACK), b"no message of ours")
        site.hq.bus.publish(down_topic(AGENT, Down.ACK), encode_message(answer))
        async with asyncio.timeout(5):
            assert await anext(link.messages()) == answer


async def test_will_is_heard_only_when_the_connection_breaks(site: Site) -> None:
    polite, rude = say(Gone), say(Gone)
    async with site.connector().connect(polite.connection, polite):
        pass
    async with site.connector().connect(rude.connection, rude) as link:
        link._client._client.socket().shutdown(2)  # type: ignore[attr-defined]
        with pytest.raises(LinkLost):
            await anext(link.messages())
        await until(lambda: rude in [message for _, message in site.heard()], "the will")
    assert polite not in [message for _, message in site.heard()]


async def test_topics_of_another_agent_are_refused(site: Site) -> None:
    own = site.box.settings.data_dir / "agents" / f"{AGENT}.crt"
    with pytest.raises(LinkRefused):
        async with site.connector("s1-b", certificate=own).connect(new_id(), say(Gone, "s1-b")):
            pass


async def test_unknown_broker_is_lost_and_the_next_one_tried(site: Site) -> None:
    with pytest.raises(LinkLost):
        async with site.connector(urls=["mqtts://127.0.0.1:1"]).connect(new_id(), say(Gone)):
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho drops the socket unclosed
async def test_broker_with_a_foreign_certificate_is_not_spoken_to(site: Site, tmp_path: Path) -> None:
    stranger = make_box(tmp_path / "stranger")
    connector = MqttConnector(
        AGENT,
        lambda: list(ingest_address(site.box.settings, "x").urls),
        lambda: client_context(stranger.authority.chain),
        step_seconds=3.0,
    )
    with pytest.raises(LinkLost):
        async with connector.connect(new_id(), say(Gone)):
            pass


async def _send_on(link: Link) -> None:
    while True:  # a signal takes a moment to stop every thread of the broker
        await link.send(say())


async def test_frozen_broker_is_given_up_within_a_step(site: Site) -> None:
    async with site.connector().connect(new_id(), say(Gone)) as link:
        os.kill(site.pids[-1], signal.SIGSTOP)
        try:
            with pytest.raises(LinkLost):
                await _send_on(link)
        finally:
            os.kill(site.pids[-1], signal.SIGCONT)


@pytest.mark.parametrize("moments", range(4))
async def test_a_cancellation_that_comes_with_the_answer_is_not_lost(site: Site, moments: int) -> None:
    async with site.connector().connect(new_id(), say(Gone)) as link:
        sending = asyncio.create_task(link.send(say()))
        pending = link._client._pending_publishes  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        assert pending
        next(iter(pending.values())).set()
        for _ in range(moments):
            await asyncio.sleep(0)
        if sending.cancel():
            with pytest.raises(asyncio.CancelledError):
                await sending
