"""N 件 X 元: any N pieces in scope for one price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from shared.pricing.effect import NOT_ENOUGH, NOTHING_LEFT, Effect, Miss, Portion, cost_of, off_pieces
from shared.pricing.promotion import Layer, Money, Promotion

_Pieces = list[tuple[int, int]]


class NForPrice(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="n_for_price"):
    """Every `n` pieces for `price_minor`, the dearest together first; incomplete sets stay at their price.

    `same_item`: a set is of one article.

    | pieces             | offer       | pays                   |
    |--------------------|-------------|------------------------|
    | 3 x 5.00           | 3 for 12.00 | 12.00                  |
    | 7 x 5.00           | 3 for 12.00 | 29.00                  |
    | 6.00, 5.00, 2 x 4.00| 3 for 12.00| 16.00 (6+5+4 for 12, 4)|
    | 3 x 3.00           | 3 for 12.00 | 9.00                   |
    """

    LAYER: ClassVar[Layer] = Layer.SET
    FAMILY: ClassVar[str] = "set"

    n: int
    price_minor: int
    same_item: bool = False

    def check(self) -> None:
        """Refuse sets that are none."""
        if self.n < 1 or self.price_minor < 0:
            raise ValueError("n is at least 1, price_minor at least 0")

    def effect(self, portion: Portion) -> Effect | Miss:
        """Build sets from the dearest pieces down, as long as a set costs more than its price."""
        order = portion.dearest_first(portion.rows)
        pools = [[row] for row in order] if self.same_item else [order]
        largest = max((portion.free(pool) for pool in pools), default=0)
        if largest < self.n:
            return Miss(NOT_ENOUGH, missing_quantity=self.n - largest, near=largest > 0)
        uses, used = 0, list[tuple[int, int]]()
        for pool in pools:
            sets, pieces = self._sets(portion, pool, portion.most - uses)
            uses, used = uses + sets, used + pieces
        if not uses:
            return Miss(NOTHING_LEFT)
        return off_pieces(portion, cost_of(portion, used) - uses * self.price_minor, used, uses)

    def _sets(self, portion: Portion, order: Sequence[int], most: int) -> tuple[int, _Pieces]:
        """Return how many sets, and the pieces in them: whole runs of one row at a time, never piece by piece."""
        state, uses, used, open_set, gathered = portion.state, 0, _Pieces(), _Pieces(), 0
        for row in order:
            free = portion.left[row]
            if open_set:
                taken = min(free, self.n - gathered)
                open_set.append((row, taken))
                gathered, free = gathered + taken, free - taken
                if gathered < self.n:
                    continue
                if uses == most or cost_of(portion, open_set) <= self.price_minor:
                    return uses, _joined(used)
                uses, used, open_set, gathered = uses + 1, used + open_set, [], 0
            if state.net[row] * self.n <= self.price_minor * state.pieces[row] and free >= self.n:
                return uses, _joined(used)
            sets = min(free // self.n, most - uses)
            if sets:
                uses, free = uses + sets, free - sets * self.n
                used.append((row, sets * self.n))
            if free and uses < most:
                open_set, gathered = [(row, free)], free
        return uses, _joined(used)

    def face(self) -> int:
        """A lower price promises more."""
        return -self.price_minor

    def gives(self, money: Money) -> dict[str, str]:
        """Say the offer."""
        price = money(self.price_minor, short=True)
        return {"en": f"{self.n} for {money(self.price_minor)}", "zh": f"{self.n}件{price}元"}


def _joined(pieces: _Pieces) -> _Pieces:
    """Add up pieces of the same row."""
    by_row: dict[int, int] = {}
    for row, count in pieces:
        by_row[row] = by_row.get(row, 0) + count
    return list(by_row.items())
