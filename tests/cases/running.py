"""Runs case files against the engine and says, figure by figure, where it disagrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from shared.adjustments import RoundOff, adjust
from shared.calendar import resolve_local
from shared.pricing import (
    AnyPromotion,
    BasketLine,
    Choice,
    Counter,
    Coupon,
    Item,
    MemberFacts,
    Per,
    PointsOffer,
    Price,
    PricedBasket,
    PricingContext,
    PromotionIndex,
    Status,
    Unit,
    price_basket,
)
from shared.pricing.explain import explain
from tests.cases.vocabulary import minor, promotion

Case = Mapping[str, Any]
_NOON = "2026-01-05 12:00:00"
"""When a case happens that does not say: a Monday."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One case, ready to be priced."""

    file: str
    case: Case
    book: CaseBook
    basket: Sequence[BasketLine]
    context: PricingContext

    @property
    def name(self) -> str:
        """Which case of which file."""
        return f"{self.file}: {self.case['name']}"


class CaseBook:
    """A price book made of a case file's items and of the rules a case names."""

    version = 1

    def __init__(self, items: Case, promotions: Sequence[AnyPromotion]) -> None:
        self._items = {name: _item(name, facts) for name, facts in items.items()}
        self._prices = {name: _price(name, facts) for name, facts in items.items()}
        self._index = PromotionIndex(promotions)

    def item(self, item: str) -> Item | None:
        """Return an item of the file."""
        return self._items.get(item)

    def price(self, item: str) -> Price | None:
        """Return its price."""
        return self._prices.get(item)

    def promotions(self) -> PromotionIndex:
        """Return the rules, indexed."""
        return self._index


def case_files() -> list[Path]:
    """Return the public case files."""
    return sorted(Path(__file__).parent.glob("*.json"))


def load(path: Path) -> Iterator[Loaded]:
    """Read a case file."""
    content: Case = msgspec.json.decode(path.read_bytes())
    zone = content.get("zone", "Asia/Shanghai")
    rules = {name: promotion(name, rule) for name, rule in content.get("rules", {}).items()}
    for case in content["cases"]:
        book = CaseBook(content["items"], [rules[name] for name in case.get("rules", rules)])
        basket = [_line(n, *rung) for n, rung in enumerate(case["basket"], start=1)]
        yield Loaded(path.stem, case, book, basket, _context(case, zone))


def _line(n: int, item: str, quantity: int, printed: str | None = None) -> BasketLine:
    return BasketLine(n=n, item=item, quantity=quantity, label_minor=None if printed is None else minor(printed))


def differences(loaded: Loaded, priced: PricedBasket | None = None) -> list[str]:
    """Return what the engine says otherwise than the case."""
    priced = _rounded(loaded.case, priced or price_basket(loaded.basket, loaded.book, loaded.context))
    found = _found(loaded, priced)
    expected: Case = loaded.case["expect"]
    strange = set(expected) - set(found)
    wrong = [f"{word!r} is not a word of expectations" for word in sorted(strange)]
    for word, value in expected.items():
        if word in found and found[word] != value:
            wrong.append(f"{word}: expected {value!r}, the engine says {found[word]!r}")
    return wrong


def _rounded(case: Case, priced: PricedBasket) -> PricedBasket:
    """Drop the cents of a case that says so, as a till does after pricing."""
    step = minor(case.get("round down to", "0"))
    return adjust(priced, round_off=RoundOff(minor=priced.total_minor % step, by="cashier")).priced if step else priced


def _found(loaded: Loaded, priced: PricedBasket) -> dict[str, Any]:
    discounts: dict[str, int] = {}
    for line in priced.lines:
        for discount in line.discounts:
            name = discount.source if discount.reason != "member_price" or discount.source else "member price"
            name = "rounding" if discount.reason == "rounding" else name
            discounts[name] = discounts.get(name, 0) + discount.minor
    applied = [outcome for outcome in priced.outcomes if outcome.status is Status.APPLIED]
    rules = loaded.book.promotions().by_id
    named: Case = loaded.case["expect"].get("says", {})
    return {
        "total": _text(priced.total_minor),
        "discounts": {name: _text(amount) for name, amount in sorted(discounts.items())},
        "lines": [_text(line.net_minor) for line in priced.lines],
        "points": {outcome.promotion: outcome.points for outcome in applied if outcome.points},
        "spent points": {outcome.promotion: outcome.spent_points for outcome in applied if outcome.spent_points},
        "multiplied": {outcome.promotion: _text(outcome.base_minor) for outcome in applied if outcome.multiplier_bp},
        "gifts": {
            outcome.promotion: {gift.item: gift.quantity for gift in outcome.gifts}
            for outcome in priced.outcomes
            if outcome.gifts
        },
        "issued": {outcome.promotion: outcome.issues for outcome in applied if outcome.issues},
        "reasons": {
            outcome.promotion or outcome.coupon: outcome.reason for outcome in priced.outcomes if outcome.reason
        },
        "near": {
            outcome.promotion: outcome.missing_quantity or _text(outcome.missing_minor)
            for outcome in priced.outcomes
            if outcome.status is Status.NEAR
        },
        "withheld": {outcome.promotion: _text(outcome.withheld_minor) for outcome in applied if outcome.withheld_minor},
        "says": {
            outcome.promotion: list(explain(outcome, rules[outcome.promotion].promotion).values())
            for outcome in priced.outcomes
            if outcome.promotion in named
        },
    }


def _text(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def _item(name: str, facts: Case) -> Item:
    return Item(
        item=name,
        names={"en": name},
        receipt_name=name,
        category=facts.get("category", ""),
        brand=facts.get("brand", ""),
        supplier=facts.get("supplier", ""),
        tags=facts.get("tags", []),
        unit=Unit.GRAM if facts.get("weighed") else Unit.EACH,
        tax_rate_bp=1300,
    )


def _price(name: str, facts: Case) -> Price:
    member, floor = facts.get("member price"), facts.get("floor")
    return Price(
        item=name,
        regular_minor=minor(facts["price"]),
        member_minor=minor(member) if member else None,
        floor_minor=minor(floor) if floor else None,
        basis=1000 if facts.get("weighed") else 1,
    )


def _context(case: Case, zone: str) -> PricingContext:
    member, points = case.get("member"), case.get("points")
    return PricingContext(
        at_ms=resolve_local(datetime.fromisoformat(case.get("at", _NOON)), ZoneInfo(zone)),
        time_zone=zone,
        member=None if member is None else MemberFacts(**{word.replace(" ", "_"): member[word] for word in member}),
        store=case.get("store", ""),
        till_kind=case.get("till", ""),
        counters=[
            Counter(rule, Per(per), uses, minor(amount)) for rule, per, uses, amount in case.get("used before", [])
        ],
        uncounted=[Per(per) for per in case.get("uncounted", [])],
        coupons=[Coupon(code, rule, at) for at, (code, rule) in enumerate(case.get("coupons", []))],
        choices=[Choice(rule, items) for rule, items in case.get("choices", {}).items()],
        points=PointsOffer(points["may spend"], points.get("use", 0)) if points else None,
    )
