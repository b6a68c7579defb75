"""A backlog drained: real sales from several agents' disks over MQTT and TLS into PostgreSQL's ledger, acked on disk.

Everything runs on this machine: the agents (the product's own, in one process), the broker, ingest
workers, PostgreSQL. The yardstick, in the same run: the same rows by COPY with a conflict check into the same tables.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text

from benchmarks.rig import books, databases
from benchmarks.rig.disks import Disks
from benchmarks.rig.figures import report, spread
from benchmarks.rig.office import Office, office
from benchmarks.rig.processes import Usage, children_of, started
from benchmarks.rig.real_sales import enough_stores, sales_of
from benchmarks.rig.yardstick import copy_seconds
from cloud.database import Database, Table
from deploy.demo.dataset import Dataset, load

BUDGET = "6,000 sales/s (goal 10,000); 0.35 of COPY with conflict check of the same rows"


def prepare(head: Office, folder: Path, dataset: Dataset) -> int:
    """Make stores, members, a price book, and the agents' disks with the backlog. Return how many sales it holds."""
    names = [f"s{store}" for store in dataset.stores]
    head.add_stores(names)
    head.add_members()
    book = books.publish_one(head, dataset)
    for name in names:
        head.enrol(f"{name}-a", name, folder / f"{name}-a")
    sales = 0
    with Disks(folder, book) as disks:
        disks.open(names)
        for one in sales_of(dataset):
            disks.add(one)
            sales += 1
    return sales


def postgresql_pids(head: Office) -> list[int]:
    """Return PostgreSQL's processes that serve this database, when they run on this machine."""
    with head.database.snapshot() as session:
        local = session.connection().scalar(
            text("SELECT inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr()")
        )
        rows = session.connection().execute(
            text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )
        return [pid for (pid,) in rows] if local else []


def drain(head: Office, folder: Path, workers: int) -> dict[str, Any]:
    """Let the agents send everything, and return how it went."""
    with ExitStack() as stack:
        broker = stack.enter_context(head.broker())
        ingest = stack.enter_context(head.ingest(workers))
        fleet = stack.enter_context(started("fleet", ["-m", "benchmarks.rig.fleet", str(folder)], folder))
        fleet.hear()
        usage = Usage(
            {
                "agents": [fleet.pid],
                "broker": children_of(broker.pid),
                "ingest": [worker.pid for worker in ingest],
                "postgresql": postgresql_pids(head),
            }
        )
        usage.begin()
        fleet.say("go")
        answer = msgspec.json.decode(fleet.hear())
        return {**answer, "processes": usage.end()}


def check(head: Office, sales: int) -> dict[str, int]:
    """Count what arrived. Raise SystemExit when something is missing: a fast drain that loses is none."""
    queries = {
        "sales": "SELECT count(*) FROM sale",
        "lines": "SELECT count(*) FROM sale_line",
        "journals": "SELECT count(*) FROM journal",
        "parked": "SELECT count(*) FROM parked_event",
        "commits": "SELECT count(*) FROM ingest_commit",
    }
    with head.database.snapshot() as session:
        found = {name: int(session.connection().scalar(text(query)) or 0) for name, query in queries.items()}
    if found["sales"] != sales or found["parked"] or not found["journals"]:
        raise SystemExit(f"{sales} sales were sent, HQ has {found}")
    return found


def one_round(server: databases.Server, dataset: Dataset, workers: int) -> dict[str, Any]:
    """Drain once into a fresh database, then write the same rows barely into another."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sw-drain-")))
        url = stack.enter_context(server.database("drain"))
        empty = stack.enter_context(server.database("bare"))
        (folder / "agents").mkdir()
        head = stack.enter_context(office(folder / "cloud", url))
        sales = prepare(head, folder / "agents", dataset)
        drained = drain(head, folder / "agents", workers)
        arrived = check(head, sales)
        bare_database = Database(empty)
        Table.metadata.create_all(bare_database.engine)
        bare_database.close()
        seconds, copied, rows = copy_seconds(url, empty)
    rate, bare = sales / drained["seconds"], copied / seconds
    return {**drained, "arrived": arrived, "rows": rows, "rate": rate, "bare": bare, "share": rate / bare}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=int, default=100_000, help="how many sales wait on the agents' disks")
    parser.add_argument("--rounds", type=int, default=1, help="how often to drain, each time into a fresh database")
    parser.add_argument("--workers", type=int, default=2, help="ingest workers that share the agents")
    databases.add_option(parser)
    options = parser.parse_args(arguments)
    dataset = load(enough_stores(options.sales), options.sales, 1)
    with databases.server(options.database) as server:
        rounds = [one_round(server, dataset, options.workers) for _ in range(options.rounds)]
        settings = server.settings()
    report(
        "drain",
        BUDGET,
        ingest_workers=options.workers,
        sales_per_second=spread([one["rate"] for one in rounds], 0),
        compared_with={
            "bare COPY with conflict check, sales/s": spread([one["bare"] for one in rounds], 0),
            "share": spread([one["share"] for one in rounds]),
        },
        rounds=[
            {name: one[name] for name in ("seconds", "agents", "batches_sent", "arrived", "rows", "processes")}
            for one in rounds
        ],
        postgresql=settings,
    )


if __name__ == "__main__":
    main()
