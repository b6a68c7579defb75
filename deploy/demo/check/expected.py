"""What the tills must have taken, from the parquet files alone: arithmetic of its own, on purpose."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from pyarrow import parquet

from deploy.demo.check.coupon_account import CouponAccount
from deploy.demo.check.coupons import read_campaigns, take_off

Place = tuple[int, int]
"""A store and a product."""
SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """One line of a sale: what it is, how much of it, what the customer pays for it."""

    product: int
    quantity: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class ExpectedSale:
    """One sale: its id is derived from the source basket, its lines are in product order."""

    id: str
    basket: int
    store: int
    household: int
    week: int
    at_ms: int
    lines: tuple[ExpectedLine, ...]
    coupons: tuple[tuple[str, int], ...] = ()
    """What each campaign's coupon took off, by promotion."""

    @property
    def total_minor(self) -> int:
        """What the customer pays."""
        return sum(line.net_minor for line in self.lines)


@dataclass(slots=True)
class Expected:
    """The whole run: its sales by id, and an account of every source row and cent."""

    sales: dict[str, ExpectedSale] = field(default_factory=dict)
    stores: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    source_rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    skipped_minor: Counter[str] = field(default_factory=Counter)
    source_tender_minor: int = 0
    coupon_excess_minor: int = 0
    loose_coupons: int = 0
    difference_lines: int = 0
    difference_minor: int = 0
    coupons: CouponAccount = field(default_factory=CouponAccount)

    @property
    def lines(self) -> int:
        """How many lines the tills must have rung."""
        return sum(len(sale.lines) for sale in self.sales.values())


@dataclass(slots=True)
class _Row:
    product: int
    quantity: int
    sales: int
    retail: int
    coupon: int
    match: int


@dataclass(slots=True)
class _Basket:
    id: int
    store: int
    household: int
    week: int
    at_ms: int
    rows: list[_Row] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A line while coupons are being handed over."""

    row: _Row
    quantity: int
    left: int
    coupons: list[tuple[int, int]]
    """What the source took off for coupons: the issuer's part and the chain's, the row's own first."""


def expect(folder: Path, stores: int, baskets: int, seed: int) -> Expected:
    """Compute the run of `stores` busiest stores (0: all) and `baskets` sampled baskets (0: all)."""
    return _Year(folder, stores, baskets, seed).run()


