"""Which pieces of a set are bought and which are given: what buy-X-get-Y, the N-th piece and cheapest-free share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.money import share_bp
from shared.pricing.effect import (
    NOT_ENOUGH,
    Effect,
    Miss,
    Portion,
    cost_of,
    last_that,
    off_pieces,
    take_in_order,
)
from shared.pricing.promotion import Which

_Pieces = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Giving:
    """Of every `buy + get` pieces, `get` at `off_bp` off. `given_bear`: the discount stays on the given pieces.

    Otherwise it is spread over all pieces of the sets, so that returning the given ones alone pays back their share.
    """

    buy: int
    get: int
    off_bp: int
    which: Which = "cheapest"
    same_item: bool = False
    given_bear: bool = False

    def effect(self, portion: Portion, get_rows: Sequence[int] | None = None) -> Effect | Miss:
        """Return the effect on a portion; `get_rows` are those the given pieces come from, None the same."""
        if get_rows is not None:
            return self._from_others(portion, get_rows)
        if self.same_item:
            return self._by_article(portion)
        size, free = self.buy + self.get, portion.free(portion.rows)
        if free < size:
            return Miss(NOT_ENOUGH, missing_quantity=size - free, near=free >= self.buy > 0)
        return self._sets(portion, min(free // size, portion.most))

    def _sets(self, portion: Portion, sets: int) -> Effect | Miss:
        if self.which == "each_set":
            return self._lined_up(portion, sets)
        given = take_in_order(portion.left, _order(portion, portion.rows, self.which), sets * self.get)
        bought = _rest(portion, portion.rows, given, sets * self.buy)
        return self._give(portion, given, bought, sets)

    def _lined_up(self, portion: Portion, sets: int) -> Effect | Miss:
        """Line the pieces up from the dearest: the last `get` of every set are given. Counted, not walked."""
        size, at, end = self.buy + self.get, 0, sets * (self.buy + self.get)
        given, bought = _Pieces(), _Pieces()
        for row in portion.dearest_first(portion.rows):
            until = min(at + portion.left[row], end)
            gets = self._given_before(until, size) - self._given_before(at, size)
            given.append((row, gets))
            bought.append((row, until - at - gets))
            at = until
        return self._give(portion, given, bought, sets)

    def _given_before(self, place: int, size: int) -> int:
        return place // size * self.get + max(0, place % size - self.buy)

    def _by_article(self, portion: Portion) -> Effect | Miss:
        size, uses, given, bought, most_free = self.buy + self.get, 0, _Pieces(), _Pieces(), 0
        for row in portion.dearest_first(portion.rows):
            most_free = max(most_free, portion.left[row])
            sets = min(portion.left[row] // size, portion.most - uses)
            uses += sets
            given.append((row, sets * self.get))
            bought.append((row, sets * self.buy))
        if not uses:
            return Miss(NOT_ENOUGH, missing_quantity=max(0, size - most_free), near=most_free >= self.buy > 0)
        return self._give(portion, given, bought, uses)

    def _from_others(self, portion: Portion, get_rows: Sequence[int]) -> Effect | Miss:
        buyable, gettable = portion.free(portion.rows), portion.free(get_rows)
        if buyable < self.buy:
            return Miss(NOT_ENOUGH, missing_quantity=self.buy - buyable, near=buyable > 0)
        order, both = _order(portion, get_rows, self.which), set(get_rows).intersection(portion.rows)

        def given(sets: int) -> _Pieces:
            """Pieces in their order, but of those that could be bought too only as many as need not be."""
            wanted, spare, parts = sets * self.get, buyable - sets * self.buy, _Pieces()
            for row in order:
                count = min(portion.left[row], wanted, spare if row in both else wanted)
                parts.append((row, count))
                wanted, spare = wanted - count, spare - count if row in both else spare
            return parts

        def enough(sets: int) -> bool:
            return sum([count for _, count in given(sets)]) == sets * self.get

        sets = last_that(enough, min(buyable // self.buy, gettable // self.get, portion.most))
        if not sets:
            return Miss("take_item", missing_quantity=max(1, self.get - gettable), near=True)
        parts = given(sets)
        return self._give(portion, parts, _rest(portion, portion.rows, parts, sets * self.buy), sets)

    def _give(self, portion: Portion, given: _Pieces, bought: _Pieces, sets: int) -> Effect | Miss:
        given = [part for part in given if part[1]]
        used = dict(given)
        for row, count in bought:
            if count:
                used[row] = used.get(row, 0) + count
        minor = share_bp(cost_of(portion, given), self.off_bp)
        borne_by = given if self.given_bear else None
        return off_pieces(portion, minor, list(used.items()), sets, borne_by=borne_by)


def _order(portion: Portion, rows: Sequence[int], which: Which) -> list[int]:
    if which == "dearest":
        return portion.dearest_first(rows)
    order = portion.cheapest_first(rows)
    if which == "chosen":
        place = {item: at for at, item in enumerate(portion.chosen())}
        items = portion.state.rows
        order.sort(key=lambda row: place.get(items[row].item.item, len(place)))
    return order


def _rest(portion: Portion, rows: Sequence[int], given: _Pieces, count: int) -> _Pieces:
    """Return the bought pieces: the cheapest that are left, so that the dearest stay free for other promotions."""
    taken = dict(given)
    bought = []
    for row in portion.cheapest_first(rows):
        pieces = min(portion.left[row] - taken.get(row, 0), count)
        if pieces > 0:
            bought.append((row, pieces))
            count -= pieces
    return bought
