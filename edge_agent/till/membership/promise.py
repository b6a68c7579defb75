"""The points that a till promises: what a purchase brings its member, and what goods that come back take again.

Head office posts by the same function (`shared.loyalty.promised`), so a promise is its figure or none. None where the
till cannot know all that matters: a card that nobody has named yet, a member who, as the store knows, may not collect
for now, a rule that is not here or that this program cannot work by. Where head office named the card just now, it has
said tier and blocks with it: that is enough.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from edge_agent.record import receipts
from edge_agent.till import cards
from edge_agent.till.basket import Basket
from edge_agent.till.desk import Desk
from edge_agent.till.ports import TillBook
from edge_agent.till.shifts import ledger
from shared.loyalty import LineFacts, PieceBack, Promise, Purchase, TenderFacts, promised, promised_back
from shared.pricing import PricedBasket, PricedLine, uses_of
from shared.wire.events import ReturnedLine, SaleCompleted, Tender, decode_event


def of_basket(
    db: sqlite3.Connection,
    desk: Desk,
    basket: Basket,
    book: TillBook,
    *,
    priced: PricedBasket,
    tenders: Sequence[Tender],
    at_ms: int,
) -> Promise | None:
    """Return what a basket brings, paid like this at a moment; what is still to pay counts as money that earns."""
    who, rules = cards.on_sale(basket), desk.settings().points_rules
    if who is None or not rules or desk.stand.practice or (who.member is None and basket.named is None):
        return None
    blocked = cards.POINTS in basket.blocks
    if blocked and basket.named is None:
        return None
    bought = Purchase(
        lines=_lines(priced.lines, book),
        tenders=[TenderFacts(tender.method, tender.minor) for tender in tenders],
        uses=uses_of(priced),
    )
    day = date.fromisoformat(ledger.business_date(db, desk, at_ms))
    found = promised(rules, bought, who.tier or "", day)
    # The paper cannot know a block of a member whom the store does not: that they get none is the promise.
    return found._replace(points=0) if found and blocked else found


def of_return(
    db: sqlite3.Connection, desk: Desk, sale: UUID, lines: Sequence[ReturnedLine], before: Mapping[int, int]
) -> int | None:
    """Return how many points go back with lines of a sale; `before` is how much of each had come back until now.

    None for a sale that was promised none, and where what it was promised by is no longer here: rule, book, the sale.
    """
    content = receipts.content_of(db, sale)
    original = None if content is None else decode_event(content)
    if not isinstance(original, SaleCompleted) or original.points_promised is None or original.points_by is None:
        return None
    try:
        book = desk.books.at(db, original.book.version)
    except LookupError:
        return None
    bought = Purchase(lines=_lines(original.lines, book))
    pieces = [PieceBack(line.of_line, line.quantity, before.get(line.of_line, 0)) for line in lines]
    given = Promise(original.points_promised, original.points_by)
    return promised_back(desk.settings().points_rules, bought, given, pieces)


def _lines(lines: Sequence[PricedLine], book: TillBook) -> list[LineFacts]:
    found = []
    for line in lines:
        item = None if line.category else book.item(line.item)
        found.append(LineFacts(line.n, line.quantity, line.net_minor, item.category if item else line.category))
    return found
