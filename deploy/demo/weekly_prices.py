"""Weekly price books out of what customers were charged.

The book price of a store, product and week is the modal unit price of that week's rows (ties: the lower), else
the last one known. Unit prices are exact fractions of a cent; a book states them as minor units per basis.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from deploy.demo.dataset import Dataset, Row, SourceBasket
from deploy.demo.oddities import Way, way_of

_PUMP_STEPS = 10_000
"""A pump's price is set in tenths of a cent per 1,000 thousandths of a gallon."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A store's price of a product: what anybody pays per unit, and what members pay where it is lower."""

    regular: Fraction
    member: Fraction | None = None


@dataclass(frozen=True, slots=True)
class BookRow:
    """A quote as a price book states it: minor units for `basis` units."""

    regular_minor: int
    member_minor: int | None
    basis: int


Changes = Mapping[tuple[int, int], Quote]
"""What a week changes: quotes by (store, product)."""


def modal(seen: Counter[Fraction]) -> Fraction:
    """Return the value seen most often, the lowest of equals."""
    most = max(seen.values())
    return min(value for value, times in seen.items() if times == most)


def units(row: Row, dataset: Dataset) -> int:
    """Return the quantity rung for a row: petrol paid ahead counts cents, everything else what the source says."""
    return row.regular_amount if row.product in dataset.prepaid else row.quantity


def unit_price(amount_minor: int, quantity: int, *, pumped: bool) -> Fraction:
    """Return an amount per unit, exactly; at a pump the price that was set, which the amount only rounds."""
    if pumped:
        return Fraction((2 * amount_minor * _PUMP_STEPS + quantity) // (2 * quantity), _PUMP_STEPS)
    return Fraction(amount_minor, quantity)


def book_row(quote: Quote) -> BookRow:
    """State a quote in whole minor units per the smallest basis that makes both prices whole."""
    basis = lcm(quote.regular.denominator, quote.member.denominator if quote.member else 1)
    return BookRow(
        regular_minor=int(quote.regular * basis),
        member_minor=None if quote.member is None else int(quote.member * basis),
        basis=basis,
    )


def weekly_changes(dataset: Dataset) -> Iterator[tuple[int, Changes]]:
    """Yield each week of the chosen stores with the quotes that differ from the last ones known."""
    known: dict[tuple[int, int], Quote] = {}
    for week, baskets in _by_week(dataset.baskets):
        changes = {place: quote for place, quote in week_quotes(baskets, dataset).items() if known.get(place) != quote}
        known.update(changes)
        yield week, changes


def week_quotes(baskets: Iterable[SourceBasket], dataset: Dataset) -> dict[tuple[int, int], Quote]:
    """Return the quotes that one week's baskets show, by (store, product)."""
    regular: dict[tuple[int, int], Counter[Fraction]] = defaultdict(Counter)
    member: dict[tuple[int, int], Counter[Fraction]] = defaultdict(Counter)
    for basket in baskets:
        for row in basket.rows:
            way = way_of(row)
            if way not in (Way.ORDINARY, Way.FREE):
                continue
            place, quantity, pumped = (basket.store, row.product), units(row, dataset), row.product in dataset.pumped
            regular[place][unit_price(row.regular_amount, quantity, pumped=pumped)] += 1
            if way is Way.ORDINARY:
                member[place][unit_price(row.member_amount, quantity, pumped=pumped)] += 1
    return {place: _quote(modal(seen), member.get(place)) for place, seen in regular.items()}


def _quote(regular: Fraction, seen_by_members: Counter[Fraction] | None) -> Quote:
    """Goods given free say what everybody pays, but nothing about a member price: a price is never 0."""
    member = modal(seen_by_members) if seen_by_members else regular
    return Quote(regular, member if member < regular else None)


def _by_week(baskets: Iterable[SourceBasket]) -> list[tuple[int, list[SourceBasket]]]:
    weeks: dict[int, list[SourceBasket]] = defaultdict(list)
    for basket in baskets:
        weeks[basket.week].append(basket)
    return sorted(weeks.items())
