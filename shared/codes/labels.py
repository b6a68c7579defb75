"""Labels that scales print: read by the store's table of formats, the first that fits."""

from __future__ import annotations

from collections.abc import Sequence

from shared.codes.answers import VariableMeasure
from shared.codes.gtin import all_digits, check_digit_fits
from shared.codes.label_format import GRAMS_OF_UNIT, LabelFormat
from shared.codes.verifier import verifier_digit
from shared.money import UnitPrice, divide_half_up


def read_label(text: str, formats: Sequence[LabelFormat], exponent: int) -> VariableMeasure | LabelFormat | None:
    """Read a label by the first format that fits; `exponent` is the store's currency's.

    None when no format has its length and prefix. When one has, but its check digit is enforced and wrong (and no later
    format reads the label), that format is the answer: the label was misread or is not what the table says.
    """
    refused_by: LabelFormat | None = None
    if not all_digits(text):
        return None
    for one in formats:
        if len(text) != len(one.pattern) or not text.startswith(one.prefix):
            continue
        fits = _checks_fit(text, one)
        if fits or one.check == "ignore":
            return _measure(text, one, exponent, check_fits=fits)
        refused_by = refused_by or one
    return refused_by


def _field(text: str, one: LabelFormat, sign: str) -> str:
    return "".join(text[at] for at in one.positions(sign))


def _checks_fit(text: str, one: LabelFormat) -> bool:
    if one.pattern.endswith("C") and not check_digit_fits(text):
        return False
    verifier = _field(text, one, "V")
    verified = _field(text, one, "A") or _field(text, one, "W")
    return not verifier or int(verifier) == verifier_digit(verified)


def _measure(text: str, one: LabelFormat, exponent: int, *, check_fits: bool) -> VariableMeasure:
    item, pieces = _field(text, one, "I"), _field(text, one, "Q")
    weight, amount, unit_price = (_field(text, one, sign) for sign in "WAU")
    grams, scale = GRAMS_OF_UNIT[one.weight_unit], 10**one.weight_decimals
    return VariableMeasure(
        item=one.prefix + item if one.item_with_prefix else item,
        format=one.name,
        weight_g=divide_half_up(int(weight) * grams, scale) if weight else None,
        weight_step_g2=max(2, -(-2 * grams // scale)),
        amount_minor=_minor(amount, one, exponent) if amount else None,
        amount_step_minor=one.amount_step_minor,
        unit_price=UnitPrice(_minor(unit_price, one, exponent), max(grams, 1)) if unit_price else None,
        pieces=int(pieces) if pieces else None,
        check_fits=check_fits,
    )


def _minor(digits: str, one: LabelFormat, exponent: int) -> int:
    return divide_half_up(int(digits) * 10**exponent, 10**one.amount_decimals)
