"""Agents that MQTT is closed to: what it costs one API process to have them wait, and how soon they hear of a price.

As when a broker dies and all of them move to HTTPS. The agents are light (no disk); TLS, tokens and signatures are
real. The comparison, in the same run: the processor time of composing one agent's state, which each waiting agent would
cost every second if its poll looked for itself.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.drain import postgresql_pids
from benchmarks.price_push import heard, measured, push, wait_for_reports
from benchmarks.rig.figures import latency, now, percentile, report, rss_mib, spread
from benchmarks.rig.office import Office
from benchmarks.rig.processes import Process, Usage, started, until
from cloud.deployment import ports
from cloud.deployment.clocks import clocks_of
from cloud.deployment.opening import open_vault
from cloud.prices.bodies import BodyFiles
from cloud.process.parts import build_exchange

BUDGET = "p95 5 s to 1,000 agents, less than half a processor while nothing changes"
_QUIET_SECONDS = 30.0
_SAMPLE = 100


@contextmanager
def listening(head: Office) -> Iterator[Process]:
    """Run the API until the block ends."""
    process, port = head.api(), ports.resolve(head.settings).api_port
    process.start()
    try:
        until(lambda: _answers(port), "the API", process)
        yield process
    finally:
        process.stop()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def look_seconds(head: Office, agents: Sequence[str]) -> float:
    """Return the processor seconds of composing what one agent should run, in a transaction of its own."""
    settings = head.settings
    exchange = build_exchange(
        head.database, clocks_of(settings), head.ring, open_vault(settings), BodyFiles(settings.bodies_dir)
    )
    sample = agents[:_SAMPLE]
    exchange.unasked(sample[:1])
    began = process_time()
    for agent in sample:
        exchange.unasked([agent])
    return (process_time() - began) / len(sample)


def measure(head: Office, folder: Path, agents: Sequence[str], changes: int) -> dict[str, Any]:
    """Have all agents wait, look at a quiet time, then push some changes."""
    with ExitStack() as stack:
        api = stack.enter_context(listening(head))
        swarm = stack.enter_context(started("swarm", ["-m", "benchmarks.rig.swarm", str(folder), "https"], folder))
        heard(swarm, "version 1")
        wait_for_reports(head, agents, 1, now())
        threading.Event().wait(_QUIET_SECONDS / 2)  # what follows the first arrival ends
        usage = _counting(head, api, swarm)
        threading.Event().wait(_QUIET_SECONDS)
        quiet = usage.end_of(_QUIET_SECONDS)
        memory = rss_mib(api.pid)
        reported, used = [], []
        for number in range(1, changes + 1):
            usage = _counting(head, api, swarm)
            reported.append(push(head, agents, 1_000 + number)[2])
            used.append(usage.end())
        look = look_seconds(head, agents)
        return {"quiet": quiet, "reported": reported, "used": used, "memory": memory, "look": look}


def _counting(head: Office, api: Process, swarm: Process) -> Usage:
    """Return a count of what they use from now on."""
    usage = Usage({"agents": [swarm.pid], "api": [api.pid], "postgresql": postgresql_pids(head)})
    usage.begin()
    return usage


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    agents, found = measured(__doc__, arguments, measure)
    report(
        "https_wait",
        BUDGET,
        agents=agents,
        processors_while_nothing_changes=found["quiet"],
        p95_seconds=spread([percentile(one, 0.95) for one in found["reported"]]),
        each_change=[
            {"published_to_report_committed": latency(one), "processes": used}
            for one, used in zip(found["reported"], found["used"], strict=True)
        ],
        api_rss_mib_while_they_wait=round(found["memory"], 1),
        compared_with={
            "one look at one agent, processor milliseconds": round(found["look"] * 1000, 2),
            "processors if each poll looked every second": round(found["look"] * agents, 2),
            "share of that": round(found["quiet"]["api"] / (found["look"] * agents), 3),
        },
    )


if __name__ == "__main__":
    main()
