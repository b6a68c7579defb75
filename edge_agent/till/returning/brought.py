"""Goods somebody brings back without a receipt: what they are, by any code that names them, and how much of them."""

from __future__ import annotations

import sqlite3

from edge_agent.till.desk import Desk, Refusal, book_for
from edge_agent.till.ports import TillBook
from edge_agent.till.returning.results import Brought
from edge_agent.till.scanning.selling import find, measured, sought_by
from edge_agent.till.scanning.telling import code_tables
from shared.codes import Gs1Code, ItemCode, VariableMeasure, classify
from shared.pricing import Item, Unit


def look_at(db: sqlite3.Connection, desk: Desk, text: str, count: int) -> Brought:
    """Say what a scanned or typed code names, and how much of it: what a label says, else pieces, else to be weighed.

    A pack past its date or called back may come back; so nothing here asks whether it may be sold.
    """
    book = book_for(db, desk, None)
    told = classify(text, code_tables(desk.settings()))
    label, found = None, None
    if isinstance(told, ItemCode | VariableMeasure | Gs1Code):
        sought = sought_by(told)
        label, found = sought.label, find(book, sought)[1]
    item = found.item if found is not None else book.item(text.strip())
    if item is None or book.price(item.item) is None:
        raise Refusal("goods_unknown", text[:64])
    pieces = found.pieces if found is not None else 1
    return Brought(item.item, item.names, item.unit, _quantity(book, item, label, count * pieces))


def _quantity(book: TillBook, item: Item, label: VariableMeasure | None, count: int) -> int | None:
    if item.unit is Unit.EACH:
        return count if label is None else count * measured(label, item, book).quantity
    if count != 1:
        raise Refusal("weighed_times", item.item)
    if label is None:
        return None
    by_weight = item.unit is Unit.GRAM and label.weight_g
    return by_weight or measured(label, item, book).quantity
