"""The pricing engine on a supermarket's promotions, and django-oscar's offer engine on the same offers in the same run.

The promotions are of every kind and in force, half of the basket is on offer. The peer is installed for this run into
a folder that is thrown away, with its own SQLite database there; both sides are asked for the basket's discounts with
everything they may keep in memory kept.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.rig import oscar_child
from benchmarks.rig.figures import latency, now, peak_rss_mib, report
from edge_agent.prices.indexing import lasting_index
from shared.pricing import (
    AnyPromotion,
    BasketLine,
    Item,
    MemberFacts,
    Price,
    PricingContext,
    PromotionIndex,
    price_basket,
)
from shared.pricing.kinds import (
    BundlePrice,
    BuyXGetY,
    CheapestFree,
    CouponOff,
    NForPrice,
    NthPiece,
    PercentOff,
    PointsMultiplier,
    SpecialPrice,
    SpendAndGet,
)
from shared.pricing.kinds.bundle_price import Part
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Need
from shared.pricing.scope import Scope
from shared.pricing.window import When

BUDGET = "50 lines x 500 promotions: 1 ms median, 5 ms p95; 100 lines x 5,000: 20 ms; 6,000 pieces of one article: 5 ms"
_AT_MS = 1_767_603_600_000  # 2026-01-05 17:00 in Shanghai
_CONTEXT = PricingContext(at_ms=_AT_MS, time_zone="Asia/Shanghai", member=MemberFacts(tier="gold"))
_ON = When(first=date(2025, 12, 30), last=date(2026, 1, 12))
_OVER = When(last=date(2025, 12, 29))


class Shelf:
    """A shop's book in memory."""

    version = 1

    def __init__(self, items: Sequence[Item], prices: Sequence[Price], promotions: Sequence[AnyPromotion]) -> None:
        self._items = {item.item: item for item in items}
        self._prices = {price.item: price for price in prices}
        self._index = lasting_index([msgspec.json.encode(one) for one in promotions])  # kept as an agent keeps it

    def item(self, item: str) -> Item | None:
        """Return an item."""
        return self._items.get(item)

    def price(self, item: str) -> Price | None:
        """Return its price."""
        return self._prices.get(item)

    def promotions(self) -> PromotionIndex:
        """Return the promotions."""
        return self._index


class Shop:
    """Items, prices and promotions by the number: the same for the same numbers."""

    def __init__(self, items: int, promotions: int) -> None:
        self._draw = random.Random(items + promotions)
        self.items = [self._item(number) for number in range(items)]
        self.prices = [Price(item=item.item, regular_minor=self._draw.randrange(99, 9_999)) for item in self.items]
        self._minor = {price.item: price.regular_minor for price in self.prices}
        self.offered: list[str] = []
        rules: list[AnyPromotion] = [self._promotion(number) for number in range(promotions)]
        self.shelf = Shelf(self.items, self.prices, rules)

    def basket(self, lines: int) -> list[BasketLine]:
        """Return a basket of which half is on offer."""
        draw = self._draw
        known = self.offered or [item.item for item in self.items]
        chosen = [draw.choice(known) if draw.random() < 0.5 else draw.choice(self.items).item for _ in range(lines)]
        return [
            BasketLine(n=n, item=item, quantity=draw.choice((1, 1, 1, 2, 3, 6))) for n, item in enumerate(chosen, 1)
        ]

    def _item(self, number: int) -> Item:
        category, brand = f"d{number % 12}/c{number % 240}", f"b{self._draw.randrange(800)}"
        return Item(
            item=f"i{number}", names={"en": "x"}, receipt_name="x", category=category, brand=brand, tax_rate_bp=1300
        )

    def _listed(self, count: int) -> Scope:
        found = [self._draw.choice(self.items).item for _ in range(count)]
        self.offered += found
        return Scope(items=found)

    def _promotion(self, number: int) -> AnyPromotion:
        """Return one of a hundred that a supermarket has: sixty prices, the rest of every kind."""
        name, kind = f"p{number:05}", number % 100
        if kind < 60:
            scope = self._listed(1)
            return SpecialPrice(
                promotion=name, scope=scope, price_minor=self._minor[scope.items[0]] * 8 // 10, when=_ON
            )
        if kind < 86:
            return self._set_or_item(name, kind)
        category = self._draw.choice(self.items).category
        if kind < 92:
            steps = [Step(at_minor=10_000, off_minor=1_000)]
            return SpendAndGet(promotion=name, scope=Scope(categories=[category]), steps=steps, when=_ON)
        if kind < 98:
            return CouponOff(promotion=name, off_minor=500, need=Need(spend_minor=5_000))
        if kind < 99:
            return PointsMultiplier(promotion=name, scope=Scope(categories=[category]), multiplier_bp=20_000)
        on = _ON if number < 300 else _OVER
        return SpendAndGet(promotion=name, steps=[Step(at_minor=20_000 + 100 * number, off_minor=1_000)], when=on)

    def _set_or_item(self, name: str, kind: int) -> AnyPromotion:
        if kind < 70:
            brand = f"b{self._draw.randrange(800)}"
            return PercentOff(promotion=name, scope=Scope(brands=[brand]), off_bp=1_000, when=_ON)
        if kind < 74:
            return NForPrice(promotion=name, scope=self._listed(12), n=3, price_minor=2_000, when=_ON)
        if kind < 80:
            return NthPiece(promotion=name, scope=self._listed(20), when=_ON)
        if kind < 84:
            return BuyXGetY(promotion=name, scope=self._listed(12), buy=2, when=_ON)
        parts = [Part(scope=self._listed(4)), Part(scope=self._listed(4))]
        return BundlePrice(promotion=name, parts=parts, off_bp=1_000, when=_ON)


