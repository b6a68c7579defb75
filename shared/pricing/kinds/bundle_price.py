"""组合价: one of these and two of those together at a price, or for less."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shared.money import BASIS_POINTS, share_bp
from shared.pricing.effect import MANY, NOT_ENOUGH, NOTHING_LEFT, Effect, Miss, Portion, cost_of, last_that, off_pieces
from shared.pricing.promotion import Layer, Money, Promotion, percent, tenths
from shared.pricing.scope import Scope

MOST_PARTS = 6

_Pieces = list[tuple[int, int]]


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """So many pieces of a scope in each bundle."""

    scope: Scope
    quantity: int = 1


class BundlePrice(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="bundle_price"):
    """All parts together for `price_minor`, or `off_minor` or `off_bp` less: exactly one of the three.

    A piece fills one part only, the dearest first; parts are filled in the order given, each leaving what the others
    need (looked ahead for up to `MOST_PARTS`). Its own `scope` is not used.

    | pieces                     | bundle                       | pays          |
    |----------------------------|------------------------------|---------------|
    | bread 6, milk 12           | bread + milk 15.00           | 15.00         |
    | 2 bread 6, 1 milk 12       | bread + milk 15.00           | 21.00         |
    | 2 shampoo 20, 1 soap 5     | 2 shampoo + soap, 10% off    | 40.50         |
    | bread 6                    | bread + milk 15.00           | 6.00          |
    """

    LAYER: ClassVar[Layer] = Layer.SET
    FAMILY: ClassVar[str] = "set"

    parts: list[Part]
    price_minor: int | None = None
    off_minor: int | None = None
    off_bp: int | None = None

    def check(self) -> None:
        """Refuse a bundle of nothing, or with two prices."""
        if not self.parts or any(part.quantity < 1 for part in self.parts):
            raise ValueError("a bundle has parts of at least 1 piece each")
        given = [value for value in (self.price_minor, self.off_minor, self.off_bp) if value is not None]
        if len(given) != 1 or given[0] < 0 or (self.off_bp or 0) > BASIS_POINTS:
            raise ValueError("a bundle has exactly one of price_minor, off_minor and off_bp (up to 10000)")

    def scopes(self) -> list[Scope]:
        """Return what fills each part."""
        return [part.scope for part in self.parts]

    def effect(self, portion: Portion) -> Effect | Miss:
        """Build bundles from the dearest pieces down, as long as one more saves something."""
        orders = [portion.dearest_first(rows) for rows in (portion.rows, *portion.others)]
        free = [portion.free(order) for order in orders]
        most = min([count // part.quantity for count, part in zip(free, self.parts, strict=True)])
        ahead = _Ahead(portion, orders)
        most = min(most, portion.most, ahead.most([part.quantity for part in self.parts]))
        if len(self.parts) > MOST_PARTS:
            most = last_that(lambda count: self._fill(portion, orders, ahead, count) is not None, most)
        if not most:
            missing = sum(max(0, part.quantity - count) for count, part in zip(free, self.parts, strict=True))
            return Miss(NOT_ENOUGH, missing_quantity=max(1, missing), near=sum(map(bool, free)) == len(free) - 1)
        uses = most
        if self.price_minor is not None:
            uses = last_that(lambda count: self._gain(portion, orders, ahead, count), most)
        used = self._fill(portion, orders, ahead, uses) if uses else None
        if not used:
            return Miss(NOTHING_LEFT)
        return off_pieces(portion, self._saving(portion, used, uses), used, uses)

    def _gain(self, portion: Portion, orders: list[list[int]], ahead: _Ahead, uses: int) -> bool:
        last = self._fill(portion, orders, ahead, uses) or []
        before = self._fill(portion, orders, ahead, uses - 1) or []
        return cost_of(portion, last) - cost_of(portion, before) > (self.price_minor or 0)

    def _saving(self, portion: Portion, used: _Pieces, uses: int) -> int:
        cost = cost_of(portion, used)
        if self.price_minor is not None:
            return max(0, cost - uses * self.price_minor)
        if self.off_bp is not None:
            return share_bp(cost, self.off_bp)
        return uses * (self.off_minor or 0)

    def _fill(self, portion: Portion, orders: list[list[int]], ahead: _Ahead, uses: int) -> _Pieces | None:
        """Return the pieces of so many bundles, None when some part cannot be filled.

        Where parts share goods, a part leaves what only these can give to those after it.
        """
        used: dict[int, int] = {}
        wanted = [part.quantity * uses for part in self.parts]
        ahead.begin(wanted)
        for place, order in enumerate(orders):
            for row in order:
                if not wanted[place]:
                    break
                pieces = min(portion.left[row] - used.get(row, 0), wanted[place], ahead.spare(row, place))
                if pieces > 0:
                    used[row] = used.get(row, 0) + pieces
                    wanted[place] -= pieces
                    ahead.take(row, place, pieces)
            if wanted[place]:
                return None
        return list(used.items())

    def face(self) -> int:
        """What it takes off, or minus what it costs."""
        return self.off_minor or self.off_bp or -(self.price_minor or 0)

    def gives(self, money: Money) -> dict[str, str]:
        """Say the offer."""
        if self.price_minor is not None:
            return {"en": f"together {money(self.price_minor)}", "zh": f"组合价 {money(self.price_minor, short=True)}"}
        if self.off_bp is not None:
            return {"en": f"together {percent(self.off_bp)} off", "zh": f"组合{tenths(self.off_bp)}"}
        off = self.off_minor or 0
        return {"en": f"together {money(off)} off", "zh": f"组合减 {money(off, short=True)}"}


class _Ahead:
    """How many pieces each choice of parts has beyond what it wants: none of these may fall below 0."""

    __slots__ = ("_beyond", "_free", "_others", "_parts")

    def __init__(self, portion: Portion, orders: list[list[int]]) -> None:
        self._parts: dict[int, int] = {}
        for place, order in enumerate(orders):
            for row in order:
                self._parts[row] = self._parts.get(row, 0) | 1 << place
        self._free: dict[int, int] = {}
        self._beyond: dict[int, int] = {}
        self._others: dict[tuple[int, int], list[int]] = {}
        """By the parts a row is in and the part that takes of it: the choices of parts that lose by it."""
        shared = any(parts & (parts - 1) for parts in self._parts.values())
        for chosen in range(1, 1 << len(orders)) if shared and len(orders) <= MOST_PARTS else ():
            self._free[chosen] = sum([portion.left[row] for row, parts in self._parts.items() if parts & chosen])

    def most(self, quantities: list[int]) -> int:
        """Return how many bundles all choices of parts have enough for: so many can be filled."""
        fits = [
            free // sum([count for place, count in enumerate(quantities) if chosen >> place & 1])
            for chosen, free in self._free.items()
        ]
        return min(fits, default=MANY)

    def begin(self, wanted: list[int]) -> None:
        """Count anew, with so many pieces wanted by each part."""
        self._beyond = {
            chosen: free - sum([count for place, count in enumerate(wanted) if chosen >> place & 1])
            for chosen, free in self._free.items()
        }

    def spare(self, row: int, place: int) -> int:
        """Return how many pieces of a row the part may take so that the other parts can still be filled."""
        return min([self._beyond[chosen] for chosen in self._losing(row, place)], default=MANY)

    def take(self, row: int, place: int, pieces: int) -> None:
        """Note that the part takes pieces of a row."""
        for chosen in self._losing(row, place):
            self._beyond[chosen] -= pieces

    def _losing(self, row: int, place: int) -> list[int]:
        parts = self._parts[row]
        found = self._others.get((parts, place))
        if found is None:
            found = [chosen for chosen in self._free if chosen & parts and not chosen >> place & 1]
            self._others[parts, place] = found
        return found
