"""Receipt numbers: gapless per till and series, each linked to the one before by its event's exact bytes.

A series is opened for a stated reason and never used again after it was closed, so a number that a customer holds
on paper means one sale for ever, also when the disk was put back to an earlier day.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Literal, TypeVar
from uuid import UUID

import msgspec

from edge_agent.record import outbox
from shared.hashchain import GENESIS, link
from shared.wire.desired import LastReceipt, Till
from shared.wire.events import (
    RECEIPT_LINK_BYTES,
    GoodsReturned,
    Receipt,
    SaleCompleted,
    SaleReturned,
    SaleVoided,
    SeriesOpened,
    ValuePaidBack,
    ValueSold,
    encode_event,
)

SeriesReason = Literal["first", "new_disk", "restored", "moved_till"]
ReceiptEvent = SaleCompleted | SaleReturned | GoodsReturned | SaleVoided | ValueSold | ValuePaidBack
R = TypeVar("R", SaleCompleted, SaleReturned, GoodsReturned, SaleVoided, ValueSold, ValuePaidBack)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: nothing that is misread on paper
_SERIES_CHARACTERS = 6
_SERIES_REASONS: Mapping[str, SeriesReason] = {
    "new_disk": "new_disk",
    "restored": "restored",
    "cloned": "restored",
    "forked": "restored",
}
"""Why a till opens its first series in an epoch that began so."""


class Printed(StrEnum):
    """What became of a receipt's paper."""

    PENDING = "pending"
    PRINTED = "printed"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt's short form, for look-up and reprint. The sale's bytes are in the outbox while it is kept."""

    till: str
    series: str
    number: int
    event: UUID
    kind: str
    business_date: str
    at_ms: int
    total_minor: int
    printed: Printed

    @property
    def text(self) -> str:
        """The number as printed: series and number."""
        return receipt_text(self.series, self.number)


class NoSeries(LookupError):
    """The till has no open receipt series: it is not one of this agent's tills."""


def receipt_text(series: str, number: int) -> str:
    """Return a receipt number as printed on paper."""
    return f"{series}-{number:06d}"


def series_of(epoch: UUID) -> str:
    """Return the series that tills open in an epoch: 30 bits of the epoch's hash, readable aloud."""
    bits = int.from_bytes(sha256(epoch.bytes).digest()[:4], "big")
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(_SERIES_CHARACTERS))


def open_series(
    db: sqlite3.Connection,
    tills: Iterable[str],
    reason: SeriesReason,
    make: Callable[[str], SeriesOpened],
    wall_ms: int,
) -> None:
    """Close each till's series and open the present epoch's, linked to the last head known.

    `make(till)` gives the SeriesOpened event; series, reason and what came before are filled in here.
    """
    series = series_of(outbox.position(db).epoch)
    for till in tills:
        db.execute("UPDATE receipt_series SET open = 0 WHERE till = ?", (till,))
        _open_one(db, till, make(till), series=series, reason=reason, wall_ms=wall_ms)


def open_missing_series(
    db: sqlite3.Connection, tills: Iterable[Till], make: Callable[[str], SeriesOpened], wall_ms: int
) -> list[str]:
    """Open a series for every till that has none open; return those tills.

    One whose earlier receipts are not on this disk follows the last that HQ knows.
    """
    missing = [till for till in tills if _open_of(db, till.till) is None]
    series = series_of(outbox.position(db).epoch)
    for till in missing:
        reason, known = _first_reason(db, till.last_receipt), till.last_receipt
        _open_one(db, till.till, make(till.till), series=series, reason=reason, wall_ms=wall_ms, known=known)
    return [till.till for till in missing]


def _first_reason(db: sqlite3.Connection, known: LastReceipt | None) -> SeriesReason:
    """Return why a till begins on this disk: what the epoch says, else who gave its receipts before."""
    epoch_reason, me = db.execute("SELECT reason, agent FROM epoch JOIN agent USING (epoch)").fetchone()
    if epoch_reason in _SERIES_REASONS:
        return _SERIES_REASONS[epoch_reason]
    if known is None:
        return "first"
    return "new_disk" if known.agent == me else "moved_till"


def tills_with_series(db: sqlite3.Connection) -> list[str]:
    """Return the tills that have an open series."""
    return [till for (till,) in db.execute("SELECT till FROM receipt_series WHERE open = 1 ORDER BY till")]


def _open_one(
    db: sqlite3.Connection,
    till: str,
    event: SeriesOpened,
    *,
    series: str,
    reason: SeriesReason,
    wall_ms: int,
    known: LastReceipt | None = None,
) -> None:
    """Open a series after the till's last one on this disk, or else after what HQ knows of another disk's."""
    last = db.execute(
        "SELECT opened, series FROM receipt_series WHERE till = ? ORDER BY opened DESC LIMIT 1", (till,)
    ).fetchone()
    opened, previous_series = last or (0, "" if known is None else known.series)
    if last:
        previous_number, previous_head = _stand(db, till, previous_series)
    else:
        previous_number, previous_head = (0, b"") if known is None else (known.number, known.head)
    db.execute("INSERT INTO receipt_series (till, series, opened) VALUES (?, ?, ?)", (till, series, opened + 1))
    filled = msgspec.structs.replace(
        event,
        till=till,
        series=series,
        reason=reason,
        previous_series=previous_series,
        previous_number=previous_number,
        previous_head=previous_head,
    )
    outbox.append(db, filled, wall_ms)


