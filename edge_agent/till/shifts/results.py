"""What the use cases of shifts and cash answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from edge_agent.till.results import HeldLine
from shared.wire.policies import Reason
from shared.wire.till_events import CashMove, CountedCash, ShiftClosed, ShiftTotals


class HeldChoice(StrEnum):
    """What becomes of a held basket when its shift is closed."""

    MOVE = "move"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class CashDone:
    """Cash was moved; kick the drawer."""

    move: CashMove
    minor: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in the drawer."""

    cash: tuple[CountedCash, ...]
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftView:
    """Everything a page needs to count and close a shift; `totals` is None while the count is blind."""

    shift: UUID
    staff: str
    opened_ms: int
    business_date: str
    denominations: tuple[int, ...]
    counted: Counted | None
    totals: ShiftTotals | None
    held: tuple[HeldLine, ...]
    unresolved: int
    unsent: int
    cash_reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """An X report (`version` 0) or a Z report of its `event`.

    `reissued` says that something came to the shift after its close.
    """

    shift: UUID
    version: int
    business_date: str
    opened_ms: int
    closed_ms: int | None
    totals: ShiftTotals
    counted_minor: int = 0
    difference_minor: int = 0
    counted: tuple[CountedCash, ...] = ()
    held_moved: int = 0
    held_cancelled: int = 0
    unresolved: int = 0
    unsent: int = 0
    till: str = ""
    closed_by: str = ""
    reissued: bool = False
    event: UUID | None = None


def z_report(report: ShiftClosed) -> ShiftReport:
    """Return a Z report as it was made."""
    return ShiftReport(
        shift=report.shift or report.id,
        version=report.version,
        business_date=report.business_date,
        opened_ms=report.opened_ms,
        closed_ms=report.closed_ms,
        totals=report.totals,
        counted_minor=report.counted_minor,
        difference_minor=report.difference_minor,
        counted=tuple(report.counted),
        held_moved=len(report.held_moved),
        held_cancelled=len(report.held_cancelled),
        unresolved=len(report.unresolved),
        unsent=report.unsent,
        till=report.till,
        closed_by=report.closed_by,
        reissued=report.because is not None,
        event=report.id,
    )
