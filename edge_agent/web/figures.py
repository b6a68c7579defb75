"""Numbers as people read them: money, quantities, unit prices, times. Integers in, text out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from shared.calendar import local_time
from shared.money import UnitPrice, money_text
from shared.pricing import Unit
from shared.receipt.figures import money_with_sign

_LARGE_UNITS = {Unit.GRAM: (1000, 3, "kg"), Unit.MILLILITRE: (1000, 3, "L")}
"""The unit a measure is spoken of in: how many make one, its decimals, its sign."""


def money(minor: int, exponent: int) -> str:
    """Write minor units as they stand in a column, without a sign: 1234567 with exponent 2 is 12,345.67."""
    return money_text(minor, exponent, thousands=True)


def signed_money(minor: int, exponent: int, currency: str) -> str:
    """Write minor units as they stand in a sentence, with the currency's sign: ￥12,345.67, -￥0.05, CHF 5.00."""
    return money_with_sign(minor, exponent, currency, thousands=True)


def quantity(count: int, unit: Unit) -> str:
    """Write a quantity in the unit people speak of: 1,236 g is 1.236 kg, three pieces are 3."""
    if unit not in _LARGE_UNITS:
        return f"{count:,}"
    per, decimals, sign = _LARGE_UNITS[unit]
    whole, rest = divmod(count, per)
    return f"{whole:,}.{rest:0{decimals}d} {sign}"


def unit_price(price: UnitPrice, unit: Unit, exponent: int) -> str:
    """Write a price with what it is for, where that is not one piece: 5.98/kg, 5.00/3."""
    amount = money(price.minor, exponent)
    if unit in _LARGE_UNITS:
        per, _decimals, sign = _LARGE_UNITS[unit]
        return f"{amount}/{sign}" if price.basis == per else f"{amount}/{price.basis} {unit.value}"
    return amount if price.basis == 1 else f"{amount}/{price.basis}"


def clock_time(at_ms: int, time_zone: str) -> str:
    """Write an instant as the store's wall clock shows it, to the minute."""
    return local_time(at_ms, ZoneInfo(time_zone)).strftime("%H:%M")


def day_and_time(at_ms: int, time_zone: str) -> str:
    """Write an instant with its day, as the store's calendar and wall clock show it."""
    return local_time(at_ms, ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")


_LONGEST = 14


def to_minor(text: str, exponent: int) -> int | None:
    """Read an amount as people type it, 12.3 or 1,000.00, into minor units; None when it is none.

    >>> to_minor("12.3", 2), to_minor("1,000", 2), to_minor(".5", 2), to_minor("1.234", 2), to_minor("x", 2)
    (1230, 100000, 50, None, None)
    >>> to_minor("¥50", 2), to_minor("50元", 2), to_minor("¥", 2)
    (5000, 5000, None)
    """
    plain = text.strip().removeprefix("¥").removeprefix("￥").removesuffix("元").strip()
    plain = plain.replace(",", "").replace("，", "").replace("。", ".")
    whole, _point, rest = plain.partition(".")
    digits = whole + rest
    if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST or len(rest) > exponent:
        return None
    ten: int = 10**exponent
    return int(whole or "0") * ten + int(rest.ljust(exponent, "0") or "0")


def to_grams(text: str) -> int | None:
    """Read a weight in kilograms as people type it, 1.236, into grams; None when it is none."""
    return to_minor(text.strip().lower().removesuffix("kg"), 3)
