"""A sale's lines as they travel: only what cannot be computed from the rest.

A line is `[item, quantity, price]`, then, where there are any, its discounts, then an object of what is out of the
ordinary. Left out and computed again by the reader are: a line's number where it is one more than the one before, its
net (gross less discounts), the tax in it (by the rate), a price's basis of 1, a tax that is the sale's first. A figure
that is not what the rule gives travels as it is, so every list of lines reads back as it was recorded. With the
lines of a real basket that is a third of a sale's bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from shared.money import UnitPrice, tax_included
from shared.pricing.model import Discount, PricedLine


class LineTax(msgspec.Struct, frozen=True, array_like=True):
    """A tax that lines of a sale contain: its code, and its rate in basis points."""

    code: str = "standard"
    rate_bp: int = 0


_UNTAXED = LineTax()

_POSITIONAL = ("item", "quantity", "price", "discounts")
_COMPUTED = ("n", "net_minor", "tax_code", "tax_rate_bp", "tax_minor")
_FURTHER = [
    field for field in msgspec.structs.fields(PricedLine) if field.name not in (*_POSITIONAL, *_COMPUTED)
]  # whatever a line learns to say travels by itself
_NAMES = [field.name for field in _FURTHER]
_further: Callable[[Any], tuple[Any, ...]] = attrgetter(*_NAMES)
_ORDINARY = _further(PricedLine(n=1, item="", quantity=1, price=UnitPrice(0), net_minor=0))

LineExtras: Any = msgspec.defstruct(
    "LineExtras",
    [
        ("n", int | None, None),
        ("net_minor", int | None, None),
        ("tax", int, 0),
        ("tax_minor", int | None, None),
        *((field.name, field.type, field.default) for field in _FURTHER),
    ],
    kw_only=True,
    frozen=True,
    omit_defaults=True,
    module=__name__,
    namespace={
        "__doc__": "What is out of the ordinary in a line: `tax` is the place of its tax in the sale's list, "
        "counted from 0; the rest as in a priced line."
    },
)


class SoldLine(msgspec.Struct, frozen=True, array_like=True):
    """A line as it travels. A bare price is for one unit of measure; `[price, basis]` for several."""

    item: str
    quantity: int
    price: int | UnitPrice
    discounts: list[Discount] = []
    extras: LineExtras | None = None


def fold(lines: Sequence[PricedLine]) -> tuple[list[list[Any]], list[LineTax]]:
    """Return lines ready to be encoded, each what SoldLine reads, and the taxes they refer to by place.

    No tax is named where the only one is the standard code's 0 %.
    """
    taxes: dict[tuple[str, int], int] = {}
    folded = []
    expected = 1
    for line in lines:
        tax = taxes.setdefault((line.tax_code, line.tax_rate_bp), len(taxes))
        folded.append(_fold_line(line, expected, tax))
        expected = line.n + 1
    listed = [LineTax(code, rate_bp) for code, rate_bp in taxes]
    return folded, [] if listed == [_UNTAXED] else listed


def _fold_line(line: PricedLine, expected: int, tax: int) -> list[Any]:
    price = line.price
    short: list[Any] = [line.item, line.quantity, price.minor if price.basis == 1 else price]
    discounts = [_fold_discount(discount) for discount in line.discounts] if line.discounts else []
    extras = _extras(line, expected, tax)
    if discounts or extras:
        short.append(discounts)
    if extras:
        short.append(extras)
    return short


def _fold_discount(discount: Discount) -> list[Any]:
    short = list(msgspec.structs.astuple(discount))
    for default in _DISCOUNT_DEFAULTS:
        if short[-1] != default:
            break
        short.pop()
    return short


def _trailing_defaults(struct: type[msgspec.Struct]) -> list[Any]:
    """Return the defaults of the last fields of an array, last first, up to one that must be given."""
    defaults = []
    for field in reversed(msgspec.structs.fields(struct)):
        if field.required:
            break
        defaults.append(field.default if field.default is not msgspec.NODEFAULT else field.default_factory())
    return defaults


_DISCOUNT_DEFAULTS = _trailing_defaults(Discount)


def _extras(line: PricedLine, expected: int, tax: int) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if line.n != expected:
        extras["n"] = line.n
    if line.net_minor != _net(line.price, line.quantity, line.discounts):
        extras["net_minor"] = line.net_minor
    if tax:
        extras["tax"] = tax
    if line.tax_minor != _tax(line.net_minor, line.tax_rate_bp):
        extras["tax_minor"] = line.tax_minor
    further = _further(line)
    if further != _ORDINARY:
        given = zip(_NAMES, further, _ORDINARY, strict=True)
        extras |= {name: value for name, value, default in given if value != default}
    return extras


def unfold(lines: Sequence[SoldLine], taxes: Sequence[LineTax]) -> list[PricedLine]:
    """Return the lines as recorded. Raise ValueError for a price below 0 or a tax that the sale does not list."""
    taxes = taxes or [_UNTAXED]
    code, rate_bp = taxes[0].code, taxes[0].rate_bp
    priced: list[PricedLine] = []
    n = 0
    for line in lines:
        if line.extras is not None:
            priced.append(_unfold_unusual(line, line.extras, n + 1, taxes))
            n = priced[-1].n
            continue
        n += 1
        quantity, discounts = line.quantity, line.discounts
        price = _each(line.price) if isinstance(line.price, int) else line.price
        net = price.amount(quantity)
        if discounts:
            net -= _taken_off(discounts)
        priced.append(
            PricedLine(
                n=n, item=line.item, quantity=quantity, price=price, net_minor=net, discounts=discounts,
                tax_code=code, tax_rate_bp=rate_bp, tax_minor=_tax(net, rate_bp) if rate_bp else 0,
            )
        )  # fmt: skip
    return priced


def _unfold_unusual(line: SoldLine, extras: LineExtras, expected: int, taxes: Sequence[LineTax]) -> PricedLine:
    """Return a line that says something out of the ordinary."""
    price = _each(line.price) if isinstance(line.price, int) else line.price
    tax = _listed(taxes, extras.tax)
    net = _net(price, line.quantity, line.discounts) if extras.net_minor is None else extras.net_minor
    return PricedLine(
        n=expected if extras.n is None else extras.n,
        item=line.item,
        quantity=line.quantity,
        price=price,
        net_minor=net,
        discounts=line.discounts,
        tax_code=tax.code,
        tax_rate_bp=tax.rate_bp,
        tax_minor=_tax(net, tax.rate_bp) if extras.tax_minor is None else extras.tax_minor,
        **dict(zip(_NAMES, _further(extras), strict=True)),
    )


@lru_cache(maxsize=4096)
def _each(minor: int) -> UnitPrice:
    """Return a price for one: a shop has a few thousand different ones, and sells millions of lines at them."""
    return UnitPrice(minor)


def _listed(taxes: Sequence[LineTax], place: int) -> LineTax:
    if not 0 <= place < len(taxes):
        raise ValueError(f"a line has tax {place}, the sale lists {len(taxes)}")
    return taxes[place]


def _net(price: UnitPrice, quantity: int, discounts: Sequence[Discount]) -> int:
    return price.amount(quantity) - _taken_off(discounts)


def _taken_off(discounts: Sequence[Discount]) -> int:
    return sum([discount.minor for discount in discounts])


def _tax(net_minor: int, rate_bp: int) -> int:
    """Return the tax in a net amount; of a rate that is none (no till has it), nothing."""
    return tax_included(net_minor, rate_bp) if rate_bp > 0 else 0
