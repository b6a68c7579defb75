"""Ingest into tables that already hold ten times the rows, against empty ones.

The same sales are applied, turn by turn, to a database emptied before each turn and to one that holds ten times as
many other sales, with the grouping that a worker uses. No wire: only `cloud.ingest.apply` and PostgreSQL.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.rig import books, databases
from benchmarks.rig.batches import Streams, all_acked, grouped
from benchmarks.rig.figures import now, report, spread
from benchmarks.rig.office import CLOCK, Office, mint, office
from benchmarks.rig.real_sales import StoreSale, enough_stores, sales_of
from cloud.ingest.apply import apply_batches
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.prices.books import StoreBooks
from cloud.privacy import Vault
from deploy.demo import catalogue
from deploy.demo.dataset import Dataset, load

BUDGET = "no decline at ten times the rows"
GROWTH = 10
_WARM_UP = 400
"""Sales that an empty database takes before its turn, so that no statement is new to either."""
_GROUP = 16
"""Batches of 100 in one transaction."""


class Ingest:
    """Ingest of one deployment without a wire."""

    def __init__(self, head: Office, dataset: Dataset) -> None:
        names = [f"s{store}" for store in dataset.stores]
        head.add_stores(names)
        head.add_members()
        book = books.publish_one(head, dataset)
        self._streams = Streams(book)
        for name in names:
            head.enrol(f"{name}-a", name, head.settings.data_dir / "agents" / f"{name}-a")
        self._database = head.database
        self._downstream = LoyaltyDownstream(Vault(head.ring), mint, StoreBooks())
        items = {catalogue.item_code(row.product) for basket in dataset.rung for row in basket.rows}
        with self._database.session() as session:  # a worker that has run for a while knows its items
            self._downstream.describe(session, {(names[0], book.version): items})

    def take(self, sales: Sequence[StoreSale]) -> float:
        """Apply sales and return how many a second."""
        deliveries = self._streams.batches(sales)
        began = now()
        for group in grouped(deliveries, _GROUP):
            if not all_acked(apply_batches(self._database, group, CLOCK, self._downstream)):
                raise SystemExit("ingest did not take every batch")
        return len(sales) / (now() - began)


@contextmanager
def deployment(server: databases.Server, name: str, dataset: Dataset) -> Iterator[Ingest]:
    """Make a deployment with empty books."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sw-growth-")))
        head = stack.enter_context(office(folder / "cloud", stack.enter_context(server.database(name))))
        yield Ingest(head, dataset)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=int, default=6_000, help="sales of one turn, on top of ten turns' worth")
    parser.add_argument("--turns", type=int, default=4)
    databases.add_option(parser)
    options = parser.parse_args(arguments)
    wanted = options.sales * (GROWTH + options.turns) + _WARM_UP * options.turns
    dataset = load(enough_stores(wanted), wanted, 1)
    source = sales_of(dataset)
    with databases.server(options.database) as server, deployment(server, "grown", dataset) as grown:
        held = 0
        while held < GROWTH * options.sales:
            held += len(some := list(islice(source, options.sales)))
            grown.take(some)
        into_grown, into_empty = [], []
        for turn in range(options.turns):
            some = list(islice(source, options.sales))
            with deployment(server, f"empty{turn}", dataset) as empty:
                empty.take(list(islice(source, _WARM_UP)))
                into_empty.append(empty.take(some))
            into_grown.append(grown.take(some))
        settings = server.settings()
    report(
        "ingest_growth",
        BUDGET,
        sales_per_second_grown=spread(into_grown, 0),
        compared_with={
            "the same sales into empty tables, sales/s": spread(into_empty, 0),
            "ratio": spread([big / small for big, small in zip(into_grown, into_empty, strict=True)]),
        },
        sales_held_before=held,
        sales_per_turn=options.sales,
        postgresql=settings,
    )


if __name__ == "__main__":
    main()
