"""A small chain that plans promotions: three stores, items with costs and floors, and sales of its last weeks."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.database import Database
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.prices.publish import Act
from cloud.promotions import plans
from cloud.promotions.models import PromotionPlan
from shared.body import BodyKind
from shared.pricing import Item, Price
from tests.cloud.ingesting import Outbox, take_in
from tests.cloud.prices_data import STORES, found_chain, publish_rows, report
from tests.factories import START_MS, MemoryPriceBook, make_item, make_sale, new_id

DAY_MS = 86_400_000
FIRST = 1
"""The first number that head office gives a price book."""
ITEMS = (
    make_item("1001", name="Apples", zh="苹果", cost_minor=300),
    make_item("1002", name="Milk 1 l", zh="牛奶", category="food/dairy", cost_minor=1200),
    make_item("1003", name="Yoghurt", zh="酸奶", category="food/dairy"),
)
PRICES = (
    Price(item="1001", regular_minor=500),
    Price(item="1002", regular_minor=1299, floor_minor=1100),
    Price(item="1003", regular_minor=690),
)
TEN_OFF = {"steps.0.at_minor": "20", "steps.0.off_minor": "3", "names.zh": "满减", "names.en": "Spend and save"}
ANA = Act(actor="person:ana", now_ms=START_MS, wall_ms=START_MS, reason="spring")
BO = Act(actor="person:bo", now_ms=START_MS, wall_ms=START_MS, reason="looks right")


def row(kind: BodyKind, scope: str, content: Item | Price) -> DraftRow:
    """A row of a draft."""
    return DraftRow(kind, scope, content.item, encode_row(kind, content.item, content))


def a_chain(database: Database, *, engine: int = 2) -> None:
    """Stores with prices in force and agents that have reported."""
    with database.session() as session:
        found_chain(session)
        rows = [row(BodyKind.ITEMS, "chain", item) for item in ITEMS]
        rows += [row(BodyKind.PRICES, zone, price) for zone in ("z1", "z2") for price in PRICES]
        publish_rows(session, rows, title="first prices")
        for store in STORES:
            report(session, f"{store}-a", engine=engine, version=FIRST)


def sell(
    database: Database, store: str, *baskets: list[tuple[str, int]], days_ago: int = 2, version: int = FIRST
) -> None:
    """Sales of a store, priced as its first book says."""
    book = MemoryPriceBook(version, ITEMS, PRICES)
    outbox = Outbox(f"{store}-a")
    for number, lines in enumerate(baskets, start=1):
        at_ms = START_MS - days_ago * DAY_MS
        outbox.add(make_sale(lines, book=book, number=number, store=store, at_ms=at_ms, series=f"{store}-{days_ago}"))
    take_in(database, outbox.batch())


def plan(
    session: Session,
    kind: str = "spend_and_get",
    typed: dict[str, str] | None = None,
    *,
    targets: tuple[str, ...] = ("all",),
) -> PromotionPlan:
    """A planned promotion of ana's."""
    made = plans.create(session, new_id(), kind, "Spring", ANA)
    given = TEN_OFF if typed is None else typed
    return plans.save(session, made.id, ANA, title="Spring", given=given, targets=targets)


def fresh() -> UUID:
    """An id nobody has."""
    return new_id()
