"""Campaigns' coupons, from the parquet files alone: which were handed over with which line, and what they take off."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pyarrow import parquet

Day = tuple[int, date]
"""A household and a day of the stores' calendar."""
_MOST_ORDERED = 4
_STORES_TIME = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A coupon with its line: what the source took off there, what the coupon says, and what it is for."""

    promotion: str
    product: int
    source_minor: int
    face_minor: int
    last: date
    products: frozenset[int]


@dataclass(slots=True)
class Campaigns:
    """Coupons handed over by basket, and why the other redemptions of the source are none, by household and day."""

    handed: dict[int, list[HandedOver]] = field(default_factory=dict)
    baskets: dict[Day, set[int]] = field(default_factory=dict)
    """The baskets of whoever redeemed something that day."""
    refused: list[tuple[str, Day]] = field(default_factory=list)
    redemptions: int = 0


@dataclass(frozen=True, slots=True, order=True)
class _Line:
    at: int
    basket: int
    product: int
    quantity: int
    paid: int
    coupon: int


def read_campaigns(folder: Path) -> Campaigns:
    """Match the year's redemptions to lines, in order of day, household, number and campaign."""
    goods: dict[tuple[int, int], set[int]] = defaultdict(set)
    for row in _rows(folder, "coupons"):
        goods[row["coupon_upc"], row["campaign_id"]].add(row["product_id"])
    ends = {row["campaign_id"]: row["end_date"].date() for row in _rows(folder, "campaign_descriptions")}
    redeemed = sorted(
        (row["redemption_date"].date(), row["household_id"], row["coupon_upc"], row["campaign_id"])
        for row in _rows(folder, "coupon_redemptions")
    )
    found = Campaigns(redemptions=len(redeemed))
    days = _lines(folder, {(household, day) for day, household, _, _ in redeemed})
    found.baskets = {day: {line.basket for line in lines} for day, lines in days.items()}
    matched: list[tuple[int, int, _Line]] = []
    taken: set[_Line] = set()
    codes: set[tuple[int, int, int]] = set()
    for day, household, number, campaign in redeemed:
        lines = days.get((household, day), [])
        fitting = [line for line in lines if line.product in goods[number, campaign] and line.quantity and line.paid]
        free = [line for line in fitting if line.coupon and line not in taken]
        open_to_it = [line for line in free if (line.basket, number, campaign) not in codes]
        if str(number)[0] != "5" or len(str(number)) != 11:
            found.refused.append(("chains_own_in_card_price", (household, day)))
        elif open_to_it:
            line = open_to_it[0]
            taken.add(line)
            codes.add((line.basket, number, campaign))
            matched.append((number, campaign, line))
        else:
            found.refused.append((_reason(fitting, free), (household, day)))
    faces = _faces(matched)
    for number, campaign, line in matched:
        coupon = HandedOver(
            f"c{campaign}-{number}", line.product, line.coupon, faces[number], ends[campaign],
            frozenset(goods[number, campaign]),
        )  # fmt: skip
        found.handed.setdefault(line.basket, []).append(coupon)
    return found


def take_off(coupons: list[HandedOver], left: dict[int, int]) -> dict[str, int]:
    """Take coupons off what is left of a basket's products, in place; return what each took.

    Of up to four, the order counts in which they take most in all: coupons for the same goods leave each other less.
    Otherwise the one that would take most alone comes first, then the larger face, the one that ends sooner, the lower
    id. Of orders that take the same, the one whose coupons come first by those last three.
    """
    alone = {one.promotion: min(one.face_minor, sum(left[each] for each in _fitting(one, left))) for one in coupons}
    ordered = sorted(coupons, key=lambda one: (-alone[one.promotion], *_rank(one)))
    orders = permutations(ordered) if len(ordered) <= _MOST_ORDERED else [ordered]
    ways = [_one_after_another(order, dict(left)) for order in orders]

    def worth(way: tuple[dict[str, int], dict[int, int]]) -> tuple[int, list[tuple[int, date, str]]]:
        return -sum(way[0].values()), sorted(_rank(one) for one in coupons if way[0][one.promotion])

    taken, rest = min(ways, key=worth)
    left.update(rest)
    return taken


def _rank(coupon: HandedOver) -> tuple[int, date, str]:
    return -coupon.face_minor, coupon.last, coupon.promotion


def _one_after_another(coupons: Iterable[HandedOver], left: dict[int, int]) -> tuple[dict[str, int], dict[int, int]]:
    """Return what each coupon takes and what is left.

    Each is spread over all it is for in proportion to what is left there: largest remainder, equal ones by item code.
    """
    taken: dict[str, int] = {}
    for one in coupons:
        goods = _fitting(one, left)
        whole = sum(left[product] for product in goods)
        minor = taken[one.promotion] = min(one.face_minor, whole)
        if not minor:
            continue
        parts = {product: divmod(minor * left[product], whole) for product in goods}
        short = minor - sum(part for part, _ in parts.values())
        by_rest = sorted(goods, key=lambda product: -parts[product][1])
        for place, product in enumerate(by_rest):
            left[product] -= parts[product][0] + (place < short)
    return taken, left


def _fitting(coupon: HandedOver, left: dict[int, int]) -> list[int]:
    return sorted(
        (product for product in left if product in coupon.products and left[product]), key=lambda one: f"p{one}"
    )


def _reason(fitting: list[_Line], free: list[_Line]) -> str:
    if not fitting:
        return "goods_not_bought_that_day"
    return "same_code_twice" if free else "no_discount_on_the_goods"


def _faces(matched: list[tuple[int, int, _Line]]) -> dict[int, int]:
    seen: dict[int, Counter[int]] = defaultdict(Counter)
    for number, _, line in matched:
        seen[number][line.coupon] += 1
    return {number: min(amounts, key=lambda minor: (-amounts[minor], minor)) for number, amounts in seen.items()}


def _lines(folder: Path, wanted: set[Day]) -> dict[Day, list[_Line]]:
    table = parquet.read_table(
        folder / "transactions.parquet",
        filters=[("household_id", "in", sorted({household for household, _ in wanted}))],
    )
    seconds = [at // 1_000_000_000 for at in table.column("transaction_timestamp").cast("int64").to_pylist()]
    households = table.column("household_id").to_pylist()
    days: dict[int, date] = {}
    places: list[int] = []
    for place, (household, second) in enumerate(zip(households, seconds, strict=True)):
        if second not in days:
            days[second] = datetime.fromtimestamp(second, UTC).astimezone(_STORES_TIME).date()
        if (household, days[second]) in wanted:
            places.append(place)
    found: dict[Day, list[_Line]] = defaultdict(list)
    for place, row in zip(places, table.take(places).drop_columns(["transaction_timestamp"]).to_pylist(), strict=True):
        found[row["household_id"], days[seconds[place]]].append(_line(row, seconds[place]))
    return {day: sorted(lines) for day, lines in found.items()}


def _line(row: dict[str, Any], at: int) -> _Line:
    paid = round(row["sales_value"] * 100) + round(row["coupon_match_disc"] * 100)
    return _Line(at, row["basket_id"], row["product_id"], row["quantity"], paid, round(row["coupon_disc"] * 100))


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(folder / f"{name}.parquet").to_pylist()
    return rows
