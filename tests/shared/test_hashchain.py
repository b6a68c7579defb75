"""The hash chain: any change, loss or swap shows in the head."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.hashchain import GENESIS, link, link_all

contents = st.lists(st.binary(max_size=40), min_size=1, max_size=12)


def test_the_first_link() -> None:
    assert link(GENESIS, b"one") == sha256(bytes(32) + b"one").digest()


@given(contents, contents)
def test_a_chain_can_be_continued(first: list[bytes], second: list[bytes]) -> None:
    assert link_all(link_all(GENESIS, first), second) == link_all(GENESIS, first + second)


@given(contents, st.data())
def test_a_changed_item_shows(items: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(min_value=0, max_value=len(items) - 1))
    other = data.draw(st.binary(max_size=40))
    assume(other != items[index])
    assert link_all(GENESIS, [*items[:index], other, *items[index + 1 :]]) != link_all(GENESIS, items)


@given(contents, st.data())
def test_a_lost_item_shows(items: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(min_value=0, max_value=len(items) - 1))
    assert link_all(GENESIS, items[:index] + items[index + 1 :]) != link_all(GENESIS, items)


def test_a_head_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes, got 16"):
        link(bytes(16), b"x")
