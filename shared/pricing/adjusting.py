"""The last change of a total: 抹零 or cash rounding, spread over the lines like a discount."""

from __future__ import annotations

from shared.money import allocate, divide_half_up
from shared.pricing.context import Rounding, TotalRounding
from shared.pricing.layers import ROUNDING
from shared.pricing.state import State


def adjust(state: State, rounding: TotalRounding) -> int:
    """Bring the total to a multiple of the step and return what came off (negative: what was added).

    The discount's source is who did it; why is in the context that the sale records. A floor does not hold it back:
    it is the store's own doing, with a name to it.
    """
    total, step = sum(state.net), rounding.step_minor
    wanted = total // step * step if rounding.mode is Rounding.DOWN else divide_half_up(total, step) * step
    off = total - wanted
    if not off:
        return 0
    for row, part in enumerate(allocate(off, state.net)):
        if part:
            state.take(row, part, ROUNDING, rounding.by, {})
    return off
