"""The price audit: sales taken in by ingest, priced again from their record by the books they name, on PostgreSQL.

The books are the data set's real weekly prices, published week by week, so every sale has to come out the same to the
cent. The comparison, in the same run: the engine alone on the same baskets, books in memory.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from sqlalchemy import text

from benchmarks.rig import books, databases
from benchmarks.rig.batches import Streams, all_acked, grouped
from benchmarks.rig.figures import now, report
from benchmarks.rig.office import CLOCK, Office, mint, office
from benchmarks.rig.real_sales import StoreSale, enough_stores, sales_of
from cloud.ingest.apply import apply_batches
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.prices.books import StoreBooks
from cloud.prices.drafts import DraftRow
from cloud.pricing_audit.auditing import audit_pending
from cloud.privacy import Vault
from deploy.demo import catalogue
from deploy.demo.dataset import Dataset, load
from deploy.demo.weekly_prices import Changes, book_row
from shared.pricing import (
    NO_PROMOTIONS,
    BasketLine,
    Item,
    MemberFacts,
    Price,
    PricingContext,
    PromotionIndex,
    price_basket,
)
from shared.wire.events import BookReference, SaleCompleted

BUDGET = "keeps up with 200 live sales/s, clears 100,000 within 10 min (167 sales/s)"
_GROUP = 4
"""Batches of 100 in one ingest transaction; the audit takes eight transactions at a time."""


class Publisher:
    """Publishes each week's real prices at head office; stores have a price zone of their own."""

    def __init__(self, head: Office, dataset: Dataset) -> None:
        self._head = head
        self._dataset = dataset
        self._known: set[int] = set()
        self._versions: dict[str, int] = {}

    def week(self, week: int, changes: Changes) -> Callable[[str], BookReference]:
        """Publish a week and return how its sales name their book."""
        fresh = {product for _, product in changes} - self._known
        self._known |= fresh
        rows: list[DraftRow] = list(books.item_rows(self._dataset, fresh))
        for (store, product), quote in changes.items():
            row = book_row(quote)
            price = Price(
                item=catalogue.item_code(product),
                regular_minor=row.regular_minor,
                member_minor=row.member_minor,
                basis=row.basis,
            )
            rows.append(books.price_row(price, zone=f"s{store}"))
        with self._head.database.session() as session:
            publication = books.publish_rows(session, rows, f"week {week}")
            self._versions |= {store: version for version, stores in publication.versions.items() for store in stores}
            found = {store: books.reference(session, store, version) for store, version in self._versions.items()}
        return found.__getitem__


class MemoryBook:
    """What one sale's lines say of its prices, as a book in memory."""

    def __init__(self, sale: SaleCompleted) -> None:
        self.version = sale.book.version
        self._lines = {line.item: line for line in sale.lines}

    def item(self, item: str) -> Item | None:
        """Return the item."""
        return Item(item=item, names={"en": item}, receipt_name=item, unit=self._lines[item].unit)

    def price(self, item: str) -> Price | None:
        """Return its price as charged."""
        price = self._lines[item].price
        return Price(item=item, regular_minor=price.minor, basis=price.basis)

    def promotions(self) -> PromotionIndex:
        """Return none: the data set's offers are prices."""
        return NO_PROMOTIONS


def take_in(head: Office, sales: Sequence[StoreSale]) -> None:
    """Have ingest take the sales."""
    downstream = LoyaltyDownstream(Vault(head.ring), mint, StoreBooks())
    for group in grouped(Streams().batches(sales), _GROUP):
        if not all_acked(apply_batches(head.database, group, CLOCK, downstream)):
            raise SystemExit("ingest did not take every batch")


def audit_all(head: Office) -> tuple[int, int, float]:
    """Audit everything; return sales, findings and seconds."""
    source, sales, findings, began = StoreBooks(), 0, 0, now()
    while (turn := audit_pending(head.database, source, CLOCK.wall_ms())).commits:
        sales, findings = sales + turn.sales, findings + turn.findings
    return sales, findings, now() - began


def engine_rate(sales: Sequence[StoreSale]) -> float:
    """Return how many of these baskets the engine alone prices a second."""
    work = [
        (
            [BasketLine(n=line.n, item=line.item, quantity=line.quantity) for line in one.sale.lines],
            MemoryBook(one.sale),
            PricingContext(at_ms=one.sale.priced_ms, time_zone=one.sale.book.zone, member=MemberFacts()),
            one.sale.coupons,
        )
        for one in sales
    ]
    began = now()
    for basket, book, context, coupons in work:
        price_basket(basket, book, context, coupons)
    return len(work) / (now() - began)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=int, default=20_000)
    databases.add_option(parser)
    options = parser.parse_args(arguments)
    dataset = load(max(20, enough_stores(options.sales)), 0, 1)
    with databases.server(options.database) as server, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sw-audit-")))
        head = stack.enter_context(office(folder / "cloud", stack.enter_context(server.database("audit"))))
        names = [f"s{store}" for store in dataset.stores]
        head.add_stores(names, own_zones=True)
        head.add_members()
        for name in names:
            head.enrol(f"{name}-a", name, folder / "agents" / f"{name}-a")
        sales = list(islice(sales_of(dataset, Publisher(head, dataset).week), options.sales))
        take_in(head, sales)
        with head.database.session() as session:
            session.connection().execute(text("ANALYZE"))
        audited, findings, seconds = audit_all(head)
        settings = server.settings()
    if audited != len(sales) or findings:
        raise SystemExit(f"{audited} of {len(sales)} sales audited, {findings} came out differently")
    rate, engine = audited / seconds, engine_rate(sales)
    report(
        "audit_rate",
        BUDGET,
        sales_per_second=round(rate),
        sales=audited,
        lines=sum(len(one.sale.lines) for one in sales),
        books=len({(one.store, one.sale.book.version) for one in sales}),
        minutes_for_100_000=round(100_000 / rate / 60, 2),
        compared_with={
            "the engine alone on the same baskets, sales/s": round(engine),
            "share": round(rate / engine, 3),
        },
        postgresql=settings,
    )


if __name__ == "__main__":
    main()
