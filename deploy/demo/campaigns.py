"""Campaigns of the source: their coupons, the households they were mailed to, and what was handed over with which line.

A coupon is matched to the first line of its household's baskets of that day (in the stores' zone) that it is for, that
has an issuer's discount, and that no other coupon has been matched to. Its face is the amount most often taken off for
its number in the whole year (ties: the lower), as a book price is the one most often charged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from pyarrow import parquet

from deploy.demo.schedule import ZONE

_ISSUERS = range(50_000_000_000, 60_000_000_000)
"""GS1 US number system 5 is manufacturers' coupons: what `coupon_disc` holds. The chain's own are in the card price."""
_NS = 1_000_000_000
_AMOUNTS = ("sales_value", "coupon_disc", "coupon_match_disc")
_COLUMNS = ["household_id", "basket_id", "product_id", "quantity", *_AMOUNTS, "transaction_timestamp"]


@dataclass(frozen=True, slots=True)
class CampaignCoupon:
    """A coupon of a campaign that somebody handed over: what it is for, what it takes off, and its days."""

    campaign: int
    number: int
    first: date
    last: date
    face_minor: int
    products: frozenset[int]

    @property
    def promotion(self) -> str:
        """Its id in price books."""
        return f"c{self.campaign}-{self.number}"

    @property
    def code(self) -> str:
        """What is printed on it: the same on every coupon of the campaign."""
        return f"C{self.campaign}-{self.number}"

    @property
    def segment(self) -> str:
        """Whom it was mailed to."""
        return segment(self.campaign)

    def is_on(self, first: date, last: date) -> bool:
        """Tell whether it counts on any of these days."""
        return self.first <= last and first <= self.last


@dataclass(frozen=True, slots=True)
class Campaigns:
    """All campaigns: coupons by campaign and number, households by campaign, coupons by the line they came with."""

    coupons: tuple[CampaignCoupon, ...] = ()
    mailed: Mapping[int, frozenset[int]] = field(default_factory=dict)
    handed: Mapping[tuple[int, int], CampaignCoupon] = field(default_factory=dict)
    """By basket and product."""

    @property
    def households(self) -> frozenset[int]:
        """Everybody that a campaign was mailed to."""
        return frozenset[int]().union(*self.mailed.values())


NO_CAMPAIGNS = Campaigns()


class _Line(NamedTuple):
    at_ns: int
    basket: int
    product: int
    coupon_minor: int


class _Redemption(NamedTuple):
    day: date
    household: int
    number: int
    campaign: int


_Day = tuple[int, date]
_Coupon = tuple[int, int]
"""Campaign and number."""


def segment(campaign: int) -> str:
    """Return the code of a campaign's households."""
    return f"campaign-{campaign}"


def load(folder: Path) -> Campaigns:
    """Read the campaigns and match every coupon handed over to its line, in all stores of the source."""
    products = _products(folder)
    taken = _matched(_redemptions(folder), products, folder)
    faces = _faces(taken)
    days = _days(folder)
    coupons = {
        key: CampaignCoupon(key[0], key[1], *days[key[0]], faces[key[1]], frozenset(products[key]))
        for key in sorted({(one.campaign, one.number) for one, _ in taken})
    }
    handed = {(line.basket, line.product): coupons[one.campaign, one.number] for one, line in taken}
    return Campaigns(tuple(coupons.values()), _mailed(folder), handed)


def _matched(
    redemptions: Iterable[_Redemption], products: Mapping[_Coupon, set[int]], folder: Path
) -> list[tuple[_Redemption, _Line]]:
    wanted = [one for one in redemptions if one.number in _ISSUERS]
    lines = _lines(folder, {(one.household, one.day) for one in wanted})
    free = {(line.basket, line.product) for found in lines.values() for line in found}
    used: set[tuple[int, _Coupon]] = set()
    taken = []
    for one in wanted:
        coupon = (one.campaign, one.number)
        for line in lines.get((one.household, one.day), ()):
            place = (line.basket, line.product)
            # A till takes each code once in a basket.
            if line.product in products[coupon] and place in free and (line.basket, coupon) not in used:
                free.discard(place)
                used.add((line.basket, coupon))
                taken.append((one, line))
                break
    return taken


def _faces(taken: Iterable[tuple[_Redemption, _Line]]) -> dict[int, int]:
    seen: dict[int, Counter[int]] = defaultdict(Counter)
    for one, line in taken:
        seen[one.number][line.coupon_minor] += 1
    return {number: min(found, key=lambda minor: (-found[minor], minor)) for number, found in seen.items()}


def _lines(folder: Path, days: Collection[_Day]) -> dict[_Day, list[_Line]]:
    """Return the lines with an issuer's discount of these households on these days, in order of time."""
    households = sorted({household for household, _ in days})
    table = parquet.read_table(
        folder / "transactions.parquet",
        columns=_COLUMNS,
        filters=[("household_id", "in", households), ("coupon_disc", ">", 0), ("quantity", ">", 0)],
    )
    at_ns = table.column("transaction_timestamp").cast("int64").to_pylist()
    found: dict[_Day, list[_Line]] = defaultdict(list)
    for row, at in zip(table.drop_columns(["transaction_timestamp"]).to_pylist(), at_ns, strict=True):
        sales, coupon, match = (round(row[name] * 100) for name in _AMOUNTS)
        day = (row["household_id"], datetime.fromtimestamp(at // _NS, UTC).astimezone(ZONE).date())
        if day in days and sales + match > 0:
            found[day].append(_Line(at, row["basket_id"], row["product_id"], coupon))
    return {day: sorted(lines) for day, lines in found.items()}


def _redemptions(folder: Path) -> list[_Redemption]:
    rows = parquet.read_table(folder / "coupon_redemptions.parquet").to_pylist()
    return sorted(
        _Redemption(row["redemption_date"].date(), row["household_id"], row["coupon_upc"], row["campaign_id"])
        for row in rows
    )


def _products(folder: Path) -> dict[_Coupon, set[int]]:
    columns = parquet.read_table(folder / "coupons.parquet").to_pydict()
    found: dict[_Coupon, set[int]] = defaultdict(set)
    for campaign, number, product in zip(
        columns["campaign_id"], columns["coupon_upc"], columns["product_id"], strict=True
    ):
        found[campaign, number].add(product)
    return found


def _days(folder: Path) -> dict[int, tuple[date, date]]:
    rows = parquet.read_table(folder / "campaign_descriptions.parquet").to_pylist()
    return {row["campaign_id"]: (row["start_date"].date(), row["end_date"].date()) for row in rows}


def _mailed(folder: Path) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for row in parquet.read_table(folder / "campaigns.parquet").to_pylist():
        found[row["campaign_id"]].add(row["household_id"])
    return {campaign: frozenset(households) for campaign, households in found.items()}
