"""The basket while it is being priced: one row per article however often it was scanned, and what is left of each.

Scanned in any order, one by one or by quantity, the same goods make the same rows in the same order; only the last step
writes a row's discounts to its lines. That is why the order of scanning changes nothing, and why six thousand pieces of
one article cost no more than one.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.money import UnitPrice, allocate
from shared.pricing.model import BasketLine, Discount, Payer, PricedLine, PriceMissing
from shared.pricing.price_list import Item, Price, PriceList, Unit

_SCALE = 64
"""Unit costs are compared as integers: two different ones of baskets below 2**32 units differ at this scale."""


class WorkLine:
    """A line, what it costs at its price, what is left, and why."""

    __slots__ = ("discounts", "gross", "line", "net", "row")

    def __init__(self, line: BasketLine, row: Row, gross: int) -> None:
        self.line = line
        self.row = row
        self.gross = gross
        self.net = gross
        self.discounts: list[Discount] = []

    def take(self, minor: int, reason: str, source: str, payers: dict[Payer, int]) -> None:
        """Write a discount."""
        self.net -= minor
        self.discounts.append(Discount(reason=reason, minor=minor, source=source, payers=payers))


class Row:
    """One article of the basket at one price. A weighed line is a row and a piece of its own.

    `regular` is the price of its lines: where that is a fact (a label's, or one asked for at the till), the fact's.
    """

    __slots__ = ("closed", "floor", "gross", "index", "item", "lines", "pieces", "price", "quantity", "regular")

    def __init__(self, item: Item, price: Price, regular: UnitPrice) -> None:
        self.index = 0
        self.item = item
        self.price = price
        self.regular = regular
        self.lines: list[WorkLine] = []
        self.quantity = 0
        self.pieces = 0
        self.gross = 0
        self.floor = 0
        self.closed = False

    def add(self, line: BasketLine) -> WorkLine:
        """Put a line on the row."""
        regular = self.regular
        gross = regular.minor * line.quantity if regular.basis == 1 else regular.amount(line.quantity)
        gross = gross if line.label_minor is None else line.label_minor
        work = WorkLine(line, self, gross)
        self.lines.append(work)
        self.quantity += line.quantity
        self.pieces += line.quantity if self.item.unit is Unit.EACH else 1
        self.gross += gross
        return work


class State:
    """All rows in canonical order, with what is left of each in parallel lists, which the search may copy."""

    __slots__ = ("floored", "gross", "left", "net", "pieces", "rows", "work")

    def __init__(self, rows: list[Row], work: list[WorkLine]) -> None:
        self.rows = rows
        self.work = work
        self.gross = [row.gross for row in rows]
        self.net = self.gross[:]
        self.pieces = [row.pieces for row in rows]
        self.left = self.pieces[:]
        """Pieces that no promotion of the group being decided has used."""
        self.floored = any(row.floor for row in rows)

    def room(self, index: int) -> int:
        """Return what may still come off a row."""
        return max(0, self.net[index] - self.rows[index].floor)

    def floor_of(self, index: int, count: int) -> int:
        """Return the least that some pieces of a row cost."""
        return -(-self.rows[index].floor * count // self.pieces[index])

    def unit_key(self, index: int) -> int:
        """Return a row's cost per piece as an integer to sort by."""
        return (self.net[index] << _SCALE) // self.pieces[index]

    def value(self, index: int, count: int, left: int) -> int:
        """Return what `count` of a row's pieces cost when `left` of them are free; all parts add up to the row."""
        pieces, net = self.pieces[index], self.net[index]
        if count == pieces:
            return net
        unit, rest = divmod(net, pieces)
        if not rest:
            return unit * count
        start = pieces - left
        return (2 * net * (start + count) + pieces) // (2 * pieces) - (2 * net * start + pieces) // (2 * pieces)

    def take(self, index: int, minor: int, reason: str, source: str, payers: dict[Payer, int]) -> list[int]:
        """Take money off a row and write it to its lines in proportion to what they cost; return the parts."""
        self.net[index] -= minor
        lines = self.rows[index].lines
        if len(lines) == 1:
            lines[0].take(minor, reason, source, payers)
            return [minor]
        parts = allocate(minor, [line.net for line in lines])
        for line, part in zip(lines, parts, strict=True):
            if part:
                line.take(part, reason, source, payers)
        return parts


def open_state(lines: Sequence[BasketLine], book: PriceList) -> State:
    """Bring a basket's lines into rows. Raise PriceMissing for an item without a price."""
    articles: dict[str | tuple[str, UnitPrice], Row] = {}
    rows: list[Row] = []
    work: list[WorkLine] = []
    for line in lines:
        row = articles.get(line.item) if line.label_minor is None else None
        if row is None:
            row = _row(line, book)
            if row.item.unit is Unit.EACH and row.regular.basis == 1:
                name = line.item if line.label_minor is None else (line.item, row.regular)
                known = articles.setdefault(name, row)
                if known is not row:
                    work.append(known.add(line))
                    continue
            rows.append(row)
        work.append(row.add(line))
    if len(rows) > 1:
        rows.sort(key=_canonical)
    for index, row in enumerate(rows):
        row.index = index
        if len(row.lines) > 1:
            row.lines.sort(key=_number)
        floor = row.price.floor_minor
        if floor:
            row.floor = UnitPrice(floor, row.price.basis).amount(row.quantity)
    return State(rows, work)


def _row(line: BasketLine, book: PriceList) -> Row:
    item, price, label = book.item(line.item), book.price(line.item), line.label_minor
    if item is None or price is None:
        raise PriceMissing(line.item, book.version)
    return Row(item, price, price.regular() if label is None else _stated(label, line.quantity, item.unit))


def _canonical(row: Row) -> tuple[str, int, int, int]:
    return row.item.item, row.quantity, row.gross, row.lines[0].line.n


def _number(line: WorkLine) -> int:
    return line.line.n


def priced_lines(state: State) -> list[PricedLine]:
    """Return the lines in basket order with everything that was taken off them."""
    return [_priced(work) for work in state.work]


def _stated(minor: int, quantity: int, unit: Unit) -> UnitPrice:
    """Return the price of a line whose amount is a fact: a piece where it was asked for, else the whole of it."""
    if unit is Unit.EACH and minor % quantity == 0:
        return UnitPrice(minor // quantity)
    return UnitPrice(minor, quantity)


def _priced(work: WorkLine) -> PricedLine:
    line, row, net = work.line, work.row, work.net
    item = row.item
    rate = item.tax_rate_bp
    base = 10_000 + rate
    return PricedLine(
        n=line.n,
        item=line.item,
        quantity=line.quantity,
        unit=item.unit,
        price=row.regular if line.label_minor is None else _stated(line.label_minor, line.quantity, item.unit),
        net_minor=net,
        discounts=work.discounts,
        tax_code=item.tax_code,
        tax_rate_bp=rate,
        tax_minor=(2 * net * rate + base) // (2 * base) if rate else 0,
        code=line.code,
    )
