"""A label against the price book: how much the label sells, and whether the scale knows today's price.

A scale rounds twice: the weight to its step, the money to its own. So a label agrees with a price when its amount lies
within half a step of weight at that price plus one step of money: 0.01 yuan, or 0.10 where the scale drops the fen.
An old price on the scale differs by far more on anything heavier than a few grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.codes.answers import VariableMeasure
from shared.money import UnitPrice, divide_half_up
from shared.pricing.price_list import Unit

_MAX_PIECES_OF_A_LABEL = 9_999


class LabelFinding(StrEnum):
    """What is wrong with a label; codes the till has words for."""

    PRICE_OLD = "label_price_old"
    NO_MEASURE = "label_no_measure"
    WRONG_UNIT = "label_wrong_unit"


@dataclass(frozen=True, slots=True)
class LabelQuantity:
    """How much a label sells, in the item's unit, and what the label says it costs (None: the book says)."""

    quantity: int
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class LabelRefused:
    """Why a label is not sold by. `label_minor` is what it says, `book_minor` what the price book makes of it."""

    finding: LabelFinding
    label_minor: int = 0
    book_minor: int = 0


def quantity_of_label(label: VariableMeasure, unit: Unit, prices: Sequence[UnitPrice]) -> LabelQuantity | LabelRefused:
    """Return what a label sells of an item, or why not.

    `prices` are those a scale may rightly have for the item (regular, member); the first is the regular one, by which a
    quantity is worked out where the label has only an amount. A price of 0 is none.
    """
    known = [price for price in prices if price.minor > 0]
    if unit is Unit.EACH:
        return _pieces(label, known)
    if unit is not Unit.GRAM:
        return LabelRefused(LabelFinding.WRONG_UNIT)
    if label.weight_g is not None:
        return _weighed(label, label.weight_g, known)
    if label.amount_minor is None or not known:
        return LabelRefused(LabelFinding.NO_MEASURE)
    if label.unit_price is not None and not any(_same(label.unit_price, price) for price in known):
        return LabelRefused(LabelFinding.PRICE_OLD, label.unit_price.minor, known[0].amount(label.unit_price.basis))
    grams = divide_half_up(label.amount_minor * known[0].basis, known[0].minor)
    return LabelQuantity(grams, label.amount_minor) if grams > 0 else LabelRefused(LabelFinding.NO_MEASURE)


def tolerance_minor(label: VariableMeasure, price: UnitPrice) -> int:
    """Return how far a label's amount may be from weight times price, in minor units, rounded up."""
    half_a_step = -(-price.minor * label.weight_step_g2 // (4 * price.basis))
    return half_a_step + label.amount_step_minor


def _weighed(label: VariableMeasure, weight_g: int, prices: Sequence[UnitPrice]) -> LabelQuantity | LabelRefused:
    if weight_g <= 0:
        return LabelRefused(LabelFinding.NO_MEASURE)
    if label.amount_minor is None or not prices:
        return LabelQuantity(weight_g, None)
    for price in prices:
        if abs(price.amount(weight_g) - label.amount_minor) <= tolerance_minor(label, price):
            return LabelQuantity(weight_g, label.amount_minor)
    return LabelRefused(LabelFinding.PRICE_OLD, label.amount_minor, prices[0].amount(weight_g))


def _pieces(label: VariableMeasure, prices: Sequence[UnitPrice]) -> LabelQuantity | LabelRefused:
    """Return a label's pieces: as printed, or its amount divided by the price, which has to come out even."""
    if label.pieces is not None:
        pieces = label.pieces
        wrong = label.amount_minor is not None and all(
            abs(price.amount(pieces) - label.amount_minor) > label.amount_step_minor for price in prices
        )
        if wrong and prices and label.amount_minor is not None:
            return LabelRefused(LabelFinding.PRICE_OLD, label.amount_minor, prices[0].amount(pieces))
        return LabelQuantity(pieces, label.amount_minor) if pieces > 0 else LabelRefused(LabelFinding.NO_MEASURE)
    if label.amount_minor is None:
        return LabelRefused(LabelFinding.WRONG_UNIT)
    for price in prices:
        pieces = divide_half_up(label.amount_minor * price.basis, price.minor)
        if 0 < pieces <= _MAX_PIECES_OF_A_LABEL and price.amount(pieces) == label.amount_minor:
            return LabelQuantity(pieces, label.amount_minor)
    book = prices[0].amount(1) if prices else 0
    return LabelRefused(LabelFinding.PRICE_OLD, label.amount_minor, book)


def _same(one: UnitPrice, other: UnitPrice) -> bool:
    return one.minor * other.basis == other.minor * one.basis
