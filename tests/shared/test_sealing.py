"""Sealed cards: only HQ opens them, and nobody changes them on the way."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.sealing import SealError, card_hash, seal, unseal

HQ, OTHER = bytes(range(32)), bytes(range(1, 33))
HQ_PUBLIC = X25519PrivateKey.from_private_bytes(HQ).public_key().public_bytes_raw()
one_time_keys = st.binary(min_size=32, max_size=32)


@given(st.binary(max_size=200), one_time_keys)
def test_p7_hq_opens_what_was_sealed_to_it(content: bytes, one_time: bytes) -> None:
    assert unseal(seal(content, HQ_PUBLIC, one_time), HQ) == content


def test_p7_nobody_else_does() -> None:
    with pytest.raises(SealError):
        unseal(seal(b"9000000001", HQ_PUBLIC, OTHER), OTHER)


@given(st.data())
def test_p7_any_changed_byte_shows(data: st.DataObject) -> None:
    sealed = bytearray(seal(b"9000000001", HQ_PUBLIC, OTHER))
    place = data.draw(st.integers(min_value=0, max_value=len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(min_value=0, max_value=7))
    with pytest.raises(SealError):
        unseal(bytes(sealed), HQ)


@given(st.binary(max_size=120))
def test_p7_junk_is_refused_without_another_error(content: bytes) -> None:
    with pytest.raises(SealError):
        unseal(content, HQ)


def test_p7_the_same_card_sealed_twice_looks_different() -> None:
    assert seal(b"9000000001", HQ_PUBLIC, HQ) != seal(b"9000000001", HQ_PUBLIC, OTHER)


def test_p7_two_agents_know_a_card_by_two_hashes() -> None:
    assert len(card_hash("9000000001", b"a" * 32)) == 16
    assert card_hash("9000000001", b"a" * 32) == card_hash("9000000001", b"a" * 32)
    assert card_hash("9000000001", b"a" * 32) != card_hash("9000000001", b"b" * 32)
    assert card_hash("9000000001", b"a" * 32) != card_hash("9000000002", b"a" * 32)
