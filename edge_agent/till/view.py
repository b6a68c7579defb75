"""What a till page or a customer's display shows of the open basket."""

from __future__ import annotations

import sqlite3

from edge_agent.till import baskets, cards
from edge_agent.till.basket import Basket
from edge_agent.till.desk import Desk, book_for, priced
from edge_agent.till.ports import TillBook
from edge_agent.till.results import BasketView
from shared.pricing import PricedBasket


def view(db: sqlite3.Connection, desk: Desk) -> BasketView | None:
    """Return the open basket with prices, reasons and names; None when none is open."""
    basket = baskets.load_open(db, desk.till)
    if basket is None:
        return None
    book = book_for(db, desk, basket) if basket.lines else None
    now_priced = priced(desk, basket, book) if book else PricedBasket(lines=[], total_minor=0, saved_minor=0)
    member = cards.attached(basket.card, basket.id, now_priced.total_minor, named=basket.named) if basket.card else None
    return BasketView(
        basket=basket.id,
        version=basket.version,
        priced=now_priced,
        names=_names(book, basket) if book else {},
        member=member,
        paid_minor=basket.paid_minor,
        steps=basket.steps,
    )


def _names(book: TillBook, basket: Basket) -> dict[int, dict[str, str]]:
    found = {line.n: book.item(line.item) for line in basket.lines}
    return {n: item.names for n, item in found.items() if item}
