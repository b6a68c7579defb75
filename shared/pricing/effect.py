"""What a promotion may act on, and what it then does: the two halves of every kind's effect function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from shared.money import divide_half_up
from shared.pricing.context import PointsOffer
from shared.pricing.model import Gift
from shared.pricing.state import State

MANY = 1 << 40
"""More uses, pieces or money than any basket has."""


class Facts:
    """What of the context an effect may need beside the rows."""

    __slots__ = ("choices", "points_as_money", "points_left", "tier")

    def __init__(self, tier: str, choices: dict[str, list[str]], points: PointsOffer | None) -> None:
        self.tier = tier
        self.choices = choices
        self.points_left = points.may_spend if points else 0
        self.points_as_money = points.as_money if points else 0

    def spend(self, points: int, *, as_money: bool) -> None:
        """Spend points; what was spent as money is no longer asked for."""
        self.points_left -= points
        if as_money:
            self.points_as_money -= points


class Portion:
    """The part of a basket that one promotion may act on.

    `rows` are the indexes of the promotion's own scope, `others` those of its further scopes in the order of
    `Promotion.scopes()`, `need_rows` those its threshold looks at; all in canonical order. `left` says how many pieces
    of each row are free, `most` how many times the promotion may apply, `money` how much it may give.
    """

    __slots__ = ("aside", "facts", "left", "money", "most", "need_rows", "others", "promotion", "rows", "state")

    def __init__(
        self,
        promotion: str,
        state: State,
        scopes: Sequence[list[int]],
        need_rows: list[int],
        facts: Facts,
        *,
        most: int = MANY,
        money: int = MANY,
    ) -> None:
        self.promotion = promotion
        self.state = state
        self.rows = scopes[0]
        self.others = scopes[1:]
        self.need_rows = need_rows
        self.left = state.left
        self.facts = facts
        self.most = most
        self.money = money
        self.aside: list[tuple[int, int]] = []
        """Pieces that do not count towards the promotion's own threshold, as (row, pieces)."""

    def net(self) -> int:
        """Return what the rows cost now."""
        net = self.state.net
        return sum([net[row] for row in self.rows])

    def free(self, rows: Sequence[int]) -> int:
        """Return how many pieces of some rows are free."""
        left = self.left
        return sum([left[row] for row in rows])

    def dearest_first(self, rows: Sequence[int]) -> list[int]:
        """Return rows with free pieces, the dearest piece first; ties in canonical order."""
        left, key = self.left, self.state.unit_key
        free = [row for row in rows if left[row]]
        return free if len(free) < 2 else sorted(free, key=lambda row: (-key(row), row))

    def cheapest_first(self, rows: Sequence[int]) -> list[int]:
        """Return rows with free pieces, the cheapest piece first; ties in canonical order."""
        left, key = self.left, self.state.unit_key
        free = [row for row in rows if left[row]]
        return free if len(free) < 2 else sorted(free, key=lambda row: (key(row), row))

    def chosen(self) -> list[str]:
        """Return the items the customer chose of this promotion."""
        return self.facts.choices.get(self.promotion, [])


class Effect(msgspec.Struct, gc=False, kw_only=True):
    """What a promotion does: `saving` spread over `bears` as (row, weight, room), `used` pieces by row."""

    saving: int
    uses: int = 1
    used: list[tuple[int, int]] = []
    bears: list[tuple[int, int, int]] = []
    withheld: int = 0
    points: int = 0
    spent_points: int = 0
    multiplier_bp: int = 0
    base_minor: int = 0
    gifts: list[Gift] = []
    issues: list[str] = []
    missing_minor: int = 0
    """What would bring the next step or use, once this one applies."""
    missing_quantity: int = 0


class Miss(msgspec.Struct):
    """Why a promotion does nothing here, and what the customer would have to add for it, if that is all."""

    reason: str
    missing_minor: int = 0
    missing_quantity: int = 0
    near: bool = False
    """Close enough to be worth saying."""
    gifts: list[Gift] = []


NOTHING_LEFT = "nothing_left"
"""Nothing in scope costs anything any more."""
NOT_ENOUGH = "not_enough"
"""Too few pieces, or too little spent."""


