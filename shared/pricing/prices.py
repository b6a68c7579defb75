"""Layer 1: of all prices a customer is eligible for, each piece gets the lowest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.money import UnitPrice
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

    @property
    def key(self) -> int:
        """The price of one unit, as an integer to sort by."""
        return (self.unit.minor << _SCALE) // self.unit.basis


@dataclass(frozen=True, slots=True)
class Given:
    """What an offered price saved on a row: the parts by line, and how many pieces got it."""

    offered: Offered
    row: int
    pieces: int
    parts: list[int]
    withheld: int = 0


def lowest_prices(state: State, offers: Mapping[int, Sequence[Offered]], *, member: bool) -> list[Given]:
    """Give each row the lowest prices there are for it; where pieces are limited, to those that save most first."""
    given: list[Given] = []
    for row in _most_saving_first(state, offers):
        own = row.price.member() if member else None
        theirs = offers.get(row.index, ())
        if own is None and not theirs:
            continue
        here = list(theirs)
        if own is not None:
            here.append(Offered(own, "", MEMBER_PRICE, {}, (), row.quantity, state.net[row.index]))
        if len(here) == 1:
            found = (
                _whole(state, row, here[0]) if here[0].left >= row.pieces else _some(state, row, here[0], row.pieces)
            )
            given += [found] if found else []
        else:
            given += _fill(state, row, here)
    return given


def _most_saving_first(state: State, offers: Mapping[int, Sequence[Offered]]) -> Sequence[Row]:
    limited = any(
        offer.left < state.pieces[row] or offer.money < state.net[row] for row, here in offers.items() for offer in here
    )
    if not limited:
        return state.rows

    def saving(row: Row) -> int:
        regular = (row.regular.minor << _SCALE) // row.regular.basis
        return max([regular - offer.key for offer in offers.get(row.index, ())], default=0)

    return sorted(state.rows, key=lambda row: (-saving(row), row.index))


def _fill(state: State, row: Row, offers: list[Offered]) -> list[Given]:
    """Give a row's pieces the cheapest price first, as far as its limit goes, then the next."""
    offers.sort(key=lambda offer: (offer.key, offer.source != "", offer.order))
    free, given = row.pieces, []
    for offer in offers:
        if not free:
            break
        whole = free == row.pieces and offer.left >= free
        found = _whole(state, row, offer) if whole else _some(state, row, offer, free)
        if found is not None:
            given.append(found)
            free -= found.pieces
    return given


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
    quantity = row.quantity * count // row.pieces
    saving = row.regular.amount(quantity) - offer.unit.amount(quantity)
    room = min(saving, state.room(row.index), offer.money)
    return _write(state, row, offer, room, pieces=count, withheld=saving - room) if room > 0 else None


def _write(state: State, row: Row, offer: Offered, saving: int, *, pieces: int, withheld: int) -> Given:
    parts = state.take(row.index, saving, offer.reason, offer.source, offer.payers)
    return _given(row, offer, pieces, parts, withheld)


def _given(row: Row, offer: Offered, pieces: int, parts: list[int], withheld: int) -> Given:
    offer.left -= pieces
    offer.money -= sum(parts)
    row.closed = row.closed or offer.exclusive
    return Given(offer, row.index, pieces, parts, withheld)