def timed(shelf: Shelf, baskets: Sequence[Sequence[BasketLine]], runs: int) -> list[float]:
    """Price baskets in turn, warm, and return the seconds of each."""
    for basket in baskets:
        price_basket(basket, shelf, _CONTEXT)
    seconds = []
    for run in range(runs):
        basket = baskets[run % len(baskets)]
        start = now()
        price_basket(basket, shelf, _CONTEXT)
        seconds.append(now() - start)
    return seconds


def one_article(lines: int) -> tuple[Shelf, list[BasketLine]]:
    """Return 6,000 pieces of one article, scanned in so many lines, that three sets compete for."""
    item, price = Item(item="a", names={"en": "a"}, receipt_name="a"), Price(item="a", regular_minor=500)
    rules: list[AnyPromotion] = [
        NForPrice(promotion="three", n=3, price_minor=1_200),
        BuyXGetY(promotion="four", buy=4),
        NthPiece(promotion="fifth", n=5),
    ]
    basket = [BasketLine(n=n, item="a", quantity=6_000 // lines) for n in range(1, lines + 1)]
    return Shelf([item], [price], rules), basket


def offers_for_both(shop: Shop, count: int) -> list[tuple[str, list[str], int, Any]]:
    """Return offers that both engines know: a percentage, N for a price, the cheapest of three, spend and save."""
    draw = random.Random(count)
    kinds = (("percent", 1, 10), ("n_for", 3, "20.00"), ("cheapest", 3, None), ("spend", 100, 10))
    return [
        (kind, sorted({draw.choice(shop.items).item for _ in range(draw.choice((1, 5, 20)))}), least, value)
        for kind, least, value in (kinds[number % len(kinds)] for number in range(count))
    ]


def as_promotion(number: int, offer: tuple[str, list[str], int, Any]) -> AnyPromotion:
    """Return our promotion for an offer of both."""
    kind, items, _, _ = offer
    name, scope = f"o{number:04}", Scope(items=items)
    if kind == "percent":
        return PercentOff(promotion=name, scope=scope, off_bp=1_000)
    if kind == "n_for":
        return NForPrice(promotion=name, scope=scope, n=3, price_minor=2_000)
    if kind == "cheapest":
        return CheapestFree(promotion=name, scope=scope, n=3)
    return SpendAndGet(promotion=name, scope=scope, steps=[Step(at_minor=10_000, off_minor=1_000)])


def against_oscar(offers: int, lines: int, runs: int) -> dict[str, Any]:
    """Ask both engines for the same basket under the same offers."""
    shop = Shop(1_000, 0)
    ours = offers_for_both(shop, offers)
    basket = shop.basket(lines)
    rules: list[AnyPromotion] = [as_promotion(number, offer) for number, offer in enumerate(ours)]
    shelf = Shelf(shop.items, shop.prices, rules)
    seconds = timed(shelf, [basket], 200)
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        pip = (str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install")
        subprocess.run([*pip, "django-oscar", "sorl-thumbnail"], check=True, stderr=subprocess.DEVNULL)
        asked = msgspec.json.encode(
            {
                "folder": folder,
                "prices": {price.item: price.regular_minor for price in shop.prices},
                "basket": [[line.item, line.quantity] for line in basket],
                "offers": ours,
                "runs": runs,
            }
        )
        child = subprocess.run(
            [python, "-W", "ignore", oscar_child.__file__], input=asked, check=True, stdout=subprocess.PIPE
        )
    peer = msgspec.json.decode(child.stdout)
    own, theirs = latency(seconds), latency(peer["seconds"])
    return {
        "offers": offers,
        "lines": lines,
        "storewire": {**own, "total_minor": price_basket(basket, shelf, _CONTEXT).total_minor, "statements": 0},
        f"django-oscar {peer['version']}": {
            **theirs,
            "total_minor": peer["total_minor"],
            "statements": peer["statements"],
        },
        "times_faster": round(theirs["p50_ms"] / own["p50_ms"]),
    }


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--peer-offers", type=int, default=500, help="0 leaves the peer out")
    parser.add_argument("--peer-runs", type=int, default=3)
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for lines, promotions in ((50, 0), (50, 500), (50, 5_000), (100, 5_000)):
        shop = Shop(20_000, promotions)
        baskets = [shop.basket(lines) for _ in range(10)]
        figures[f"{lines} lines x {promotions} promotions"] = latency(timed(shop.shelf, baskets, options.runs))
    for lines in (1, 1_000):
        shelf, basket = one_article(lines)
        figures[f"6,000 pieces of one article in {lines} lines"] = latency(timed(shelf, [basket], options.runs // 4))
    compared = against_oscar(options.peer_offers, 50, options.peer_runs) if options.peer_offers else None
    report("engine", BUDGET, **figures, compared_with=compared, peak_rss_mib=round(peak_rss_mib(), 1))


if __name__ == "__main__":
    main()
