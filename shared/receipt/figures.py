"""Figures as they stand on paper: money, quantities with their price, rates, times."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from shared.calendar import local_time
from shared.money import UnitPrice, money_text
from shared.pricing.price_list import Unit

_SIGNS = {"CNY": "￥", "JPY": "￥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "SGD": "S$"}
_CATTY_G = 500
"""斤: half a kilogram, what prices of weighed goods are for in most of China."""
_LARGE = {Unit.GRAM: "kg", Unit.MILLILITRE: "L"}
_THOUSAND = 1000


def money_with_sign(minor: int, exponent: int, currency: str, *, thousands: bool = False) -> str:
    """Return an amount with its currency's sign, or its code where it has none: `￥12.50`, `CHF 12.50`."""
    figures = money_text(abs(minor), exponent, thousands=thousands)
    return f"{'-' if minor < 0 else ''}{sign_of(currency)}{figures}"


def sign_of(currency: str) -> str:
    """Return what stands before an amount of a currency: its sign, or its code and a space; nothing for none."""
    return _SIGNS.get(currency, f"{currency} " if currency else "")


def rate(bp: int) -> str:
    """Return basis points as per cent without idle zeros: 1300 is `13%`, 550 is `5.5%`."""
    whole, part = divmod(bp, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".") + "%"


def measured(quantity: int, price: UnitPrice, unit: Unit, exponent: int, languages: Sequence[str]) -> str:
    """Return a quantity and the price it was sold at: `2 x 5.00`, `1.236kg x 5.98/kg`, `2.472斤 x 2.99/斤`.

    Weights are told in what the price is for, so that the customer can check the sum; nothing is converted that does
    not come out even.
    """
    amount = money_text(price.minor, exponent)
    if unit is Unit.EACH:
        per = f"/{price.basis}" if price.basis > 1 else ""
        return f"{quantity} x {amount}{per}"
    if unit is Unit.GRAM and price.basis == _CATTY_G and "zh" in languages:
        return f"{_decimal(quantity, _CATTY_G)}斤 x {amount}/斤"
    large = _LARGE[unit]
    per = large if price.basis == _THOUSAND else f"{price.basis}{unit.value}"
    return f"{_decimal(quantity, _THOUSAND)}{large} x {amount}/{per}"


def how_much(quantity: int, unit: Unit) -> str:
    """Return a quantity alone: `2`, `1.236kg`."""
    return str(quantity) if unit is Unit.EACH else f"{_decimal(quantity, _THOUSAND)}{_LARGE[unit]}"


def _decimal(quantity: int, basis: int) -> str:
    """Return `quantity / basis` with three decimals; both bases in use divide a thousand, so it is exact."""
    thousandths = quantity * (_THOUSAND // basis)
    whole, part = divmod(abs(thousandths), _THOUSAND)
    return f"{'-' if thousandths < 0 else ''}{whole}.{part:03d}"


def moment(at_ms: int, zone: str) -> str:
    """Return an instant as the store's clock showed it."""
    return local_time(at_ms, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def receipt_number(series: str, number: int) -> str:
    """Return a receipt number as printed: series and number."""
    return f"{series}-{number:06d}"
