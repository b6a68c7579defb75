"""What a line weighs: by the scale, by hand where it does not work, less a tare, and who answers for it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge_agent.till import ringing
from edge_agent.till.asks import Approver
from edge_agent.till.changes import WeightAnswered
from edge_agent.till.desk import Desk, Refusal, open_basket
from edge_agent.till.results import LineChanged
from edge_agent.till.selling.scaled import WeighedLine
from edge_agent.till.staff.approving import approved
from shared.pricing import Unit
from shared.wire.policies import Approval
from shared.wire.till_events import AdjustmentKind


@dataclass(frozen=True, slots=True)
class ByScale:
    """A weight the scale gave: less which tare, after which line, and whether somebody says these are other goods."""

    weight_g: int
    tare_g: int
    after: WeighedLine | None
    released: bool = False


def by_scale(
    db: sqlite3.Connection, desk: Desk, n: int | None, given: ByScale, approver: Approver | None
) -> tuple[WeighedLine, LineChanged]:
    """Set a line's weight by the scale. The same weight again is for other goods only, and somebody answers for it."""
    basket = open_basket(db, desk)
    line = basket.line(n)
    if line is None:
        raise Refusal("no_such_line", str(n or ""))
    this = WeighedLine(basket.id, line.n)
    answered = None
    if given.after is not None and given.after != this:
        if not given.released:
            raise Refusal("weight_unchanged")
        by = approved(desk, Approval.SAME_WEIGHT, approver)
        answered = WeightAnswered(kind=AdjustmentKind.WEIGHT_REPEATED, by=desk.cashier, approved_by=by)
    return this, weigh(db, desk, line.n, given.weight_g, given.tare_g, answered=answered)


def by_hand(db: sqlite3.Connection, desk: Desk, n: int | None, weight_g: int, tare_g: int) -> LineChanged:
    """Set a line's weight as somebody read it elsewhere, because the scale here does not work."""
    answered = WeightAnswered(kind=AdjustmentKind.WEIGHT_BY_HAND, by=desk.cashier)
    return weigh(db, desk, n, weight_g, tare_g, answered=answered)


def weigh(
    db: sqlite3.Connection,
    desk: Desk,
    n: int | None,
    weight_g: int,
    tare_g: int,
    *,
    answered: WeightAnswered | None = None,
) -> LineChanged:
    """Set a line's weight in grams, less a tare."""
    if not 0 <= tare_g < max(weight_g, 1):
        raise Refusal("tare_range", str(tare_g))
    how = ringing.Measured(tare_g=tare_g, answered=answered)
    return ringing.measure(db, desk, weight_g - tare_g, Unit.GRAM, n, how=how)
