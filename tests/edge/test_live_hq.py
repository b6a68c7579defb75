"""The agent against a live head office: a wire that goes silent, a certificate that is renewed, mosquitto."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from edge_agent import agent as agent_module
from edge_agent.agent import Agent
from edge_agent.configuration import load
from edge_agent.hq import identity
from edge_agent.hq.identity import Identity
from edge_agent.hq.link import fallback_within
from shared.pictures import check_picture
from tests.cloud.picture_files import drawn
from tests.edge import agents
from tests.edge.test_commands import said
from tests.factories import START_MS
from tests.provision.chain import Chain, running_chain
from tests.provision.patience import until
from tests.provision.proxy import proxied
from tests.provision.store_agent import StoreAgent

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain("s1", "s2", agents=False) as started:
        yield started


def drained(agent: StoreAgent) -> None:
    until(lambda: agent.status()["backlog"] == 0, f"{agent.name} to drain", 30)


def test_p3_silent_mqtt_becomes_https_within_the_stated_time_and_mqtt_again(chain: Chain) -> None:
    agent, step = chain.enrol("s1", "s1-a"), 1.0
    agent.write_settings(business_start_ms=START_MS, step_seconds=step)
    with (agent.state / "edge.toml").open("a") as file:
        file.write("fallback_seconds = 5.0\n")
    with proxied("127.0.0.1", chain.hq.ports["broker"]) as proxy:
        agent.reach_by(broker_port=proxy.port)
        chain.start(agent)
        chain.sell(agent)
        drained(agent)
        assert agent.status()["link"] == "mqtt"

        proxy.black_hole()
        began = time.monotonic()
        chain.sell(agent)
        until(lambda: agent.status()["link"] == "https", "https", fallback_within(1.0, step))
        assert time.monotonic() - began <= fallback_within(1.0, step)
        for _ in range(3):
            chain.sell(agent)
        drained(agent)

        proxy.heal()
        until(lambda: agent.status()["link"] == "mqtt", "mqtt again", 5 + fallback_within(1.0, step))
        chain.sell(agent)
        drained(agent)
    agent.process.stop()


def certificate_of(who: Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(who.certificate_path.read_bytes())


def test_a_picture_put_at_head_office_comes_to_the_agents_disk(chain: Chain) -> None:
    agent = chain.enrol("s1", "s1-b")
    chain.start(agent)
    chain.hq.ask("PUT", "/pictures/items/1001", content=drawn())
    until(lambda: agent.status()["pictures"]["held"] == 1, "the picture", 30)
    (found,) = (agent.state / "pictures").glob("*.webp")
    check_picture(found.read_bytes(), found.stem)
    assert re.search(r"^pictures +1 of 1, 0.0 MiB$", said("status", state=agent.state, code=0), re.MULTILINE)
    chain.hq.ask("DELETE", "/pictures/items/1001")
    until(lambda: not found.exists(), "the picture to go", 30)
    agent.process.stop()


async def link_up(agent: Agent) -> None:
    await agents.until(lambda: agent._uplink.connected_by == "mqtt", "the link")


async def test_certificate_is_renewed_by_the_live_api_and_the_link_made_anew_with_it(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled = await asyncio.to_thread(chain.enrol, "s2", "s2-a")
    settings = load(enrolled.state, bench_socket=None)
    before = identity.load(enrolled.state)
    old = certificate_of(before)
    due = asyncio.Event()

    def is_due(who: Identity, _wall_ms: int) -> bool:
        return due.is_set() and certificate_of(who).serial_number == old.serial_number

    monkeypatch.setattr(Identity, "renewal_due", is_due)
    monkeypatch.setattr(agent_module, "_RENEWAL_CHECK_SECONDS", 0.05)
    async with agent_module.opened(settings) as agent:
        running = asyncio.create_task(agent.run())
        try:
            await link_up(agent)
            heard = agent._uplink.heard_wall_ms
            due.set()
            await agents.until(lambda: certificate_of(before).serial_number != old.serial_number, "a new certificate")
            await agents.until(lambda: agent._uplink.connected_by is None, "the old link to be left")
            await link_up(agent)
            assert agent._uplink.heard_wall_ms != heard
            await agents.until(lambda: agent._badge.who.not_after_ms >= before.not_after_ms, "the badge")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    now = certificate_of(identity.load(enrolled.state))
    assert now.public_key() == old.public_key()
    assert now.subject == old.subject
    assert not (enrolled.state / "identity" / "certificate.pem.new").exists()


def test_technician_enrols_with_wrong_codes_then_the_right_one_and_asks_the_doctor(
    chain: Chain, tmp_path: Path
) -> None:
    api = f"https://127.0.0.1:{chain.hq.ports['api']}"
    code = chain.hq.ask("POST", "/stores/s2/claims", {"agent": "s2-b"})["code"]
    secret, _, fingerprint = code.partition(".")
    wrong = f"{secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}.{fingerprint}"
    stranger = f"{secret}.{fingerprint[::-1]}"
    for given, words in ((wrong, "HQ refuses"), (stranger, "not the cloud that this claim code is for")):
        assert words in said("enroll", "--cloud", api, "--code", given, state=tmp_path)
    console = f"https://127.0.0.1:{chain.hq.ports['console']}"
    assert "is that the port for stores" in said("enroll", "--cloud", console, "--code", code, state=tmp_path)
    assert "start it with: storewire-edge run" in said("enroll", "--cloud", api, "--code", code, state=tmp_path, code=0)
    assert "HQ refuses" in said("enroll", "--cloud", api, "--code", code, state=tmp_path / "again")
    assert "already belongs to agent s2-b" in said("enroll", "--cloud", api, "--code", code, state=tmp_path)

    found = said("doctor", state=tmp_path, code=0)
    assert "BAD" not in found
    assert "ok   head office: knows agent s2-b of store s2" in found
    chain.hq.run("agent", "revoke", "s2-b", "--reason", "stolen")
    assert "BAD  head office: refuses agent s2-b" in said("doctor", state=tmp_path)


@pytest.mark.mosquitto
def test_agent_sells_and_drains_over_mosquitto(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        pytest.skip("no mosquitto on this machine: install Debian's package")
    monkeypatch.setenv("STOREWIRE_CLOUD_BROKER", "mosquitto")
    with running_chain("s1", link="mqtt") as chain:
        (agent,) = chain.agents
        assert agent.status()["link"] == "mqtt"
        broker = chain.hq.broker_pid()
        assert "mosquitto" in Path(f"/proc/{broker}/cmdline").read_text()
        for _ in range(5):
            chain.sell(agent)
        drained(agent)
        chain.hq.kill("broker")
        for _ in range(5):
            chain.sell(agent)
        chain.settle()
