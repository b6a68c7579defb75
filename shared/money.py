"""Money as whole minor units: the one rounding rule, prices per basis quantity, exact allocation.

Nothing here is a float. Amounts are signed integers of the currency's minor unit (fen, cents), rates
are basis points (1/10,000), quantities are whole units of the line's measure (pieces, grams).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

BASIS_POINTS = 10_000


def money_text(minor: int, exponent: int, *, thousands: bool = False) -> str:
    """Write an amount of minor units as a decimal, without a currency.

    All decimals of the currency are written, none where it has no minor unit. People read it with `thousands` on
    a screen; paper, and texts that are read back, have it without.

    >>> money_text(1234567, 2), money_text(1234567, 2, thousands=True), money_text(-5, 2), money_text(1200, 0)
    ('12345.67', '12,345.67', '-0.05', '1200')
    """
    whole, part = divmod(abs(minor), 10**exponent)
    figures = f"{whole:,}" if thousands else str(whole)
    decimals = f".{part:0{exponent}d}" if exponent else ""
    return f"{'-' if minor < 0 else ''}{figures}{decimals}"


def divide_half_up(numerator: int, denominator: int) -> int:
    """Return `numerator / denominator`, a half going away from zero.

    The positive amount is rounded and the sign put back, so that a return mirrors its sale to the cent.
    """
    if denominator <= 0:
        raise ValueError(f"denominator must be positive, got {denominator}")
    if numerator < 0:
        return -((denominator - 2 * numerator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def share_bp(amount_minor: int, rate_bp: int) -> int:
    """Return `rate_bp` basis points of an amount, in minor units."""
    return divide_half_up(amount_minor * rate_bp, BASIS_POINTS)


def tax_included(gross_minor: int, rate_bp: int) -> int:
    """Return the tax contained in a tax-inclusive amount."""
    return divide_half_up(gross_minor * rate_bp, BASIS_POINTS + rate_bp)


def allocate(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to weights so that the parts sum to it exactly.

    Largest remainder; ties go to the first. With no positive weight the whole goes to the first part,
    because an amount may never vanish.

    >>> allocate(100, [1, 1, 1])
    [34, 33, 33]
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    if not weights:
        if total_minor:
            raise ValueError(f"nothing to carry {total_minor}")
        return []
    if total_minor < 0:
        return [-part for part in allocate(-total_minor, weights)]
    weight_sum = sum(weights)
    if weight_sum == 0:
        return [total_minor, *([0] * (len(weights) - 1))]
    parts = [total_minor * weight // weight_sum for weight in weights]
    remainders = [total_minor * weight % weight_sum for weight in weights]
    left = total_minor - sum(parts)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        parts[index] += 1
    return parts


def allocate_within(total_minor: int, weights: Sequence[int], room: Sequence[int]) -> list[int]:
    """Split an amount as `allocate` does, but give no part more than its room; what one cannot take moves to the rest.

    The parts sum to the amount, or to all the room there is where that is less: the caller reports the difference.

    >>> allocate_within(90, [1, 1, 1], [10, 100, 100])
    [10, 40, 40]
    """
    if total_minor < 0:
        raise ValueError(f"an amount within room is not negative, got {total_minor}")
    parts = [0] * len(weights)
    takers, left = [index for index in range(len(weights)) if room[index] > 0], total_minor
    while left and takers:
        given, left, still = allocate(left, [weights[index] for index in takers]), 0, []
        for index, part in zip(takers, given, strict=True):
            taken = min(part, room[index] - parts[index])
            parts[index] += taken
            left += part - taken
            if parts[index] < room[index]:
                still.append(index)
        takers = still
    return parts


def refund_share(share_minor: int, returned: int, sold: int, already_minor: int = 0) -> int:
    """Return what comes back of a unit-wise share when `returned` of `sold` units are back in total.

    Rounded half up on the running total less what was given back before, so that the last unit settles exactly and
    the refunds of any sequence of partial returns add up to the share.

    >>> refund_share(100, 1, 3), refund_share(100, 2, 3, 33), refund_share(100, 3, 3, 67)
    (33, 34, 33)
    """
    if not 0 <= returned <= sold or sold < 1:
        raise ValueError(f"cannot return {returned} of {sold}")
    return divide_half_up(share_minor * returned, sold) - already_minor


class UnitPrice(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A price in minor units for `basis` units of measure: 5.00 for 3 pieces, 5.98 for 1,000 g."""

    minor: int
    basis: int = 1

    def __post_init__(self) -> None:
        if self.basis < 1:
            raise ValueError(f"basis must be at least 1, got {self.basis}")
        if self.minor < 0:
            raise ValueError(f"a price is not negative, got {self.minor}")

    def amount(self, quantity: int) -> int:
        """Return what `quantity` units cost, rounded once, in minor units."""
        minor = self.minor * quantity
        return minor if self.basis == 1 else divide_half_up(minor, self.basis)  # nearly every line is by the piece

    def cheaper_than(self, other: UnitPrice) -> bool:
        """Compare per unit, exactly, whatever the two bases are."""
        return self.minor * other.basis < other.minor * self.basis
