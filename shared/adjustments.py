"""What people take off beside the price book: a price changed by hand, cents dropped. Pure, the same on both sides.

The engine prices a basket first; this then takes its parts off the lines as discounts of their own, so that a return
gives back its share of them like of any other discount. This is the one way in which a total is rounded: the till does
it, the audit takes it as decided. Nothing here raises a total. What points a promotion gives is settled before, on what
the goods cost: dropped cents take none away.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shared.money import UnitPrice, allocate, tax_included
from shared.pricing.model import Discount, Payer, PricedBasket, PricedLine
from shared.wire.till_events import Adjustment, AdjustmentKind

_BORNE_BY_STORE = {Payer.STORE: 10_000}


class PriceChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line's price as somebody set it: at most this much a unit, whatever the engine comes to."""

    line: int
    price: UnitPrice
    reason: str
    by: str = ""
    approved_by: str = ""


class RoundOff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Cents dropped from the whole receipt; `by` is empty when a rule dropped them."""

    minor: int
    by: str = ""
    approved_by: str = ""


class Adjusted(msgspec.Struct, frozen=True, kw_only=True):
    """The basket after what people changed, and what that came to."""

    priced: PricedBasket
    adjustments: list[Adjustment]


def adjust(
    priced: PricedBasket,
    changes: Sequence[PriceChange] = (),
    round_off: RoundOff | None = None,
    exempt: frozenset[int] = frozenset(),
) -> Adjusted:
    """Take price changes off their lines, then the cents off all of them but the `exempt` ones (deposits).

    A change never raises a line, and no more cents are dropped than the lines come to.
    """
    lines = {line.n: line for line in priced.lines}
    adjustments: list[Adjustment] = []
    for change in changes:
        line = lines.get(change.line)
        if line is None:
            continue
        off = max(line.net_minor - change.price.amount(line.quantity), 0)
        lines[line.n] = _less(line, AdjustmentKind.PRICE_OVERRIDE, off, change.reason)
        adjustments.append(_changed(change, off))
    if round_off is not None:
        minor = _spread(lines, round_off.minor, exempt)
        if minor:
            adjustments.append(
                Adjustment(
                    kind=AdjustmentKind.ROUNDING, minor=minor, by=round_off.by, approved_by=round_off.approved_by
                )
            )
    return Adjusted(priced=_summed(priced, list(lines.values())) if adjustments else priced, adjustments=adjustments)


def _changed(change: PriceChange, off: int) -> Adjustment:
    return Adjustment(
        kind=AdjustmentKind.PRICE_OVERRIDE,
        minor=off,
        line=change.line,
        price=change.price,
        reason=change.reason,
        by=change.by,
        approved_by=change.approved_by,
    )


def _spread(lines: dict[int, PricedLine], minor: int, exempt: frozenset[int]) -> int:
    """Take the cents off the lines in proportion to what they cost, by largest remainder; return what was taken."""
    bearing = [line for n, line in lines.items() if n not in exempt and line.net_minor > 0]
    taken = min(minor, sum(line.net_minor for line in bearing))
    if taken <= 0:
        return 0
    parts = allocate(taken, [line.net_minor for line in bearing])
    for line, part in zip(bearing, parts, strict=True):
        lines[line.n] = _less(line, AdjustmentKind.ROUNDING, part, "")
    return taken


def _less(line: PricedLine, kind: AdjustmentKind, minor: int, source: str) -> PricedLine:
    if minor <= 0:
        return line
    net = line.net_minor - minor
    discount = Discount(reason=kind, minor=minor, source=source, payers=_BORNE_BY_STORE)
    return msgspec.structs.replace(
        line,
        net_minor=net,
        discounts=[*line.discounts, discount],
        tax_minor=tax_included(net, line.tax_rate_bp),
    )


def _summed(priced: PricedBasket, lines: list[PricedLine]) -> PricedBasket:
    return msgspec.structs.replace(
        priced,
        lines=lines,
        total_minor=sum(line.net_minor for line in lines),
        saved_minor=sum(line.gross_minor - line.net_minor for line in lines),
    )
