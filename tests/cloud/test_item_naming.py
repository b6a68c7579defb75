"""What items are called: in the reader's language where there is one, never a number alone where there is a name."""

from __future__ import annotations

import pytest

from cloud.prices.naming import all_named, name_of, named


@pytest.mark.parametrize(
    ("names", "language", "alone", "with_number"),
    [
        ({"en": "Milk", "zh": "牛奶"}, "zh", "牛奶", "牛奶（1002）"),
        ({"en": "Milk", "zh": "牛奶"}, "en", "Milk", "Milk (1002)"),
        ({"en": "Milk"}, "zh", "Milk", "Milk（1002）"),
        ({"en": "", "zh": "牛奶"}, "en", "牛奶", "牛奶 (1002)"),
        ({}, "zh", "1002", "1002"),
    ],
)
def test_a_name_in_another_language_is_better_than_a_number(
    names: dict[str, str], language: str, alone: str, with_number: str
) -> None:
    assert name_of(names, "1002", language) == alone
    assert named(names, "1002", language) == with_number


def test_several_are_listed_as_the_language_lists() -> None:
    names = {"1": {"en": "Milk", "zh": "牛奶"}}
    assert all_named(["1", "2"], names, "en") == "Milk (1), 2"
    assert all_named(["1", "2"], names, "zh") == "牛奶（1）、2"
