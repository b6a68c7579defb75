"""Codes to fetch something by: shorter than a coupon's and told apart from one by their first sign and their length.

"P", then seven signs of Crockford's base 32 with 35 random bits, then a check sign as coupon codes have one
(`shared.coupon_code`). Such a code only names something that waits at a counter, where people hand it over.
"""

from __future__ import annotations

from shared.coupon_code import SIGNS, check_sign, plain

LENGTH = 9
RANDOM_BITS = 35
_FIRST = "P"


def make(random_bits: int) -> str:
    """Return the code that carries the lowest 35 of these random bits."""
    body = "".join(SIGNS[random_bits >> shift & 31] for shift in range(RANDOM_BITS - 5, -1, -5))
    return f"{_FIRST}{body}{check_sign(body)}"


def read(text: str) -> str | None:
    """Return a code as it is kept, however it was typed or scanned; None for what cannot be one of ours.

    >>> code = make(123456789)
    >>> read(f" {code[:5].lower()}-{code[5:]}") == code
    True
    """
    code = plain(text)
    if code is None or len(code) != LENGTH or code[0] != _FIRST:
        return None
    return code if check_sign(code[1:-1]) == code[-1] else None


def spaced(code: str) -> str:
    """Return a code as it is read aloud."""
    return f"{code[:1]} {code[1:5]} {code[5:]}"
