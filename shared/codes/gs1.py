"""GS1 codes: from their values to what a till asks: which item, which batch, until when, how much of it."""

from __future__ import annotations

from collections.abc import Mapping

from shared.codes.answers import Gs1Code
from shared.codes.dates import read_date
from shared.codes.digital_link import read_digital_link
from shared.codes.element_strings import read_element_strings
from shared.codes.gtin import canonical
from shared.money import divide_half_up

_GRAMS_OF_POUND_E5 = 45_359_237
"""A pound is 453.59237 g."""


def read_gs1(text: str, exponent: int) -> Gs1Code | None:
    """Read element strings that hold a GTIN; None when they do not. `exponent` is the store's currency's."""
    found = read_element_strings(text)
    return None if found is None else _code(found.values, exponent, recovered=found.recovered)


def read_link(text: str, exponent: int) -> Gs1Code | None:
    """Read a Digital Link that holds a GTIN."""
    values = read_digital_link(text)
    return None if values is None else _code(values, exponent)


def _code(values: Mapping[str, str], exponent: int, *, recovered: bool = False) -> Gs1Code | None:
    gtin = canonical(values.get("01", ""))
    if gtin is None:
        return None
    return Gs1Code(
        gtin=gtin,
        batch=values.get("10", ""),
        serial=values.get("21", ""),
        expires=read_date(values.get("17", values.get("7003", "")[:6])),
        best_before=read_date(values.get("15", "")),
        sell_by=read_date(values.get("16", "")),
        weight_g=_weight_g(values),
        amount_minor=_amount_minor(values, exponent),
        pieces=int(values["30"]) if "30" in values else None,
        recovered=recovered,
        elements=dict(values),
    )


def _weight_g(values: Mapping[str, str]) -> int | None:
    """Return the net weight in whole grams: 310n is kilograms, 320n pounds, with n decimals."""
    for ai, value in values.items():
        if ai.startswith("310"):
            return divide_half_up(int(value) * 1000, 10 ** int(ai[3]))
        if ai.startswith("320"):
            return divide_half_up(int(value) * _GRAMS_OF_POUND_E5, 10 ** (int(ai[3]) + 5))
    return None


def _amount_minor(values: Mapping[str, str], exponent: int) -> int | None:
    """Return what the pack costs: 392n in the store's currency, 393n with the currency's number before it."""
    for ai, value in values.items():
        if ai.startswith(("392", "393")):
            digits = value[3:] if ai.startswith("393") else value
            return divide_half_up(int(digits) * 10**exponent, 10 ** int(ai[3]))
    return None
