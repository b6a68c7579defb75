"""Body files on this disk: read line by line, so that a catalogue of 100,000 items never stands in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from shared.body import BUCKETS, BodyError, BodyHeader, BodyRow, body_hash, bucket_of

Row = tuple[str, bytes | None]

_MAX_LINE_BYTES = 256 * 1024
_NULL = b"null"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a line can end in: the deltas of a message are not signed, so a line may be anything."""
_header = msgspec.json.Decoder(BodyHeader)
_row = msgspec.json.Decoder(BodyRow)


@contextmanager
def open_body(source: Path | bytes) -> Iterator[tuple[BodyHeader, Iterator[Row]]]:
    """Open a body file, compressed on disk or plain from a message: its header and its rows in key order.

    Raise BodyError, also while reading rows, when a line is malformed, out of order or missing.
    """
    with _lines(source) as lines:
        try:
            header = _header.decode(_line(lines))
        except _UNREADABLE as error:
            raise BodyError(f"body header cannot be read: {error}") from error
        yield header, _rows(header, lines)


@contextmanager
def _lines(source: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    with (
        source.open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as opened,
        io.BufferedReader(opened, 1 << 16) as lines,
    ):
        yield lines


def _line(lines: BinaryIO) -> bytes:
    try:
        line = lines.readline(_MAX_LINE_BYTES + 1)
    except zstandard.ZstdError as error:
        raise BodyError(f"body file is not complete: {error}") from error
    if len(line) > _MAX_LINE_BYTES:
        raise BodyError(f"a body line exceeds {_MAX_LINE_BYTES} bytes")
    return line


def _rows(header: BodyHeader, lines: BinaryIO) -> Iterator[Row]:
    last_key = None
    for number in range(header.rows):
        line = _line(lines)
        try:
            row = _row.decode(line)
        except _UNREADABLE as error:
            raise BodyError(f"body {header.hash}, row {number + 1} of {header.rows}: {error}") from error
        if last_key is not None and row.key <= last_key:
            raise BodyError(f"body {header.hash}: key {row.key!r} does not follow {last_key!r}")
        last_key = row.key
        content = bytes(row.row)
        yield row.key, None if content == _NULL else content
    if _line(lines):
        raise BodyError(f"body {header.hash} goes on after the {header.rows} rows it announces")


def hash_whole_body(source: Path | bytes) -> tuple[BodyHeader, bytes]:
    """Return a whole body's header and its 256 bucket hashes, joined. Raise BodyError unless they add up to its hash.

    Rows come in key order, so each bucket's digest grows row by row.
    """
    digests = [sha256() for _ in range(BUCKETS)]
    filled = [False] * BUCKETS
    with open_body(source) as (header, rows):
        for key, row in rows:
            if row is None:
                raise BodyError(f"body {header.hash} is whole and cannot take {key!r} away")
            bucket = bucket_of(key)
            filled[bucket] = True
            for part in (key.encode(), row):
                digests[bucket].update(len(part).to_bytes(4, "big"))
                digests[bucket].update(part)
    buckets = [digest.digest() if full else bytes(32) for digest, full in zip(digests, filled, strict=True)]
    found = body_hash(header.kind, header.scope, buckets)
    if found != header.hash:
        raise BodyError(f"body of {header.kind}/{header.scope} hashes to {found[:12]}, not to {header.hash[:12]}")
    return header, b"".join(buckets)
