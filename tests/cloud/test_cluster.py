"""Three NATS nodes as one broker: one is killed under load, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import col, select

from cloud.broker.nats import NatsBroker
from cloud.deployment import ports
from cloud.ingest.models import InboxEvent
from cloud.process.broker import plan_of
from tests.cloud.boxes import Box, kept_broker, make_box
from tests.cloud.test_worker import FakeAgent, drain, worker_process, write_config
from tests.provision.patience import until

pytestmark = pytest.mark.processes

NODES = ("n1", "n2", "n3")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = make_box(tmp_path)
    made.add_store()
    yield made
    made.database.close()


def test_p3_a_cluster_survives_the_death_of_a_node(box: Box) -> None:
    free = ports.free_ports(4 * len(NODES))
    routes = [f"127.0.0.1:{port}" for port in free[: len(NODES)]]
    plans = [
        replace(
            plan_of(box.settings),
            directory=box.settings.data_dir / node,
            port=free[3 + 3 * number],
            monitor_port=free[4 + 3 * number],
            client_port=free[5 + 3 * number],
            node=node,
            cluster_port=free[number],
            cluster_routes=routes,
        )
        for number, node in enumerate(NODES)
    ]
    urls = [f"mqtts://127.0.0.1:{plan.port}" for plan in plans]
    clustered = replace(box, settings=box.settings.model_copy(update={"broker_urls": urls}))
    write_config(clustered)
    with ExitStack() as stack:
        nodes = [stack.enter_context(kept_broker(clustered, NatsBroker(plan))) for plan in plans]
        stack.enter_context(worker_process(clustered))
        agents = [FakeAgent(clustered, f"a{number}") for number in range(9)]
        for agent in agents:
            stack.enter_context(agent.running(30))
            agent.add(10)
        drain(agents, "first load", 40)

        for agent in agents:
            agent.add(10)
            agent.send()
        shutil.rmtree(plans[0].directory / "jetstream", ignore_errors=True)
        os.kill(nodes[0][-1], signal.SIGKILL)
        for agent in agents:
            agent.add(10)
        drain(agents, "second load with a node dead", 40)
        until(lambda: len(nodes[0]) == 2, "the node is back", 20)
    with box.database.session() as session:
        arrived = session.exec(select(col(InboxEvent.event_id))).all()
    assert len(arrived) == len(set(arrived)) == sum(len(agent.contents) for agent in agents)
