"""The codec: what goes in comes out; bombs, cut frames and oversized messages do not."""

from __future__ import annotations

from hashlib import sha256

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from shared import codec

DICTIONARY_OF_VERSION_1 = "cfabde9e81401acd9193e45b464beb43206ed73889d826a48fbc7664c1c276d4"


@given(st.binary(max_size=10_000))
@example(b"")
def test_what_is_packed_unpacks_to_itself(data: bytes) -> None:
    assert codec.unpack(codec.pack(data)) == data


@given(st.binary(max_size=500))
def test_junk_is_refused_without_another_error(data: bytes) -> None:
    try:
        codec.unpack(data)
    except codec.CodecError:
        return
    assert data.startswith(zstandard.FRAME_HEADER)


@given(st.binary(min_size=1, max_size=3_000), st.data())
def test_a_cut_frame_is_refused(content: bytes, data: st.DataObject) -> None:
    packed = codec.pack(content)
    cut = data.draw(st.integers(min_value=0, max_value=len(packed) - 1))
    with pytest.raises(codec.CodecError):
        codec.unpack(packed[:cut])


def test_a_second_frame_behind_the_first_is_refused() -> None:
    with pytest.raises(codec.CodecError):
        codec.unpack(codec.pack(b"one") + codec.pack(b"two"))


def test_a_bomb_is_refused_before_it_opens() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(64 * 1024 * 1024))
    assert len(bomb) < codec.MAX_COMPRESSED_BYTES
    with pytest.raises(codec.CodecError, match="declares 67108864 bytes"):
        codec.unpack(bomb)


def test_a_bomb_that_hides_its_size_is_refused() -> None:
    compressor = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    bomb = compressor.compress(bytes(64 * 1024 * 1024)) + compressor.flush()
    with pytest.raises(codec.CodecError):
        codec.unpack(bomb)


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    honest = bytearray(zstandard.ZstdCompressor().compress(bytes(1024 * 1024)))
    size = (1024 * 1024).to_bytes(4, "little")
    place = honest.index(size, 4, 16)
    honest[place : place + 4] = (16).to_bytes(4, "little")
    with pytest.raises(codec.CodecError):
        codec.unpack(bytes(honest))


def test_the_limits_hold_on_both_sides_of_the_compression() -> None:
    assert codec.unpack(codec.pack(bytes(codec.MAX_OPENED_BYTES))) == bytes(codec.MAX_OPENED_BYTES)
    with pytest.raises(codec.CodecError, match="opened"):
        codec.pack(bytes(codec.MAX_OPENED_BYTES + 1))
    with pytest.raises(codec.CodecError, match="exceeds 20 bytes compressed"):
        codec.pack(b"".join(sha256(bytes([n])).digest() for n in range(9)), limit=20)
    with pytest.raises(codec.CodecError, match="compressed"):
        codec.unpack(bytes(codec.MAX_COMPRESSED_BYTES + 1))


def test_a_frame_of_wire_version_1_opens_for_ever() -> None:
    """The dictionary is part of the wire: a changed one would make every agent in the field unreadable."""
    assert sha256(codec._DICTIONARY.as_bytes()).hexdigest() == DICTIONARY_OF_VERSION_1