def _open_of(db: sqlite3.Connection, till: str) -> str | None:
    row = db.execute("SELECT series FROM receipt_series WHERE till = ? AND open = 1", (till,)).fetchone()
    return None if row is None else row[0]


def _stand(db: sqlite3.Connection, till: str, series: str) -> tuple[int, bytes]:
    """Return the last number of a series and its chain head."""
    row: tuple[int, bytes] | None = db.execute(
        "SELECT number, head FROM receipt WHERE till = ? AND series = ? ORDER BY number DESC LIMIT 1", (till, series)
    ).fetchone()
    return row or (0, GENESIS)


def issue(db: sqlite3.Connection, till: str, make: Callable[[Receipt], R], wall_ms: int) -> R:
    """Give the next number to the event that `make` builds, and keep the event: outbox, chain and receipt row.

    All of it happens in the caller's transaction, so that no number is ever taken without its event.
    """
    stand = db.execute(
        "SELECT series, number, head FROM receipt_series LEFT JOIN receipt USING (till, series)"
        " WHERE till = ? AND open = 1 ORDER BY number DESC LIMIT 1",
        (till,),
    ).fetchone()
    if stand is None:
        raise NoSeries(f"till {till} has no open receipt series")
    series, last, head = stand if stand[1] is not None else (stand[0], 0, GENESIS)
    event = make(Receipt(series=series, number=last + 1, previous=head[:RECEIPT_LINK_BYTES]))
    content = encode_event(event)
    _, n = outbox.append_encoded(db, event, content, wall_ms)
    db.execute(
        "INSERT INTO receipt (till, series, number, head, event, n, kind, business_date, at_ms, total_minor)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            till,
            series,
            last + 1,
            link(head, content),
            event.id.bytes,
            n,
            _kind(event),
            event.business_date,
            event.at_ms,
            _total(event),
        ),
    )
    return event


def _kind(event: ReceiptEvent) -> str:
    return str(event.__struct_config__.tag)


def _total(event: ReceiptEvent) -> int:
    return 0 if isinstance(event, SaleVoided) else event.total_minor


_COLUMNS = "till, series, number, event, kind, business_date, at_ms, total_minor, printed"


def find_by_event(db: sqlite3.Connection, event: UUID) -> ReceiptRow | None:
    """Return the receipt of a sale or return by its id."""
    row = db.execute(f"SELECT {_COLUMNS} FROM receipt WHERE event = ?", (event.bytes,)).fetchone()  # noqa: S608
    return None if row is None else _row(row)


def content_of(db: sqlite3.Connection, event: UUID) -> bytes | None:
    """Return the exact bytes of a sale or return while the outbox keeps them."""
    row = db.execute(
        "SELECT event.content FROM receipt JOIN event USING (n) WHERE receipt.event = ?", (event.bytes,)
    ).fetchone()
    return None if row is None else row[0]


def stand_of(db: sqlite3.Connection, till: str) -> tuple[str, int]:
    """Return the till's open series and its last number; ('', 0) before the first."""
    series = _open_of(db, till)
    return ("", 0) if series is None else (series, _stand(db, till, series)[0])


def contents_since(db: sqlite3.Connection, till: str, series: str, number: int) -> Iterator[bytes | None]:
    """Yield the exact bytes of a till's receipts after one, series by series; None where they are no longer kept."""
    later = db.execute(
        "SELECT series FROM receipt_series WHERE till = ?1 AND opened >= coalesce("
        "(SELECT opened FROM receipt_series WHERE till = ?1 AND series = ?2), 0) ORDER BY opened",
        (till, series),
    ).fetchall()
    for (one,) in later:
        rows = db.execute(
            "SELECT event.content FROM receipt LEFT JOIN event USING (n)"
            " WHERE receipt.till = ? AND receipt.series = ? AND receipt.number > ? ORDER BY receipt.number",
            (till, one, number if one == series else 0),
        )
        yield from (content for (content,) in rows)


def find_by_number(db: sqlite3.Connection, till: str, series: str, number: int) -> ReceiptRow | None:
    """Return a receipt by the number on its paper."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM receipt WHERE till = ? AND series = ? AND number = ?",  # noqa: S608
        (till, series, number),
    ).fetchone()
    return None if row is None else _row(row)


def business_days(db: sqlite3.Connection) -> list[str]:
    """Return the business dates that have receipts, oldest first."""
    return [day for (day,) in db.execute("SELECT DISTINCT business_date FROM receipt ORDER BY business_date")]


def of_day(db: sqlite3.Connection, business_date: str) -> list[ReceiptRow]:
    """Return a business date's receipts in the order they were made, till by till."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM receipt WHERE business_date = ? ORDER BY till, at_ms, n",  # noqa: S608
        (business_date,),
    ).fetchall()
    return [_row(row) for row in rows]


def _row(row: tuple[str, str, int, bytes, str, str, int, int, str]) -> ReceiptRow:
    till, series, number, event, kind, business_date, at_ms, total_minor, printed = row
    return ReceiptRow(
        till, series, number, UUID(bytes=event), kind, business_date, at_ms, total_minor, Printed(printed)
    )


def note_printed(db: sqlite3.Connection, event: UUID, printed: Printed) -> None:
    """Keep what became of the paper. An unknown fate is UNCONFIRMED and nobody prints it again silently."""
    db.execute("UPDATE receipt SET printed = ? WHERE event = ?", (printed, event.bytes))
