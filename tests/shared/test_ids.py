"""Ids: slugs, UUIDv7, and a mint that never goes back."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import UuidMint, check_slug, uuid7, uuid7_ms
from tests.factories import DrivenMachineClock


@pytest.mark.parametrize("text", ["a", "0", "s-01", "a" * 32, "-"])
def test_slugs(text: str) -> None:
    assert check_slug(text, "store") == text


@pytest.mark.parametrize("text", ["", "a" * 33, "A", "a b", "a/b", "+", "#", "a\n", "店", "a.b", "a_b"])
def test_what_is_no_slug_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="store must be 1 to 32"):
        check_slug(text, "store")


def test_uuid7_follows_rfc_9562() -> None:
    # RFC 9562, appendix A.6: 2022-02-22 19:22:22 GMT
    value = uuid7(0x017F22E279B0, 0xCC3 << 62 | 0x18C4DC0C0C07398F)
    assert str(value) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert value.version == 7
    assert uuid7_ms(value) == 0x017F22E279B0


@given(st.integers(min_value=0, max_value=(1 << 48) - 1), st.integers(min_value=0))
def test_an_id_carries_its_time(wall_ms: int, bits: int) -> None:
    value = uuid7(wall_ms, bits)
    assert uuid7_ms(value) == wall_ms
    assert value.version == 7


@pytest.mark.parametrize("wall_ms", [-1, 1 << 48])
def test_a_time_beyond_48_bits_is_refused(wall_ms: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        uuid7(wall_ms, 0)


@given(st.lists(st.integers(min_value=-10_000, max_value=10_000), max_size=200), st.integers())
def test_minted_ids_rise_whatever_the_clock_does(steps: list[int], seed: int) -> None:
    clock = DrivenMachineClock()
    mint = UuidMint(clock.wall_ms, random.Random(seed).randbytes)
    minted = [mint()]
    for step in steps:
        clock.set_wall(clock.wall_ms() + step)
        minted.append(mint())
    assert minted == sorted(set(minted))


def test_many_ids_in_one_millisecond_rise() -> None:
    mint = UuidMint(DrivenMachineClock().wall_ms, random.Random(1).randbytes)
    minted = [mint() for _ in range(10_000)]
    assert minted == sorted(set(minted))
