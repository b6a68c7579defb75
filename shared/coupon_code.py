"""Codes of coupons: unguessable, read aloud without doubt, and wrong ones told apart from used ones at the till.

Twelve signs of Crockford's base 32 (no I, L, O, U: https://www.crockford.com/base32.html) carry 60 random bits; the
thirteenth is a check sign after Luhn's method for 32 signs, which finds every wrong sign and nearly every swap of two.
"""

from __future__ import annotations

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {sign: value for value, sign in enumerate(SIGNS)} | {"O": 0, "I": 1, "L": 1}
_BASE = len(SIGNS)
LENGTH = 13
RANDOM_BITS = 60


def make(random_bits: int) -> str:
    """Return the code that carries the lowest 60 of these random bits."""
    body = "".join(SIGNS[random_bits >> shift & 31] for shift in range(RANDOM_BITS - 5, -1, -5))
    return body + check_sign(body)


def read(text: str) -> str | None:
    """Return a code as it is kept, however it was typed or scanned; None for what cannot be one of ours.

    >>> read(" k7q2-m9xa-4trd-z") == read("K7Q2M9XA4TRDZ")
    True
    """
    code = plain(text)
    if code is None or len(code) != LENGTH:
        return None
    return code if check_sign(code[:-1]) == code[-1] else None


def plain(text: str) -> str | None:
    """Return a text in signs of base 32, without blanks and dashes; None where a sign is none of them."""
    signs = [sign for sign in text.upper() if sign not in " -"]
    if any(sign not in _VALUES for sign in signs):
        return None
    return "".join(SIGNS[_VALUES[sign]] for sign in signs)


def check_sign(body: str) -> str:
    """Return the sign that goes behind these."""
    return SIGNS[_check(body)]


def _check(body: str) -> int:
    total, factor = 0, 2
    for sign in reversed(body):
        product = _VALUES[sign] * factor
        total += product // _BASE + product % _BASE
        factor = 3 - factor
    return -total % _BASE
