"""What a scan means, by table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.barcode import MAX_SCAN_CHARACTERS, ItemCode, MemberCard, Unknown, classify

CARDS = {"card_prefixes": ["9"], "card_digits": 10}


@pytest.mark.parametrize(
    "code",
    [
        "96385074",  # EAN-8, GS1 General Specifications, example of figure 5.2.1
        "036000291452",  # UPC-A of the Wikipedia article "Universal Product Code"
        "4006381333931",  # EAN-13 of the Wikipedia article "International Article Number"
        "6901234567892",
        "10012345678902",  # GTIN-14, GS1 "How to calculate a check digit"
        "4711",
        "1",
        "000123",
    ],
)
def test_items(code: str) -> None:
    assert classify(code) == ItemCode(code)
    assert classify(f" {code}\r\n") == ItemCode(code)


@pytest.mark.parametrize("code", ["96385075", "036000291453", "4006381333932", "10012345678901"])
def test_a_wrong_check_digit_is_said(code: str) -> None:
    assert classify(code) == Unknown(code, "check_digit")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unreadable"),
        (" \r\n", "unreadable"),
        ("12\x0034", "unreadable"),
        ("1" * (MAX_SCAN_CHARACTERS + 1), "unreadable"),
        ("ABC-123", "no_known_format"),
        ("1234567", "no_known_format"),
        ("123456789", "no_known_format"),
        ("٤٧١١", "no_known_format"),  # digits, but nobody's item number
        ("４７１１", "no_known_format"),
        ("²³", "no_known_format"),
        ("https://example.com/4711", "no_known_format"),
    ],
)
def test_junk_is_an_answer(text: str, reason: str) -> None:
    answer = classify(text)
    assert isinstance(answer, Unknown)
    assert answer.reason == reason


def test_cards_of_the_chain_go_first() -> None:
    assert classify("9000000001", **CARDS) == MemberCard("9000000001")
    assert classify("90000001", card_prefixes=["9"], card_digits=8) == MemberCard("90000001")


@pytest.mark.parametrize("text", ["8000000001", "90000000011", "900000000a", "9٠٠٠٠٠٠٠٠١", "９０００００００００"])
def test_what_only_resembles_a_card_is_none(text: str) -> None:
    assert not isinstance(classify(text, **CARDS), MemberCard)


def test_a_chain_without_cards_knows_no_card() -> None:
    assert not isinstance(classify("9000000001"), MemberCard)
    assert not isinstance(classify("9000000001", card_prefixes=[], card_digits=10), MemberCard)


@given(st.text(max_size=300), st.lists(st.text(max_size=4), max_size=3), st.integers(min_value=0, max_value=20))
def test_no_text_raises(text: str, prefixes: list[str], digits: int) -> None:
    assert isinstance(classify(text, prefixes, digits), ItemCode | MemberCard | Unknown)
