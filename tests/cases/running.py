"""Runs case files against the engine and says, figure by figure, where it disagrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

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
from tests.cases.form import Case, CaseFile, Goods, Rung, read
from tests.cases.vocabulary import minor


@dataclass(frozen=True, slots=True)
class Loaded:
    """One case, ready to be priced."""

    source: CaseFile
    file: str
    case: Case
    book: CaseBook
    basket: Sequence[BasketLine]
    context: PricingContext

    @property
    def name(self) -> str:
        """Which case of which file."""
        return f"{self.file}: {self.case.name}"


class CaseBook:
    """A price book made of a case file's items and of the rules a case names."""

    version = 1

    def __init__(self, items: Mapping[str, Goods], promotions: Sequence[AnyPromotion]) -> None:
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
    """Read a case file. Raise BadCaseFile or OSError, before anything is yielded, when it is none."""
    file, rules = read(path)
    for case in file.cases:
        book = CaseBook(file.items, [rules[name] for name in (rules if case.rules is None else case.rules)])
        basket = [_line(n, rung) for n, rung in enumerate(case.basket, start=1)]
        yield Loaded(file, path.stem, case, book, basket, _context(case, file.zone))


def _line(n: int, rung: Rung) -> BasketLine:
    printed = None if rung.amount is None else minor(rung.amount)
    return BasketLine(n=n, item=rung.item, quantity=rung.quantity, label_minor=printed)


def differences(loaded: Loaded, found: Mapping[str, Any] | None = None) -> list[str]:
    """Return what an engine (ours, unless its answer is given) says otherwise than the case."""
    found = answer(loaded) if found is None else found
    return [
        f"{word}: expected {value!r}, the engine says {found.get(word)!r}"
        for word, value in loaded.case.expect.asked().items()
        if found.get(word) != value
    ]


def answer(loaded: Loaded) -> dict[str, Any]:
    """Return what our engine says of a case, in the words of expectations."""
    return _found(loaded, _rounded(loaded.case, price_basket(loaded.basket, loaded.book, loaded.context)))


def _rounded(case: Case, priced: PricedBasket) -> PricedBasket:
    """Drop the cents of a case that says so, as a till does after pricing."""
    step = minor(case.round_down_to)
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
    named = loaded.case.expect.says or {}
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


def _item(name: str, goods: Goods) -> Item:
    return Item(
        item=name,
        names={"en": name},
        receipt_name=name,
        category=goods.category,
        brand=goods.brand,
        supplier=goods.supplier,
        tags=goods.tags,
        unit=Unit.GRAM if goods.weighed else Unit.EACH,
        tax_rate_bp=1300,
    )


def _price(name: str, goods: Goods) -> Price:
    return Price(
        item=name,
        regular_minor=minor(goods.price),
        member_minor=minor(goods.member_price) if goods.member_price else None,
        floor_minor=minor(goods.floor) if goods.floor else None,
        basis=1000 if goods.weighed else 1,
    )


def _context(case: Case, zone: str) -> PricingContext:
    member, points = case.member, case.points
    facts = None
    if member is not None:
        facts = MemberFacts(
            tier=member.tier,
            segments=member.segments,
            birthday_month=member.birthday_month,
            purchases=member.purchases,
        )
    return PricingContext(
        at_ms=resolve_local(datetime.fromisoformat(case.at), ZoneInfo(zone)),
        time_zone=zone,
        member=facts,
        store=case.store,
        till_kind=case.till,
        counters=[Counter(one.rule, one.per, one.uses, minor(one.amount)) for one in case.used_before],
        uncounted=case.uncounted,
        coupons=[Coupon(code, rule, at) for at, (code, rule) in enumerate(case.coupons)],
        choices=[Choice(rule, items) for rule, items in case.choices.items()],
        points=PointsOffer(points.may_spend, points.use) if points else None,
    )
