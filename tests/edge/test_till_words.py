"""Every refusal a till can give has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import edge_agent.till
from edge_agent.till.membership.members import PHONE_CODES
from edge_agent.till.membership.words import VALUE_CODES
from edge_agent.till.scanning.words import SCANNING_WORDS
from edge_agent.till.selling.coupon_words import COUPON_WORDS
from edge_agent.till.selling.scaled import CODES
from edge_agent.till.service.words import SERVICE_WORDS
from edge_agent.till.words import WORDS

CODE = re.compile(r'(?:Refusal|refused)\(\s*"([a-z_]+)"')
HAN = re.compile(r"[\u4e00-\u9fff]")
FROM_CODES = {"unreadable", "no_known_format", "check_digit", *SCANNING_WORDS}
"""Reasons that `shared.codes` gives; the till passes them on."""
DESK_CODES = {code for code in SERVICE_WORDS if code.startswith("hq_")}
FROM_ANSWERS = {
    "payment_refused",
    *CODES.values(),
    *COUPON_WORDS,
    "value_refused",
    "points_spent",
    "wallet_looks",
    *VALUE_CODES.values(),
    *PHONE_CODES,
    *DESK_CODES,
}
"""Codes that a gateway's, a scale's or HQ's answer stands for."""


def test_no_refusal_is_without_words_and_no_words_without_a_refusal() -> None:
    folder = Path(edge_agent.till.__file__).parent
    used = {code for module in folder.rglob("*.py") for code in CODE.findall(module.read_text("utf-8"))}
    assert used >= {"price_missing", "disk_full", "payment_unresolved"}
    assert used | FROM_CODES | FROM_ANSWERS == set(WORDS)


@pytest.mark.parametrize("code", WORDS)
def test_words_say_what_happened_and_what_to_do_next(code: str) -> None:
    words = WORDS[code]
    assert all(text.endswith(".") and text.isascii() for text in (words.en, words.next_en))
    assert all(text.endswith("。") and HAN.search(text) for text in (words.zh, words.next_zh))