def off_rows(portion: Portion, minor: int, rows: Sequence[int] | None = None) -> Effect | Miss:
    """Take an amount off whole rows, as far as budget and floors let it."""
    state = portion.state
    net = state.net
    given = portion.rows if rows is None else rows
    if not state.floored:
        bears = [(row, net[row], net[row]) for row in given if net[row]]
    else:
        bears = [(row, net[row], state.room(row)) for row in given if net[row]]
    return _limited(portion, minor, bears, [(row, portion.left[row]) for row in given], 1)


def capped(minor: int, cap: int | None) -> int:
    """Return an amount, at most its cap if there is one."""
    return minor if cap is None else min(minor, cap)


def off_each(portion: Portion, amounts: Sequence[tuple[int, int]], cap: int | None) -> Effect | Miss:
    """Take an amount of its own off each row, never more than the row has room for."""
    state = portion.state
    bears = [(row, min(minor, state.net[row])) for row, minor in amounts]
    parts = [(row, minor, min(minor, state.room(row))) for row, minor in bears if minor]
    return _limited(portion, MANY if cap is None else cap, parts, [(row, portion.left[row]) for row, _ in amounts], 1)


def off_pieces(
    portion: Portion,
    minor: int,
    used: Sequence[tuple[int, int]],
    uses: int,
    *,
    borne_by: Sequence[tuple[int, int]] | None = None,
) -> Effect | Miss:
    """Take an amount off the pieces a set used (or off those that bear it), as far as budget and floors let it."""
    state, left = portion.state, portion.left
    bears = []
    for row, count in used if borne_by is None else borne_by:
        cost = state.value(row, count, left[row])
        if cost:
            bears.append((row, cost, _room(state, row, count, cost)))
    return _limited(portion, minor, bears, list(used), uses)


def off_each_piece(portion: Portion, pieces: Sequence[tuple[int, int, int]]) -> Effect | Miss:
    """Bring pieces, as (row, pieces, price of one), down to a price; what they save stays on them."""
    state, left = portion.state, portion.left
    bears = []
    for row, count, price in pieces:
        cost = state.value(row, count, left[row])
        saving = cost - price * count
        if saving > 0:
            bears.append((row, saving, min(saving, _room(state, row, count, cost))))
    used = [(row, count) for row, count, _ in pieces]
    return _limited(portion, MANY, bears, used, sum([count for _, count in used]))


def _room(state: State, row: int, count: int, cost: int) -> int:
    """Return what may come off some pieces of a row that cost so much: none of them goes below its floor."""
    if not state.floored:
        return cost
    return max(0, min(cost - state.floor_of(row, count), state.room(row)))


def spent(portion: Portion, basis: str) -> int:
    """Return what was spent in the portion's own scope, without what its promotion sets aside."""
    state = portion.state
    amounts = state.net if basis == "running" else state.gross
    total = sum([amounts[row] for row in portion.rows])
    own = set(portion.rows)
    return total - sum(
        divide_half_up(amounts[row] * count, state.pieces[row]) for row, count in portion.aside if row in own
    )


def _limited(
    portion: Portion, minor: int, bears: list[tuple[int, int, int]], used: list[tuple[int, int]], uses: int
) -> Effect | Miss:
    weight = sum([part[1] for part in bears])
    room = sum([part[2] for part in bears]) if portion.state.floored else weight
    wanted = min(minor, weight, portion.money)
    saving = min(wanted, room)
    if saving <= 0:
        return Miss("floor" if wanted > 0 else NOTHING_LEFT)
    return Effect(saving=saving, uses=uses, used=used, bears=bears, withheld=wanted - saving)


def take_in_order(left: Sequence[int], rows: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Return `count` free pieces from rows in the order given, as (row, pieces)."""
    taken = []
    for row in rows:
        if count <= 0:
            break
        pieces = min(left[row], count)
        if pieces:
            taken.append((row, pieces))
            count -= pieces
    return taken


def cost_of(portion: Portion, used: Sequence[tuple[int, int]]) -> int:
    """Return what pieces cost."""
    value, left = portion.state.value, portion.left
    return sum([value(row, count, left[row]) for row, count in used])


def last_that(holds: Callable[[int], bool], most: int) -> int:
    """Return the largest number from 0 to `most` for which a condition holds, given that it only ever stops holding."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
