"""P1, P3, P5: head office dies between commit and ack, hears batches twice and in any order, loses days of books."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import SQLAlchemyError

from cloud.ingest import incarnation
from cloud.mqtt import BusAddress
from shared.topics import Up, ingest_filter, shard_of, up_topic
from shared.wire.messages import Batch, decode_uplink
from tests.cloud.boxes import Listener
from tests.provision import postgresql
from tests.provision.chain import Chain, barcode, running_chain
from tests.provision.patience import until
from tests.provision.postgresql import Cluster
from tests.provision.store_agent import StoreAgent, basket

pytestmark = [pytest.mark.processes, pytest.mark.postgresql]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    binaries = postgresql.find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL 15 or newer on this machine: `make setup` installs one")
    with postgresql.prepared(binaries) as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def chain(cluster: Cluster) -> Iterator[Chain]:
    with running_chain("s1", "s2", database_url=cluster.server.create("storewire"), apart=True) as started:
        yield started


@pytest.mark.parametrize("moment", ["batches.in_transaction:2", "batches.committed:2"])
def test_p1_p3_ingest_killed_at(chain: Chain, moment: str) -> None:
    chain.hq.kill("ingest")
    with chain.trading(*chain.agents) as wait_for:
        wait_for(10)
        assert chain.hq.start_dying_at(moment).ended(30) == -signal.SIGKILL
        wait_for(10)
        chain.hq.start("ingest")
        wait_for(10)
    chain.settle()


def test_p1_batches_doubled_and_reordered(chain: Chain) -> None:
    agent = chain.agents[0]
    with ingest_ear(chain).running() as ear:
        ear.bus.subscribe([ingest_filter(shard_of(agent.name))])
        chain.sell(agent)
        until(lambda: heard_batches(ear), "batches to pass by", 20)
        for _ in range(12):
            chain.sell(agent)
        chain.settle()
        captured = heard_batches(ear)
    assert len(captured) >= 3
    draws = random.Random(20260101)
    replayed = [payload for payload in captured for _ in range(3)]
    draws.shuffle(replayed)
    with own_voice(chain, agent).running() as voice, chain.trading(agent) as wait_for:
        for payload in replayed:
            assert voice.bus.publish(up_topic(agent.name, Up.BATCH), payload)
        wait_for(20)
    chain.settle()
    assert "forked" not in agent.process.written()


def test_p1_database_restored_and_said_so(chain: Chain, cluster: Cluster) -> None:
    before, writers = incarnation_of(chain), ("api", "ingest", "jobs")
    with chain.trading(*chain.agents) as wait_for:
        wait_for(10)
        chain.hq.wait_until_ready()
        cluster.back_up()
        at_backup = chain.count_at_hq()
        until(lambda: chain.count_at_hq() > at_backup + 50, "sales that the backup has not", 40)
        chain.hq.stop(*writers)
        cluster.put_back()
        chain.hq.run("restored", "--reason", "the disk died, backup of this morning")
        for part in writers:
            chain.hq.start(part)
        wait_for(10)
    chain.settle()
    assert incarnation_of(chain) != before


def test_p1_p8_database_restored_and_nobody_said_so(chain: Chain, cluster: Cluster) -> None:
    before = incarnation_of(chain)
    agent, quiet = chain.agents
    with chain.trading(agent) as wait_for:
        wait_for(10)
        chain.hq.wait_until_ready()
        cluster.back_up()
        chain.sell(quiet)
        forgotten = chain.hq.publish("after the backup", prices=["main,1001,9.99,,1,"])
        quiet.wait_for("the book after the backup", in_force=forgotten, backlog=0)
        agent.wait_for("the book after the backup", in_force=forgotten)
        cluster.put_back()
        until(lambda: incarnation_of(chain) not in {None, before}, "head office to hear that it was restored", 40)
        wait_for(10)
    chain.settle()
    # What tills sell by is never taken back, nor its number given to something else.
    assert quiet.status()["in_force"] == forgotten
    newer = chain.hq.publish("after the restore", prices=["main,1001,8.88,,1,"])
    assert newer > forgotten
    for one in chain.agents:
        one.wait_for("the book after the restore", in_force=newer)
    sold = chain.sell(quiet, basket("t1", [barcode("1001")]))
    assert sold.total_minor == 888
    chain.settle()


def incarnation_of(chain: Chain) -> UUID | None:
    """Return HQ's incarnation, None while its database is away."""
    try:
        with chain.database.snapshot() as session:
            return incarnation.current(session)
    except SQLAlchemyError:
        return None


def heard_batches(ear: Listener) -> list[bytes]:
    return [payload for _, payload in ear.heard if isinstance(decode_uplink(payload), Batch)]


def ingest_ear(chain: Chain) -> Listener:
    keys = chain.hq.data / "keys"
    return Listener(address(chain, keys / "ingest.crt", keys / "ingest.key", "ear"))


def own_voice(chain: Chain, agent: StoreAgent) -> Listener:
    identity = agent.state / "identity"
    return Listener(address(chain, identity / "certificate.pem", identity / "key.pem", f"{agent.name}-again"))


def address(chain: Chain, certificate: Path, key: Path, client_id: str) -> BusAddress:
    return BusAddress(
        urls=(f"mqtts://127.0.0.1:{chain.hq.ports['broker']}",),
        ca_file=chain.hq.data / "keys" / "root-ca.crt",
        cert_file=certificate,
        key_file=key,
        client_id=client_id,
    )
