"""Layer 1: of all prices a customer is eligible for, each piece gets the lowest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.money import UnitPrice
from shared.pricing.effect import MANY, last_that
from shared.pricing.layers import MEMBER_PRICE
from shared.pricing.model import Payer
from shared.pricing.state import Row, State

_SCALE = 64


@dataclass(slots=True, eq=False)
class Offered:
    """A price that a customer may have for some rows; `left` pieces of it, `money` of its budget."""

    unit: UnitPrice
    source: str
    reason: str
    payers: dict[Payer, int]
    order: tuple[object, ...]
    left: int
    money: int
    exclusive: bool = False
    """Shuts the article out of every later layer."""
    limited: bool = field(init=False)
    """Whether there are pieces of it, or money for it, up to a limit."""

    def __post_init__(self) -> None:
        self.limited = self.left < MANY or self.money < MANY

    @property
    def key(self) -> int:
        """The price of one unit, as an integer to sort by."""
        return _key(self.unit)


def _key(price: UnitPrice) -> int:
    return (price.minor << _SCALE) // price.basis


@dataclass(frozen=True, slots=True)
class Given:
    """What an offered price saved on a row: the parts by line, and how many pieces got it."""

    offered: Offered
    row: int
    pieces: int
    parts: list[int]
    withheld: int = 0


def lowest_prices(state: State, offers: Mapping[int, Sequence[Offered]], *, member: bool) -> list[Given]:
    """Give each row the lowest prices there are for it; where a price is limited, to those that save most by it first.

    What they save by it is counted from the price they would have without it. Where what is left of a budget does not
    bring a piece down to a price, the next price is theirs instead if it saves more.
    """
    given: list[Given] = []
    for row in _most_saving_first(state, offers, member=member):
        own = row.price.member() if member else None
        theirs = offers.get(row.index, ())
        if own is None and not theirs:
            continue
        here = list(theirs)
        if own is not None:
            here.append(Offered(own, "", MEMBER_PRICE, {}, (), MANY, MANY))
        if len(here) == 1:
            found = (
                _whole(state, row, here[0]) if here[0].left >= row.pieces else _some(state, row, here[0], row.pieces)
            )
            given += [found] if found else []
        else:
            given += _fill(state, row, here)
    return given


def _most_saving_first(state: State, offers: Mapping[int, Sequence[Offered]], *, member: bool) -> Sequence[Row]:
    if not any(offer.limited for here in offers.values() for offer in here):
        return state.rows

    def saving(row: Row) -> int:
        here, own = offers.get(row.index, ()), row.price.member() if member else None
        without = [_key(row.regular), *(offer.key for offer in here if not offer.limited)]
        lowest = min([*without, _key(own)] if own is not None else without)
        return max([lowest - offer.key for offer in here if offer.limited], default=0)

    return sorted(state.rows, key=lambda row: (-saving(row), row.index))


def _fill(state: State, row: Row, offers: list[Offered]) -> list[Given]:
    """Give a row's pieces the cheapest price first, as far as its limit goes, then the next."""
    offers.sort(key=lambda offer: (offer.key, offer.source != "", offer.order))
    free, given = row.pieces, list[Given]()
    for place, offer in enumerate(offers):
        if free:
            found = _at_price(state, row, offer, free, offers[place + 1 :])
            given += found
            free -= sum([one.pieces for one in found])
    for offer in offers:  # what is left of budgets, for pieces that got no price at all
        found_last = _some(state, row, offer, free) if free and offer.limited else None
        if found_last is not None:
            given.append(found_last)
            free -= found_last.pieces
    return given


def _at_price(state: State, row: Row, offer: Offered, free: int, later: Sequence[Offered]) -> list[Given]:
    """Bring pieces to a price as far as its limits go; the rest of a budget goes to one more if no later saves more."""
    count = min(free, offer.left)
    if offer.limited and later:
        count = last_that(lambda pieces: _saving(row, offer, pieces) <= offer.money, count)
    whole = count == free == row.pieces
    found = _whole(state, row, offer) if whole else _some(state, row, offer, count)
    given = [found] if found is not None else []
    if count < min(free, offer.left):
        rest = min(offer.money, _saving(row, offer, 1))
        if rest > max([min(_saving(row, other, 1), other.money) for other in later if other.left], default=0):
            more = _some(state, row, offer, 1)
            given += [more] if more is not None else []
    return given


def _saving(row: Row, offer: Offered, pieces: int) -> int:
    """Return what a price takes off some pieces of a row, floors and budgets apart."""
    quantity = row.quantity * pieces // row.pieces
    return max(0, row.regular.amount(quantity) - offer.unit.amount(quantity))


def _whole(state: State, row: Row, offer: Offered) -> Given | None:
    """Bring a whole row to a price: each line is rounded before it is compared."""
    parts = [max(0, line.gross - offer.unit.amount(line.line.quantity)) for line in row.lines]
    saving = sum(parts)
    room = min(state.room(row.index), offer.money) if state.floored or offer.money < saving else saving
    if saving <= 0 or room <= 0:
        return None
    if room < saving:
        return _write(state, row, offer, room, pieces=row.pieces, withheld=saving - room)
    state.net[row.index] -= saving
    for line, part in zip(row.lines, parts, strict=True):
        if part:
            line.take(part, offer.reason, offer.source, offer.payers)
    return _given(row, offer, row.pieces, parts, 0)


def _some(state: State, row: Row, offer: Offered, free: int) -> Given | None:
    """Bring some pieces of a row to a price."""
    count = min(free, offer.left)
    if count <= 0:
        return None
    saving = _saving(row, offer, count)
    room = min(saving, offer.money)
    if state.floored:
        cost = row.regular.amount(row.quantity * count // row.pieces)
        room = min(room, state.room(row.index), cost - state.floor_of(row.index, count))
    return _write(state, row, offer, room, pieces=count, withheld=saving - room) if room > 0 else None


def _write(state: State, row: Row, offer: Offered, saving: int, *, pieces: int, withheld: int) -> Given:
    parts = state.take(row.index, saving, offer.reason, offer.source, offer.payers)
    return _given(row, offer, pieces, parts, withheld)


def _given(row: Row, offer: Offered, pieces: int, parts: list[int], withheld: int) -> Given:
    offer.left -= pieces
    offer.money -= sum(parts)
    row.closed = row.closed or offer.exclusive
    return Given(offer, row.index, pieces, parts, withheld)