class _Year:
    """The source year, week by week."""

    def __init__(self, folder: Path, stores: int, baskets: int, seed: int) -> None:
        self._seed = seed
        self._result = Expected(stores=_busiest(folder, stores))
        self._pumped, self._prepaid = _petrol(folder)
        self._weeks = _read(folder, self._result.stores)
        self._sample = _sample(self._weeks, baskets, seed)
        self._prices: dict[Place, tuple[Fraction, Fraction]] = {}
        self._campaigns = read_campaigns(folder)

    def run(self) -> Expected:
        """Return what is expected."""
        for week in sorted(self._weeks):
            self._learn(self._weeks[week])
            for basket in sorted(self._weeks[week], key=lambda one: (one.at_ms, one.id)):
                if basket.id in self._sample:
                    self._ring(basket)
        self._result.weeks = tuple(sorted(self._weeks))
        self._result.coupons.close(self._campaigns, {sale.basket for sale in self._result.sales.values()})
        return self._result

    def _learn(self, baskets: list[_Basket]) -> None:
        """Take the most frequent unit prices of a week, the lower of equals; the rest keeps its last prices."""
        regular: dict[Place, Counter[Fraction]] = defaultdict(Counter)
        member: dict[Place, Counter[Fraction]] = defaultdict(Counter)
        for basket in baskets:
            for row in basket.rows:
                if row.quantity == 0 or row.sales + row.match + row.retail == 0:
                    continue
                place = (basket.store, row.product)
                regular[place][self._unit(row, row.sales + row.match + row.retail)] += 1
                if row.sales + row.match:
                    member[place][self._unit(row, row.sales + row.match)] += 1
        for place, seen in regular.items():
            everybody = _most_frequent(seen)
            cardholder = _most_frequent(member[place]) if place in member else everybody
            self._prices[place] = (everybody, min(everybody, cardholder))

    def _unit(self, row: _Row, amount: int) -> Fraction:
        if row.product in self._pumped:
            # Pumps are set in tenths of a cent per 1,000 thousandths of a gallon; the amount only rounds that.
            return Fraction(_half_up(Fraction(amount * 10_000, row.quantity)), 10_000)
        return Fraction(amount, self._units(row))

    def _units(self, row: _Row) -> int:
        return row.sales + row.match + row.retail if row.product in self._prepaid else row.quantity

    def _ring(self, basket: _Basket) -> None:
        result = self._result
        result.source_rows += len(basket.rows)
        lines = [line for row in basket.rows if (line := self._line(row)) is not None]
        self._hand_over_loose(basket, lines)
        if not lines:
            result.skipped["basket_without_lines"] += 1
            return
        sale_id = _sale_id(basket, self._seed)
        nets, coupons = self._priced(basket, lines)
        result.sales[sale_id] = ExpectedSale(
            id=sale_id,
            basket=basket.id,
            store=basket.store,
            household=basket.household,
            week=basket.week,
            at_ms=basket.at_ms,
            lines=tuple(
                ExpectedLine(line.row.product, line.quantity, net) for line, net in zip(lines, nets, strict=True)
            ),
            coupons=tuple(sorted((promotion, minor) for promotion, minor in coupons.items() if minor)),
        )

    def _line(self, row: _Row) -> _Open | None:
        reason = ""
        if row.quantity == 0:
            if row.sales + row.match + row.retail > 0:
                reason = "value_without_quantity"
            elif row.coupon == 0:
                reason = "empty_row"
            else:
                return None  # a coupon of its own, handed over below
        elif row.sales + row.match > 0:
            coupons = [(row.coupon, row.match)] if row.coupon or row.match else []
            return _Open(row, self._units(row), row.sales - row.coupon, coupons)
        elif row.retail == 0:
            reason = "no_value"
        else:
            return _Open(row, row.quantity, row.sales - row.coupon, [(row.coupon, row.retail)])
        self._skip(reason, row.sales - row.coupon)
        return None

    def _hand_over_loose(self, basket: _Basket, lines: list[_Open]) -> None:
        for row in basket.rows:
            if row.quantity or row.sales + row.match + row.retail or not row.coupon:
                continue
            if not lines:
                self._skip("coupon_without_line", -row.coupon)
                continue
            dearest = min(lines, key=lambda line: (-line.left, line.row.product))
            dearest.left -= row.coupon
            dearest.coupons.append((row.coupon, 0))
            self._result.loose_coupons += 1

    def _skip(self, reason: str, minor: int) -> None:
        self._result.skipped[reason] += 1
        self._result.skipped_minor[reason] += minor

    def _priced(self, basket: _Basket, lines: list[_Open]) -> tuple[list[int], dict[str, int]]:
        """Return what is left of each line, and what campaigns' coupons took; account for every difference.

        First as the source took coupons off, each from its own line: what differs then, prices do. Then with the
        campaigns' coupons as their own promotions: what differs then from before, coupons do.
        """
        at_book = [self._at_book(basket.store, line) for line in lines]
        by_source = [_less(net, line.coupons) for net, line in zip(at_book, lines, strict=True)]
        for line, left in zip(lines, by_source, strict=True):
            self._account(line, left)
        handed = self._campaigns.handed.get(basket.id, [])
        theirs = {coupon.product for coupon in handed}
        account = self._result.coupons
        account.paper += sum(bool(line.coupons) and line.row.product not in theirs for line in lines)
        account.paper_minor += sum(supplier for line in lines for supplier, _ in line.coupons)
        if not handed:
            return by_source, {}
        account.paper_minor -= sum(coupon.source_minor for coupon in handed)
        nets: dict[int, int] = {}
        for net, line in zip(at_book, lines, strict=True):
            (_, chain), *others = line.coupons or [(0, 0)]
            paper = [(0, chain), *others] if line.row.product in theirs else line.coupons
            nets[line.row.product] = _less(net, paper)
        taken = take_off(handed, nets)
        account.hand_in(handed, taken, sum(nets.values()) - sum(by_source))
        return [nets[line.row.product] for line in lines], taken

    def _at_book(self, store: int, line: _Open) -> int:
        regular, member = self._prices[store, line.row.product]
        return min(_half_up(regular * line.quantity), _half_up(member * line.quantity))

    def _account(self, line: _Open, left: int) -> None:
        paid = max(0, line.left)
        self._result.source_tender_minor += paid
        self._result.coupon_excess_minor += paid - line.left
        self._result.difference_lines += left != paid
        self._result.difference_minor += left - paid


