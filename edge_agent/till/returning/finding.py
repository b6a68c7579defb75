"""Finding the sale behind a receipt: by the code on its paper, or by its number."""

from __future__ import annotations

import re
import sqlite3
from functools import partial
from uuid import UUID

from edge_agent.record import receipts
from edge_agent.record.receipts import ReceiptRow
from edge_agent.till.asks import ReceiptAsked
from edge_agent.till.desk import Desk, Refusal
from shared.wire.events import SaleCompleted, SaleReturned, decode_event

_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"^(?:(?P<till>[\w-]{1,32})[/ ])?(?:(?P<series>[0-9a-z]{6})-)?(?P<number>[0-9]{1,9})$")


def row_for(db: sqlite3.Connection, desk: Desk, text: str) -> ReceiptRow:
    """Return the receipt that a scanned or typed text means: a receipt's code, or `till/series-number`.

    The till is named by its id or its number. Without it a number is first one of this till's, then of the only till
    that has it. Without its series it is this till's alone, or the named one's: the newest of that number.
    """
    found = _ID.search(text)
    if found is not None:
        row = receipts.find_by_event(db, UUID(found.group()))
        if row is None:
            raise Refusal("no_such_receipt", text[:64])
        return row
    named = _NUMBER.match(text.strip().lower())
    if named is None:
        raise Refusal("receipt_form", text[:64])
    tills = [] if named["till"] is None else _tills_named(db, desk, named["till"])
    if named["till"] is not None and not tills:
        raise Refusal("no_such_receipt", text[:64])
    if named["series"] is None:
        return _newest(db, tills or [desk.till], int(named["number"]), text)
    return _by_number(db, desk, tills, named["series"], int(named["number"]))


def row_of(db: sqlite3.Connection, sale: UUID) -> ReceiptRow:
    """Return the receipt of a sale that is known to be one of this store."""
    row = receipts.find_by_event(db, sale)
    if row is None:
        raise Refusal("no_such_receipt")
    return row


def _tills_named(db: sqlite3.Connection, desk: Desk, name: str) -> list[str]:
    """Return the till of an id, else of a number as it stands on paper and on the page's head."""
    known = _tills(db)
    by_number = [one.till for one in desk.settings().tills if str(one.number) == name and one.till in known]
    return [one for one in known if one.lower() == name] or by_number


def _tills(db: sqlite3.Connection) -> list[str]:
    return [till for (till,) in db.execute("SELECT DISTINCT till FROM receipt_series ORDER BY till")]


def _newest(db: sqlite3.Connection, tills: list[str], number: int, text: str) -> ReceiptRow:
    """Return the receipt of a number without its series: of the open series, else of the last one that has it."""
    for till in tills:
        rows = db.execute("SELECT series FROM receipt_series WHERE till = ? ORDER BY opened DESC", (till,))
        for (series,) in rows.fetchall():
            row = receipts.find_by_number(db, till, series, number)
            if row is not None:
                return row
    raise Refusal("no_such_receipt", text[:64])


def _by_number(db: sqlite3.Connection, desk: Desk, named: list[str], series: str, number: int) -> ReceiptRow:
    tills = named or _tills(db)
    rows = [row for one in tills if (row := receipts.find_by_number(db, one, series, number)) is not None]
    own = [row for row in rows if row.till == desk.till]
    if len(rows) > 1 and not own:
        raise Refusal("receipt_ambiguous", f"{series}-{number}", ReceiptAsked(tuple(row.till for row in rows)))
    if not rows:
        raise Refusal("no_such_receipt", f"{series}-{number}")
    return own[0] if own else rows[0]


def sale_of(db: sqlite3.Connection, row: ReceiptRow) -> SaleCompleted:
    """Return the sale behind a receipt, or refuse when it is none or its lines are no longer kept."""
    content = receipts.content_of(db, row.event)
    if content is None:
        raise Refusal("receipt_no_detail", row.text)
    event = decode_event(content)
    if not isinstance(event, SaleCompleted):
        raise Refusal("no_such_receipt", row.text)
    return event


def returns_of(db: sqlite3.Connection, sale: SaleCompleted) -> str:
    """Return the receipts by which a sale came back, with their days, as far as they are still held here."""
    rows = db.execute(
        "SELECT receipt.event, event.content FROM receipt JOIN event USING (n)"
        " WHERE receipt.kind = ? AND receipt.at_ms >= ? ORDER BY receipt.n",
        (SaleReturned.__struct_config__.tag, sale.at_ms),
    )
    told = ((UUID(bytes=event), decode_event(content)) for event, content in rows)
    found = [one for one, event in told if isinstance(event, SaleReturned) and event.original == sale.id]
    return ", ".join(f"{row.text} ({row.business_date})" for row in map(partial(row_of, db), found))


def last_sale_of(db: sqlite3.Connection, till: str) -> ReceiptRow | None:
    """Return a till's last receipt if it is a sale's."""
    series, number = receipts.stand_of(db, till)
    row = receipts.find_by_number(db, till, series, number) if number else None
    return row if row is not None and row.kind == SaleCompleted.__struct_config__.tag else None
