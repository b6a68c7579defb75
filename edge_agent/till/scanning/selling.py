"""Ringing up what a scan said of an item: which pack of it, and how much."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from edge_agent.till import baskets, ringing
from edge_agent.till.desk import Desk, Refusal, book_for
from edge_agent.till.ports import FoundItem, TillBook
from edge_agent.till.results import LineAdded, LineChanged
from edge_agent.till.scanning import tally
from edge_agent.till.scanning.telling import Goods
from edge_agent.till.selling import recalls
from shared.codes import (
    Gs1Code,
    LabelFinding,
    LabelQuantity,
    LabelRefused,
    VariableMeasure,
    quantity_of_label,
)
from shared.pricing import Item, Unit

LABEL_FINDINGS = frozenset(finding.value for finding in LabelFinding)
"""Refusals that say something about a scale."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What to look up, in this order, and what the code itself says about the goods."""

    codes: tuple[str, ...]
    gtin: str = ""
    batch: str = ""
    label: VariableMeasure | None = None


def ring_scanned(db: sqlite3.Connection, desk: Desk, goods: Goods) -> LineAdded:
    """Add what was scanned as the next line: by piece, or as much as its label says."""
    sought = sought_by(goods)
    book = book_for(db, desk, baskets.load_open(db, desk.till))
    code, found = find(book, sought)
    if found is None:
        return ringing.ring(db, desk, code)  # which refuses it
    pack = ringing.Pack(sought.gtin, sought.batch)
    if sought.label is None:
        return ringing.ring(db, desk, code, pack=pack)
    recalls.require_not_recalled(desk, found.item, code, gtin=pack.gtin, batch=pack.batch)
    amount = measured(sought.label, found.item, book)
    added = ringing.ring(db, desk, code, pack=pack)
    changed = _set(db, desk, found, amount)
    if not sought.label.check_fits:
        tally.note(db, desk, sought.label.format, tally.CHECK_IGNORED)
    return replace(added, line=changed.line, total_minor=changed.total_minor, measure=None)


def ring_item(db: sqlite3.Connection, desk: Desk, item: str) -> LineAdded:
    """Add an item that was chosen, by its own number whatever that looks like.

    A number that is also the barcode of other goods sells under one of the item's own barcodes.
    """
    book = book_for(db, desk, baskets.load_open(db, desk.till))
    chosen = book.item(item)
    if chosen is None:
        raise Refusal("unknown_item", item)
    codes = (item, *(barcode.code for barcode in chosen.barcodes))
    own = (code for code in codes if (found := book.by_code(code)) is not None and found.item.item == item)
    return ringing.ring(db, desk, next(own, item), pack=ringing.Pack(chosen=True))


def sought_by(goods: Goods) -> Sought:
    """Return what a code names: what to look up, and what the code itself says."""
    if isinstance(goods, VariableMeasure):
        return Sought(goods.look_up, label=goods)
    if isinstance(goods, Gs1Code):
        return Sought((goods.code,), goods.gtin, goods.batch, _as_label(goods))
    return Sought((goods.code,), goods.gtin)


def _as_label(code: Gs1Code) -> VariableMeasure | None:
    """Return the measure in a GS1 code of a variable item; a count of pieces in it is for the warehouse."""
    if code.weight_g is None and code.amount_minor is None:
        return None
    return VariableMeasure(item=code.code, format="gs1", weight_g=code.weight_g, amount_minor=code.amount_minor)


def find(book: TillBook, sought: Sought) -> tuple[str, FoundItem | None]:
    """Return the first code that names an item, and the item; without any the first code and None."""
    for code in sought.codes:
        found = book.by_code(code)
        if found is not None:
            return code, found
    return sought.codes[0], None


def measured(label: VariableMeasure, item: Item, book: TillBook) -> LabelQuantity:
    """Return how much of an item its label says there is, or refuse."""
    price = book.price(item.item)
    if price is None:
        raise Refusal("price_missing", item.item)
    prices = [one for one in (price.regular(), price.member()) if one is not None]
    answer = quantity_of_label(label, item.unit, prices)
    if isinstance(answer, LabelRefused):
        detail = f"{answer.label_minor} {answer.book_minor}" if answer.book_minor else item.item
        raise Refusal(answer.finding.value, detail)
    return answer


def _set(db: sqlite3.Connection, desk: Desk, found: FoundItem, amount: LabelQuantity) -> LineChanged:
    if found.item.unit is Unit.EACH:
        return ringing.set_quantity(db, desk, amount.quantity, None)
    how = ringing.Measured(label_minor=amount.amount_minor)
    return ringing.measure(db, desk, amount.quantity, found.item.unit, None, how=how)