def _less(left: int, coupons: list[tuple[int, int]]) -> int:
    for supplier, chain in coupons:
        left = max(0, left - supplier)
        left = max(0, left - chain)
    return left


def _half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def _most_frequent(seen: Counter[Fraction]) -> Fraction:
    return min(seen, key=lambda value: (-seen[value], value))


def _draw(seed: int, *subject: object) -> int:
    text = SEPARATOR.join(map(str, (seed, *subject)))
    return int(sha256(text.encode()).hexdigest(), 16)


def _sale_id(basket: _Basket, seed: int) -> str:
    """UUID version 7: 48 bits of time, then 12 and 62 of the 74 lowest bits drawn for the basket."""
    drawn = _draw(seed, "sale", basket.id) % (1 << 74)
    high, low = divmod(drawn, 1 << 62)
    return str(UUID(f"{basket.at_ms:012x}7{high:03x}{(0b10 << 62) + low:016x}"))


def _sample(weeks: dict[int, list[_Basket]], count: int, seed: int) -> set[int]:
    numbers = [basket.id for baskets in weeks.values() for basket in baskets]
    ranked = sorted(numbers, key=lambda number: _draw(seed, "basket", number))
    return set(ranked[:count] if count else ranked)


def _busiest(folder: Path, count: int) -> tuple[int, ...]:
    columns = parquet.read_table(folder / "transactions.parquet", columns=["store_id", "basket_id"]).to_pydict()
    stores: dict[int, set[int]] = defaultdict(set)
    for store, basket in zip(columns["store_id"], columns["basket_id"], strict=True):
        stores[store].add(basket)
    ranked = sorted(stores, key=lambda store: (-len(stores[store]), store))
    return tuple(ranked[:count] if count else ranked)


def _petrol(folder: Path) -> tuple[set[int], set[int]]:
    products = parquet.read_table(folder / "products.parquet", columns=["product_id", "product_type"]).to_pydict()
    petrol = {
        product
        for product, kind in zip(products["product_id"], products["product_type"], strict=True)
        if (kind or "").startswith("GASOLINE")
    }
    rows = parquet.read_table(folder / "transactions.parquet", columns=["product_id", "quantity"]).to_pydict()
    sold = [pair for pair in zip(rows["product_id"], rows["quantity"], strict=True) if pair[0] in petrol]
    pumped = {product for product, quantity in sold if quantity > 1}
    return pumped, {product for product, _ in sold} - pumped


def _read(folder: Path, stores: tuple[int, ...]) -> dict[int, list[_Basket]]:
    table = parquet.read_table(folder / "transactions.parquet", filters=[("store_id", "in", list(stores))])
    at_ns = table.column("transaction_timestamp").cast("int64").to_pylist()
    baskets: dict[int, _Basket] = {}
    for row, at in zip(table.drop_columns(["transaction_timestamp"]).to_pylist(), at_ns, strict=True):
        basket = baskets.get(row["basket_id"])
        if basket is None:
            basket = baskets[row["basket_id"]] = _Basket(
                row["basket_id"], row["store_id"], row["household_id"], row["week"], at // 1_000_000
            )
        basket.rows.append(_row(row))
    weeks: dict[int, list[_Basket]] = defaultdict(list)
    for basket in baskets.values():
        basket.rows.sort(key=lambda one: one.product)
        weeks[basket.week].append(basket)
    return weeks


def _row(row: dict[str, Any]) -> _Row:
    cents = [round(row[name] * 100) for name in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")]
    return _Row(row["product_id"], row["quantity"], *cents)
