"""Bodies: the keyed row sets a price book is made of, their content hash, and the deltas between two of them.

A row is the exact JSON bytes HQ wrote; nobody re-encodes it, so a row with fields this program does not
know still hashes right. Rows fall into 256 buckets by SHA-256 of their key; a body's hash is over its
bucket hashes, so that a delta is proven by hashing only the buckets it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256

import msgspec

BUCKETS = 256
_EMPTY_BUCKET = bytes(32)


class BodyKind(StrEnum):
    """The row sets of a price book, and the one of pictures, which stands beside it."""

    ITEMS = "items"
    PRICES = "prices"
    OVERRIDES = "overrides"
    PROMOTIONS = "promotions"
    PICTURES = "pictures"
    """Item to picture (`shared/pictures.py`): named by the desired state itself, by no version's manifest."""


class BodyHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """First line of a body file: what it is, what it turns into what, how many rows follow.

    `base` is the hash a delta applies to; empty for a whole body.
    """

    kind: BodyKind
    scope: str
    hash: str
    rows: int
    base: str = ""


class BodyRow(msgspec.Struct, frozen=True, array_like=True):
    """One further line: a key and its row, or null where the delta takes the key away."""

    key: str
    row: msgspec.Raw


_NO_ROW = b"null"


class BodyError(ValueError):
    """A body file that is not what it says it is."""


def bucket_of(key: str) -> int:
    """Return the bucket, 0 to 255, in which a key's row is hashed."""
    return sha256(key.encode()).digest()[0]


def bucket_hash(rows: Iterable[tuple[str, bytes]]) -> bytes:
    """Hash one bucket's rows, given in any order."""
    digest = sha256()
    empty = True
    for key, row in sorted(rows):
        empty = False
        for part in (key.encode(), row):
            digest.update(len(part).to_bytes(4, "big"))
            digest.update(part)
    return _EMPTY_BUCKET if empty else digest.digest()


def bucket_hashes(rows: Iterable[tuple[str, bytes]]) -> list[bytes]:
    """Hash all buckets of a whole body."""
    buckets: list[list[tuple[str, bytes]]] = [[] for _ in range(BUCKETS)]
    for key, row in rows:
        buckets[bucket_of(key)].append((key, row))
    return [bucket_hash(bucket) for bucket in buckets]


def body_hash(kind: BodyKind, scope: str, buckets: Sequence[bytes]) -> str:
    """Return a body's name: SHA-256 over kind, scope and its 256 bucket hashes, in hex."""
    if len(buckets) != BUCKETS:
        raise ValueError(f"a body has {BUCKETS} buckets, got {len(buckets)}")
    return sha256(f"{kind}\n{scope}\n".encode() + b"".join(buckets)).hexdigest()


def empty_hash(kind: BodyKind, scope: str) -> str:
    """Return the hash of the body without rows, which every agent holds from the start."""
    return body_hash(kind, scope, [_EMPTY_BUCKET] * BUCKETS)


def write_body(header: BodyHeader, rows: Mapping[str, bytes | None]) -> bytes:
    """Return the lines of a body file, rows in key order (uncompressed)."""
    encoder = msgspec.json.Encoder()
    lines = [encoder.encode(header)]
    for key in sorted(rows):
        row = rows[key]
        lines.append(encoder.encode(BodyRow(key, msgspec.Raw(_NO_ROW if row is None else row))))
    return b"\n".join(lines) + b"\n"


def read_body(content: bytes) -> tuple[BodyHeader, Iterator[tuple[str, bytes | None]]]:
    """Read a body file. Raise BodyError when a line is malformed or rows are missing."""
    lines = content.split(b"\n")
    try:
        header = msgspec.json.decode(lines[0], type=BodyHeader)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(f"body header cannot be read: {error}") from error
    if len(lines) != header.rows + 2 or lines[-1]:
        raise BodyError(f"body {header.hash} announces {header.rows} rows, {len(lines) - 2} follow")
    return header, _read_rows(header, lines[1:-1])


def _read_rows(header: BodyHeader, lines: Sequence[bytes]) -> Iterator[tuple[str, bytes | None]]:
    decoder = msgspec.json.Decoder(BodyRow)
    for number, line in enumerate(lines, start=2):
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BodyError(f"body {header.hash}, line {number}: {error}") from error
        content = bytes(row.row)
        yield row.key, None if content == _NO_ROW else content
