"""Price books at head office for benchmarks: one for everything, or the data set's real weeks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlmodel import Session

from benchmarks.rig.office import CLOCK, Office, mint
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow, create_draft, put_rows
from cloud.prices.models import StoreManifest
from cloud.prices.publish import Act, Publication, publish
from deploy.demo import catalogue
from deploy.demo.dataset import Dataset
from deploy.demo.schedule import ZONE_NAME
from shared.body import BodyKind
from shared.pricing import ENGINE_LEVEL, Item, Price, Unit
from shared.pricing.price_list import Barcode
from shared.wire.events import MANIFEST_BYTES, BookReference


def item_rows(dataset: Dataset, products: Iterable[int]) -> Iterator[DraftRow]:
    """Yield catalogue items as rows."""
    for one in catalogue.catalogue(dataset, products):
        item = Item(
            item=one.item,
            names={"en": one.name},
            receipt_name=one.receipt_name,
            barcodes=[Barcode(one.barcode)],
            category=one.category,
            unit=Unit(one.unit),
        )
        yield DraftRow(BodyKind.ITEMS, "chain", one.item, encode_row(BodyKind.ITEMS, one.item, item))


def price_row(price: Price, zone: str = "z1") -> DraftRow:
    """Return a price of a zone as a row."""
    return DraftRow(BodyKind.PRICES, zone, price.item, encode_row(BodyKind.PRICES, price.item, price))


def publish_rows(session: Session, rows: Iterable[DraftRow], title: str) -> Publication:
    """Draft rows for all stores and publish them at once."""
    now_ms = CLOCK.wall_ms()
    id_: UUID = mint()
    create_draft(session, id_, title, actor="benchmark", wall_ms=now_ms)
    put_rows(session, str(id_), rows, actor="benchmark")
    return publish(session, str(id_), Act(actor="benchmark", now_ms=now_ms, wall_ms=now_ms))


def reference(session: Session, store: str, version: int) -> BookReference:
    """Return how a sale of this store names a version."""
    manifest = session.get_one(StoreManifest, (version, store))
    return BookReference(
        version=version,
        manifest=bytes.fromhex(manifest.hash)[:MANIFEST_BYTES],
        engine=ENGINE_LEVEL,
        zone=ZONE_NAME,
    )


def publish_one(head: Office, dataset: Dataset) -> BookReference:
    """Publish one book with everything that is sold, and return how the first store's sales name it."""
    products = {row.product for basket in dataset.rung for row in basket.rows}
    prices = [price_row(Price(item=catalogue.item_code(product), regular_minor=100)) for product in sorted(products)]
    with head.database.session() as session:
        publication = publish_rows(session, [*item_rows(dataset, products), *prices], "everything")
        return reference(session, f"s{dataset.stores[0]}", publication.version)
