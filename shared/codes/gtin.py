"""Trade item numbers: check digits, the one length to compare by, and the short UPC-E form.

Rules: GS1 General Specifications 7.9.1 (check digit), 3.3.2 (a GTIN-14 is any GTIN with zeros before it), 5.2.2.4
(zero-suppressed UPC-E).
"""

from __future__ import annotations

GTIN_LENGTHS = (8, 12, 13, 14)
_UPC_E_SYSTEMS = "01"


def all_digits(text: str) -> bool:
    """Say whether a text is one or more of the digits 0 to 9; other scripts' digits are nobody's item number."""
    return text.isascii() and text.isdigit()


def check_digit(body: str) -> int:
    """Return the check digit of digits without one: weights 3 and 1 from the right add up to tens with it.

    The rule holds for every length, so also for 18-digit scale labels.
    """
    digits = [int(digit) for digit in reversed(body)]
    return -(3 * sum(digits[::2]) + sum(digits[1::2])) % 10


def check_digit_fits(code: str) -> bool:
    """Say whether the last digit is the check digit of those before it."""
    return len(code) > 1 and all_digits(code) and int(code[-1]) == check_digit(code[:-1])


def canonical(code: str) -> str | None:
    """Return a GTIN in its 14-digit form, by which GTINs of all lengths compare; None for what is not a GTIN."""
    if len(code) not in GTIN_LENGTHS or not check_digit_fits(code):
        return None
    return code.zfill(14)


def spellings(code: str) -> list[str]:
    """Return a code and, for a GTIN's digits, its other lengths.

    UPC-A (12) and EAN-13 of one item differ by a leading zero, and a price book may hold either.
    """
    if len(code) not in GTIN_LENGTHS or not all_digits(code):
        return [code]
    digits = code.lstrip("0")
    others = [digits.zfill(length) for length in GTIN_LENGTHS if len(digits) <= length]
    return [code, *(other for other in others if other != code)]


def expand_upc_e(code: str) -> str | None:
    """Return the UPC-A (12 digits) that a UPC-E stands for, or None when it is not one.

    Takes 8 digits (number system, six, check), 7 (without the check digit) or 6 (number system 0).
    """
    if len(code) not in (6, 7, 8) or not all_digits(code):
        return None
    digits = code if len(code) > 6 else "0" + code
    if digits[0] not in _UPC_E_SYSTEMS:
        return None
    body = digits[0] + _suppressed(digits[1:7])
    upc_a = body + str(check_digit(body))
    return upc_a if len(digits) == 7 or digits[7] == upc_a[-1] else None


def _suppressed(six: str) -> str:
    """Put back the zeros: the sixth digit says where they were."""
    last = six[5]
    if last in "012":
        return six[:2] + last + "0000" + six[2:5]
    if last == "3":
        return six[:3] + "00000" + six[3:5]
    if last == "4":
        return six[:4] + "00000" + six[4]
    return six[:5] + "0000" + last
