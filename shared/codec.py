"""Bytes on the wire: JSON in a zstd frame, bounded on both sides of the compression."""

from __future__ import annotations

import zstandard

MAX_COMPRESSED_BYTES = 256 * 1024
MAX_OPENED_BYTES = 4 * 1024 * 1024
_LEVEL = 3


class CodecError(ValueError):
    """The bytes cannot be opened: not a zstd frame, truncated, or beyond the limits."""


def pack(data: bytes, *, limit: int = MAX_COMPRESSED_BYTES) -> bytes:
    """Compress a message. Raise CodecError when it would not fit the wire."""
    if len(data) > MAX_OPENED_BYTES:
        raise CodecError(f"message of {len(data)} bytes exceeds {MAX_OPENED_BYTES} bytes opened")
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(data)
    if len(packed) > limit:
        raise CodecError(f"message of {len(packed)} bytes exceeds {limit} bytes compressed")
    return packed


def unpack(data: bytes, *, limit: int = MAX_OPENED_BYTES, compressed_limit: int = MAX_COMPRESSED_BYTES) -> bytes:
    """Open a message. The size the frame declares is checked before a byte is produced: no zip bombs."""
    if len(data) > compressed_limit:
        raise CodecError(f"message of {len(data)} bytes exceeds {compressed_limit} bytes compressed")
    try:
        declared = zstandard.frame_content_size(data)
        if declared < 0 or declared > limit:
            raise CodecError(f"frame declares {declared} bytes, limit is {limit}")
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=limit, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise CodecError(f"not a complete zstd frame: {error}") from error
