"""The list of pictures: which item has which, proven by hash, whole or by what changed.

Nothing of it is money or price, so a list that is half here is simply asked for again; each step is a short
transaction, between which the tills go on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_agent.prices.body_file import Row
from shared.body import BUCKETS, BodyError, BodyHeader, BodyKind, body_hash, bucket_hash, bucket_of, empty_hash
from shared.pictures import read_row
from shared.wire.desired import BodyReference

SCOPE = "chain"
STEP_ROWS = 500
"""Rows written in one transaction: a few milliseconds during which a scan waits."""
HASH_BYTES = 32
NOTHING = empty_hash(BodyKind.PICTURES, SCOPE)
"""The list of no pictures at all, which needs no fetching."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Which list HQ wants followed, and which one is here; empty: none, or not whole."""

    wanted: str
    hash: str
    buckets: bytes


def want(db: sqlite3.Connection, reference: BodyReference | None) -> None:
    """Note which list HQ wants followed, in the transaction of its desired state."""
    ours = reference is not None and (reference.kind, reference.scope) == (BodyKind.PICTURES, SCOPE)
    db.execute("UPDATE picture_list SET wanted = ?", (reference.hash if reference is not None and ours else "",))


def followed(db: sqlite3.Connection) -> Followed:
    """Return what is wanted and what is here."""
    return Followed(*db.execute("SELECT wanted, hash, buckets FROM picture_list").fetchone())


def newest_hash(db: sqlite3.Connection) -> dict[str, str]:
    """Return the hash of the list that is here by `kind/scope`, for the report; nothing while none is whole."""
    hash_ = followed(db).hash
    return {f"{BodyKind.PICTURES}/{SCOPE}": hash_} if hash_ else {}


def picture_of(db: sqlite3.Connection, item: str) -> str:
    """Return the name of an item's picture, empty when it has none."""
    found = db.execute("SELECT row FROM picture_item WHERE item = ?", (item,)).fetchone()
    return "" if found is None else read_row(found[0]).picture


def stretch(db: sqlite3.Connection, after: str, most: int = STEP_ROWS) -> list[tuple[str, bytes]]:
    """Return the next rows after an item, in the order of items: a reading that a till waits for hardly at all."""
    query = "SELECT item, row FROM picture_item WHERE item > ? ORDER BY item LIMIT ?"
    return db.execute(query, (after, most)).fetchall()


def sizes(rows: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    """Return every picture that rows name, once, and its size. Raise PictureRefused for a row that is none."""
    found = (read_row(row) for _, row in rows)
    return {row.picture: row.size for row in found}


def prove_delta(db: sqlite3.Connection, header: BodyHeader, rows: Sequence[Row], base: Followed) -> bytes:
    """Return the bucket hashes that a delta leads to. Raise BodyError, or PictureRefused for a row that is none."""
    if header.base != base.hash:
        raise BodyError(f"the delta starts from list {header.base[:12]}, here is {base.hash[:12]}")
    touched: dict[int, dict[str, bytes | None]] = {}
    for item, row in rows:
        if row is not None:
            read_row(row)
        touched.setdefault(bucket_of(item), {})[item] = row
    buckets = [base.buckets[start : start + HASH_BYTES] for start in range(0, BUCKETS * HASH_BYTES, HASH_BYTES)]
    for bucket, changes in touched.items():
        content = dict(db.execute("SELECT item, row FROM picture_item WHERE bucket = ?", (bucket,))) | changes
        buckets[bucket] = bucket_hash((item, row) for item, row in content.items() if row is not None)
    if body_hash(BodyKind.PICTURES, SCOPE, buckets) != header.hash:
        raise BodyError(f"the delta does not lead to list {header.hash[:12]}")
    return b"".join(buckets)


def begin(db: sqlite3.Connection) -> None:
    """From now on the list is half here, until `finish`."""
    db.execute("UPDATE picture_list SET hash = '', buckets = x''")


def change(db: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Put rows, and take those away that are None."""
    db.executemany(
        "INSERT OR REPLACE INTO picture_item (item, bucket, row) VALUES (?, ?, ?)",
        [(item, bucket_of(item), row) for item, row in rows if row is not None],
    )
    db.executemany("DELETE FROM picture_item WHERE item = ?", [(item,) for item, row in rows if row is None])


def replace_stretch(db: sqlite3.Connection, after: str, rows: Sequence[Row], *, last: bool) -> None:
    """Put consecutive rows of a whole list, all there are after an item, and drop what is between them here."""
    end = None if last else rows[-1][0]
    query = "SELECT item FROM picture_item WHERE item > ?1 AND (?2 IS NULL OR item <= ?2)"
    here = [item for (item,) in db.execute(query, (after, end))]
    listed = {item for item, _ in rows}
    change(db, [*rows, *((item, None) for item in here if item not in listed)])


def finish(db: sqlite3.Connection, hash_: str, buckets: bytes) -> None:
    """The list is here, whole and proven."""
    db.execute("UPDATE picture_list SET hash = ?, buckets = ?", (hash_, buckets))
