"""The check digit inside a label, over its price or weight alone.

Source: GS1 General Specifications 7.9.2 to 7.9.4; the same tables as GB/T 18283 Annex A names for the field.
"""

from __future__ import annotations

_WEIGHTED = {
    "2-": "0246891357",
    "3": "0369258147",
    "5+": "0516273849",
    "5-": "0594837261",
}
"""What a digit counts at each weight: `2-` is twice it less the tens, `5+` five times it plus them, and so on."""
_FOUR = ("2-", "2-", "3", "5-")
_FIVE = ("5+", "2-", "5-", "5+", "2-")

VERIFIED_DIGITS = (4, 5)
"""How long a field that has a verifier is."""


def verifier_digit(field: str) -> int:
    """Return the verifier of a field of 4 or 5 digits. Raise ValueError for another length."""
    if len(field) == len(_FOUR):
        return 3 * _sum(field, _FOUR) % 10
    if len(field) == len(_FIVE):
        return _WEIGHTED["5-"].index(str(-_sum(field, _FIVE) % 10))
    raise ValueError(f"a verified field has 4 or 5 digits, got {len(field)}")


def _sum(field: str, weights: tuple[str, ...]) -> int:
    return sum(int(_WEIGHTED[weight][int(digit)]) for weight, digit in zip(weights, field, strict=True))
