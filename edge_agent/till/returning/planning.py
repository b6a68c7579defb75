"""What may come back of a sale, what is paid back for it, and by which ways the money goes."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from edge_agent.disk.agent_row import business_day
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.ports import VALUE_TENDERS, TillBook
from edge_agent.till.returning.plan import RefundPart
from shared.loyalty import share_returned
from shared.pricing import PricedLine
from shared.wire.events import ReturnedLine, SaleCompleted, TenderKind

BY_GATEWAY = (TenderKind.WECHAT, TenderKind.ALIPAY)
"""Ways to pay whose gateway gives money back by itself."""
_GIVES_BACK_FIRST = (
    TenderKind.WECHAT,
    TenderKind.ALIPAY,
    TenderKind.STORED_VALUE,
    TenderKind.GIFT_CARD,
    TenderKind.BANK_CARD,
    TenderKind.OTHER,
    TenderKind.EXCHANGE,
    TenderKind.CASH,
)


@dataclass(frozen=True, slots=True)
class Back:
    """What came back of a line so far."""

    quantity: int = 0
    refund_minor: int = 0
    tax_minor: int = 0


def back_so_far(db: sqlite3.Connection, original: UUID) -> dict[int, Back]:
    """Return what came back of each line of a sale in this store."""
    rows = db.execute(
        "SELECT of_line, quantity, refund_minor, tax_minor FROM returned_line WHERE original = ?", (original.bytes,)
    ).fetchall()
    return {line: Back(*sums) for line, *sums in rows}


def require_in_time(desk: Desk, sale: SaleCompleted) -> None:
    """Refuse a return that comes too many days after its sale."""
    days = desk.policies.return_days
    today = date.fromisoformat(business_day(desk.settings(), desk.clocks.business.now_ms()))
    if days and (today - date.fromisoformat(sale.business_date)).days > days:
        raise Refusal("receipt_too_old", sale.business_date)


def lines_back(
    db: sqlite3.Connection, sale: SaleCompleted, wanted: Mapping[int, int], reason: str
) -> list[ReturnedLine]:
    """Return what comes back of each line and its share of what was paid, to the cent over all parts of it."""
    before = back_so_far(db, sale.id)
    sold = {line.n: line for line in sale.lines}
    if not wanted or not all(wanted.values()):
        raise Refusal("nothing_returned")
    found = []
    for n, quantity in sorted(wanted.items()):
        line = sold.get(n)
        if line is None:
            raise Refusal("no_such_line", str(n))
        found.append(share_of(line, quantity, before.get(n, Back()), reason))
    return found


def deposits_of(book: TillBook, lines: Sequence[PricedLine]) -> dict[int, int]:
    """Return, by the line of a deposit, the line it was charged with.

    A till rings it up as the very next line with as many pieces, and the price book says which deposit an item has.
    """
    found = {}
    for line, following in itertools.pairwise(sorted(lines, key=lambda one: one.n)):
        item = book.item(line.item)
        belongs = following.n == line.n + 1 and following.quantity == line.quantity
        if item is not None and item.deposit and item.deposit == following.item and belongs:
            found[following.n] = line.n
    return found


def with_deposits(
    db: sqlite3.Connection, book: TillBook, sale: SaleCompleted, wanted: Mapping[int, int]
) -> dict[int, int]:
    """Return what is wanted back with the deposits of it, as far as they have not come back yet by themselves.

    Who names a deposit's line says so how much of it comes back.
    """
    before, none = back_so_far(db, sale.id), Back()
    sold = {line.n: line.quantity for line in sale.lines}
    found = dict(wanted)
    for n, of in deposits_of(book, sale.lines).items():
        pieces = min(wanted.get(of, 0), sold[n] - before.get(n, none).quantity)
        if n not in wanted and pieces > 0:
            found[n] = pieces
    return found


def share_of(line: PricedLine, quantity: int, back: Back, reason: str) -> ReturnedLine:
    """Return a line's part that comes back now: the share of all so far, less what was paid back for it already."""
    total = back.quantity + quantity
    if quantity < 1 or total > line.quantity:
        raise Refusal("returned_before", f"{line.n}: {line.quantity - back.quantity}")
    return ReturnedLine(
        of_line=line.n,
        quantity=quantity,
        refund_minor=share_returned(line.net_minor, total, line.quantity, back.refund_minor),
        tax_minor=share_returned(line.tax_minor, total, line.quantity, back.tax_minor),
        reason=reason,
    )


def refunds_for(db: sqlite3.Connection, sale: SaleCompleted, total_minor: int, *, in_cash: bool) -> list[RefundPart]:
    """Return how the money goes back: to the sale's own tenders, phones and cards before cash, or all in cash.

    Each tender gets back at most what it gave, less what went back to it before.
    """
    if in_cash:
        return [RefundPart(method=TenderKind.CASH, minor=total_minor)]
    rows = db.execute("SELECT n, minor FROM refunded_tender WHERE original = ?", (sale.id.bytes,)).fetchall()
    gone = dict(rows)
    order = sorted(enumerate(sale.tenders, start=1), key=lambda one: (_GIVES_BACK_FIRST.index(one[1].method), one[0]))
    parts: list[RefundPart] = []
    left = total_minor
    for n, tender in order:
        minor = min(left, tender.minor - gone.get(n, 0))
        if minor <= 0:
            continue
        back_by = TenderKind.CASH if tender.method is TenderKind.EXCHANGE else tender.method
        pays_back = tender.reference if tender.attempt is not None and back_by in BY_GATEWAY else ""
        of_hold = tender.attempt if back_by in VALUE_TENDERS else None
        parts.append(RefundPart(method=back_by, minor=minor, of_tender=n, pays_back=pays_back, of_hold=of_hold))
        left -= minor
    if left > 0:
        parts.append(RefundPart(method=TenderKind.CASH, minor=left))
    return parts


def note_back(db: sqlite3.Connection, original: UUID, lines: list[ReturnedLine], refunds: list[RefundPart]) -> None:
    """Count what came back of a sale, and what of its tenders went back."""
    db.executemany(
        "INSERT INTO returned_line (original, of_line, quantity, refund_minor, tax_minor) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (original, of_line) DO UPDATE SET quantity = quantity + excluded.quantity,"
        " refund_minor = refund_minor + excluded.refund_minor, tax_minor = tax_minor + excluded.tax_minor",
        [(original.bytes, one.of_line, one.quantity, one.refund_minor, one.tax_minor) for one in lines],
    )
    db.executemany(
        "INSERT INTO refunded_tender (original, n, minor) VALUES (?, ?, ?)"
        " ON CONFLICT (original, n) DO UPDATE SET minor = minor + excluded.minor",
        [(original.bytes, one.of_tender, one.minor) for one in refunds if one.of_tender is not None],
    )
