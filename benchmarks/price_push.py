"""One price change to many agents: from its publication until HQ has each one's report that it runs the new version.

The agents are light (no disk), their MQTT sessions, certificates and signatures real. The comparison, in the same
run: the time a small message takes that one MQTT client publishes to each of the same sessions.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlmodel import col, select

from benchmarks.drain import postgresql_pids
from benchmarks.rig import books, databases
from benchmarks.rig.figures import latency, now, percentile, report, spread
from benchmarks.rig.office import CLOCK, Office, mint, office
from benchmarks.rig.processes import Process, Usage, children_of, started
from cloud.fleet.models import Agent
from cloud.mqtt import Bus
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.process.ingest import ingest_address
from shared.body import BodyKind
from shared.pricing import Item, Price
from shared.topics import Down, down_topic
from shared.wire.messages import Ack, Reported, encode_message

BUDGET = "p95 5 s to 1,000 agents"
_ITEMS = 2_000
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0
_reported = msgspec.json.Decoder(Reported)
Found = TypeVar("Found")


def prepare(head: Office, folder: Path, agents: int) -> list[str]:
    """Make the stores and their agents' identities, and publish the first book."""
    names = [f"s{number}" for number in range(1, agents + 1)]
    head.add_stores(names)
    for name in names:
        head.enrol(f"{name}-a", name, folder / f"{name}-a")
    rows = []
    for number in range(1, _ITEMS + 1):
        item = Item(item=f"i{number}", names={"en": f"Item {number}"}, receipt_name=f"Item {number}")
        rows.append(DraftRow(BodyKind.ITEMS, "chain", item.item, encode_row(BodyKind.ITEMS, item.item, item)))
        rows.append(books.price_row(Price(item=item.item, regular_minor=100 + number)))
    with head.database.session() as session:
        books.publish_rows(session, rows, "first")
    return [f"{name}-a" for name in names]


def push(head: Office, agents: Sequence[str], minor: int) -> tuple[int, float, list[float]]:
    """Publish one changed price; return the version, its moment, and each agent's seconds until HQ had its report."""
    with head.database.session() as session:
        change = [books.price_row(Price(item="i1", regular_minor=minor))]
        version = books.publish_rows(session, change, f"price {minor}").version
    began = now()
    return version, began, wait_for_reports(head, agents, version, began)


def wait_for_reports(head: Office, agents: Sequence[str], version: int, began: float) -> list[float]:
    """Return how long after `began` HQ had each agent's report of a version. Raise SystemExit when one never comes."""
    waiting, seconds, pause = set(agents), [], threading.Event()
    while waiting and now() - began < _PATIENCE_SECONDS:
        pause.wait(_LOOK_SECONDS)
        with head.database.snapshot() as session:
            rows = session.exec(select(col(Agent.id), col(Agent.reported)).where(col(Agent.id).in_(waiting))).all()
        at = now() - began
        done = {agent for agent, content in rows if content and _runs(_reported.decode(content), version)}
        seconds += [at] * len(done)
        waiting -= done
    if waiting:
        raise SystemExit(f"{len(waiting)} of {len(agents)} agents never reported version {version}")
    return seconds


def _runs(found: Reported, version: int) -> bool:
    return any(till.version == version for till in found.tills)


def publish_barely(head: Office, agents: Sequence[str], swarm: Process, mark: int) -> list[float]:
    """Publish a small message to each agent by one client; return each agent's seconds until it was there."""
    connected = threading.Event()
    with Bus(ingest_address(head.settings, "benchmark"), lambda _topic, _payload: None, connected.set) as bus:
        connected.wait(30)
        began = now()
        for agent in agents:
            now_ms = CLOCK.wall_ms()
            ack = Ack(
                id=mint(), agent=agent, connection=mint(), epoch=mint(), at_ms=now_ms, sent_ms=now_ms,
                incarnation=mint(), seq=mark,
            )  # fmt: skip
            bus.publish(down_topic(agent, Down.ACK), encode_message(ack), qos=1)
        return [at - began for at in heard(swarm, f"ack {mark}")]


def heard(swarm: Process, what: str) -> list[float]:
    """Return when each agent heard of something, once all have."""
    while True:
        line = msgspec.json.decode(swarm.hear())
        if line["what"] == what:
            return list(line["at"])


def measure(head: Office, folder: Path, agents: Sequence[str], changes: int) -> list[dict[str, Any]]:
    """Push some changes, one after the other has reached everybody."""
    found = []
    with ExitStack() as stack:
        broker = stack.enter_context(head.broker())
        (worker,) = stack.enter_context(head.ingest())
        swarm = stack.enter_context(started("swarm", ["-m", "benchmarks.rig.swarm", str(folder)], folder))
        heard(swarm, "version 1")
        wait_for_reports(head, agents, 1, now())
        for number in range(1, changes + 1):
            bare = publish_barely(head, agents, swarm, number)
            usage = Usage(
                {
                    "agents": [swarm.pid],
                    "broker": children_of(broker.pid),
                    "ingest": [worker.pid],
                    "postgresql": postgresql_pids(head),
                }
            )
            usage.begin()
            version, began, seconds = push(head, agents, 1_000 + number)
            told = [at - began for at in heard(swarm, f"version {version}")]
            found.append({"reported": seconds, "told": told, "bare": bare, "processes": usage.end()})
    return found


def measured(
    about: str | None,
    arguments: Sequence[str] | None,
    measure: Callable[[Office, Path, Sequence[str], int], Found],
) -> tuple[int, Found]:
    """Read the command line, open a head office with its agents, and measure. Return how many, and the result."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--changes", type=int, default=3, help="price changes, one after the other")
    databases.add_option(parser)
    options = parser.parse_args(arguments)
    with databases.server(options.database) as server, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sw-changes-")))
        head = stack.enter_context(office(folder / "cloud", stack.enter_context(server.database("changes"))))
        (folder / "agents").mkdir()
        agents = prepare(head, folder / "agents", options.agents)
        return options.agents, measure(head, folder / "agents", agents, options.changes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    agents, found = measured(__doc__, arguments, measure)
    reported = [percentile(one["reported"], 0.95) for one in found]
    ratios = [percentile(one["reported"], 0.95) / percentile(one["bare"], 0.95) for one in found]
    report(
        "price_push",
        BUDGET,
        agents=agents,
        p95_seconds=spread(reported),
        each_change=[
            {
                "published_to_report_committed": latency(one["reported"]),
                "published_to_desired_state_at_agent": latency(one["told"]),
                "processes": one["processes"],
            }
            for one in found
        ],
        compared_with={
            "a bare MQTT publish to each session": [latency(one["bare"]) for one in found],
            "ratio of p95": spread(ratios),
        },
    )


if __name__ == "__main__":
    main()
