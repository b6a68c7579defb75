"""Live single sales: from the till's commit to HQ's ack on the agent's disk, at about a tenth of the load.

Ten per cent is of the 6,000 sales/s that a backlog has to drain at. Sales come at random moments. Everything runs on
this machine, two fsyncs of the agent's disk a sale included. The comparison, in the same run: the same agents at a
tenth of that rate, when nobody queues.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.drain import postgresql_pids
from benchmarks.rig import books, databases
from benchmarks.rig.disks import Disks
from benchmarks.rig.figures import latency, now, percentile, report
from benchmarks.rig.office import Office, office
from benchmarks.rig.processes import Usage, children_of, started
from benchmarks.rig.real_sales import sales_of
from deploy.demo.dataset import load
from shared.wire.events import encode_event

BUDGET = "p50 50 ms, p99 250 ms"
_DIFFERENT_SALES = 2_000


def prepare(head: Office, folder: Path, agents: int) -> Path:
    """Make stores, members, a book and empty disks; return a file of sales to sell."""
    dataset = load(agents, _DIFFERENT_SALES, 1)
    names = [f"s{store}" for store in dataset.stores]
    head.add_stores(names)
    head.add_members()
    book = books.publish_one(head, dataset)
    for name in names:
        head.enrol(f"{name}-a", name, folder / f"{name}-a")
    with Disks(folder, book) as disks:
        disks.open(names)
    sales = [msgspec.structs.replace(one.sale, book=book) for one in islice(sales_of(dataset), _DIFFERENT_SALES)]
    goods = folder / "goods.ndjson"
    goods.write_bytes(b"\n".join(encode_event(sale) for sale in sales))
    return goods


def sell(head: Office, folder: Path, goods: Path, rate: float, seconds: float) -> dict[str, Any]:
    """Sell at a rate, and return how long acks took and what the processes were busy with."""
    with ExitStack() as stack:
        broker = stack.enter_context(head.broker())
        (worker,) = stack.enter_context(head.ingest())
        arguments = ["-m", "benchmarks.rig.live", str(folder), str(rate), str(seconds), str(goods)]
        live = stack.enter_context(started("live", arguments, folder))
        live.hear()
        usage = Usage(
            {
                "agents": [live.pid],
                "broker": children_of(broker.pid),
                "ingest": [worker.pid],
                "postgresql": postgresql_pids(head),
            }
        )
        usage.begin()
        began = now()
        live.say("go")
        answer = msgspec.json.decode(live.hear())
        used = usage.end_of(now() - began)
    if len(answer["seconds"]) != answer["sold"]:
        raise SystemExit(f"{answer['sold']} sales, {len(answer['seconds'])} acks")
    return {
        "seconds": answer["seconds"],
        "latency": latency(answer["seconds"]),
        "sales_per_second": round(answer["sold"] / seconds, 1),
        "busy_share_of_one_cpu": used,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--rate", type=float, default=600.0, help="sales a second over all agents")
    parser.add_argument("--seconds", type=float, default=15.0)
    databases.add_option(parser)
    options = parser.parse_args(arguments)
    with databases.server(options.database) as server, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sw-ack-")))
        head = stack.enter_context(office(folder / "cloud", stack.enter_context(server.database("ack"))))
        (folder / "agents").mkdir()
        goods = prepare(head, folder / "agents", options.agents)
        quiet = sell(head, folder / "agents", goods, options.rate / 10, options.seconds)
        busy = sell(head, folder / "agents", goods, options.rate, options.seconds)
        settings = server.settings()
    half = percentile(busy["seconds"], 0.5) / percentile(quiet["seconds"], 0.5)
    del busy["seconds"], quiet["seconds"]
    report(
        "ack_latency",
        BUDGET,
        agents=options.agents,
        at_a_tenth_of_the_load=busy,
        compared_with={"at a hundredth of the load": quiet, "ratio of p50": round(half, 2)},
        postgresql=settings,
    )


if __name__ == "__main__":
    main()
