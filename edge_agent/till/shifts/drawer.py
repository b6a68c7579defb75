"""The use cases of one till's drawer: its shift, the cash in it, its reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from uuid import UUID

from edge_agent.failpoints import reached
from edge_agent.record import outbox
from edge_agent.till import attempts
from edge_agent.till.asks import Approve
from edge_agent.till.commands import Commands
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.results import Refused
from edge_agent.till.shifts import ledger, store
from edge_agent.till.shifts.results import CashDone, Counted, HeldChoice, ShiftReport, ShiftView, z_report
from edge_agent.till.shifts.store import ShiftRow
from edge_agent.till.staff.people import People
from edge_agent.till.view import held_line
from shared.wire.policies import StaffRole
from shared.wire.till_events import CashMove

_SHIFTS_SHOWN = 30
_DENOMINATIONS: Mapping[str, tuple[int, ...]] = {
    "CNY": (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10),
    "USD": (10_000, 5_000, 2_000, 1_000, 500, 100, 25, 10, 5, 1),
    "EUR": (20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1),
}


class Drawer:
    """One till's drawer."""

    def __init__(self, commands: Commands, people: People) -> None:
        self._commands = commands
        self._people = people

    async def open(self, float_minor: int) -> ShiftView | Refused:
        """Open a shift with this much cash in the drawer."""
        return await self._commands.change(
            lambda db, desk: _view(db, desk, ledger.open_shift(db, desk, float_minor)), rings=True
        )

    async def move(
        self, move: CashMove, minor: int = 0, *, reason: str, note: str = "", approve: Approve | None = None
    ) -> CashDone | Refused:
        """Put cash in, take some out, drop some into the safe, or open the drawer without a sale."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver

        def moved(db: sqlite3.Connection, desk: Desk) -> CashDone:
            ledger.move_cash(db, desk, move, minor, reason=reason, note=note, approver=approver)
            return CashDone(move, minor)

        return await self._commands.change(moved, rings=True)

    async def count(self, counted: Mapping[int, int]) -> Counted | Refused:
        """Keep a count of the drawer: how many notes and coins of each value. It may be counted again."""

        def kept(db: sqlite3.Connection, desk: Desk) -> Counted:
            found = ledger.count(db, desk, counted)
            return Counted(tuple(found), sum(one.value_minor * one.count for one in found))

        return await self._commands.change(kept)

    async def close(
        self, held: Mapping[UUID, HeldChoice] | None = None, *, approve: Approve | None = None
    ) -> ShiftReport | Refused:
        """Close the shift: its Z report is made, kept and sent."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver

        def closed(db: sqlite3.Connection, desk: Desk) -> ShiftReport:
            report = ledger.close(db, desk, held or {}, approver)
            reached("shift.in_transaction")
            return z_report(report)

        return await self._commands.change(closed, rings=True)

    async def x_report(self) -> ShiftReport | Refused:
        """Return what the shift comes to so far. Where counts are blind, a cashier sees it after the count."""

        def looked(db: sqlite3.Connection, desk: Desk) -> ShiftReport:
            row = ledger.current(db, desk)
            if _is_blind(desk, row):
                raise Refusal("report_hidden")
            return ShiftReport(row.id, 0, row.business_date, row.opened_ms, None, ledger.totals_of(db, row))

        return await self._commands.look(looked)

    async def z_report(self, shift: UUID) -> ShiftReport | Refused:
        """Return a closed shift's newest Z report, as it was made."""

        def looked(db: sqlite3.Connection, _desk: Desk) -> ShiftReport:
            row = store.find(db, shift)
            if row is None or row.report is None:
                raise Refusal("no_such_shift", str(shift))
            return z_report(row.report)

        return await self._commands.look(looked)

    async def view(self) -> ShiftView | None:
        """Return what the close of the till's shift has to show; None when none is open."""

        def looked(db: sqlite3.Connection, desk: Desk) -> ShiftView | None:
            row = store.find(db, desk.stand.shift) if desk.stand.shift else None
            return None if row is None else _view(db, desk, ledger.as_counted(db, row))

        return await self._commands.read(looked)

    async def past(self) -> list[ShiftReport]:
        """Return this till's last closed shifts, newest first."""
        rows = await self._commands.read(lambda db, desk: store.of_till(db, desk.till, _SHIFTS_SHOWN))
        return [z_report(row.report) for row in rows if row.report is not None]


def _is_blind(desk: Desk, row: ShiftRow) -> bool:
    trusted = desk.stand.role is not None and desk.stand.role.covers(StaffRole.SUPERVISOR)
    return desk.policies.blind_count and row.counted is None and not trusted and desk.policies.sign_in != "none"


def _view(db: sqlite3.Connection, desk: Desk, row: ShiftRow) -> ShiftView:
    policies = desk.policies
    return ShiftView(
        shift=row.id,
        staff=row.staff,
        opened_ms=row.opened_ms,
        business_date=row.business_date,
        denominations=tuple(policies.denominations or _DENOMINATIONS.get(desk.settings().currency, (100, 50, 10, 1))),
        counted=None
        if row.counted is None
        else Counted(tuple(row.counted), sum(one.value_minor * one.count for one in row.counted)),
        totals=None if _is_blind(desk, row) else ledger.totals_of(db, row),
        held=tuple(held_line(db, desk, basket) for basket in ledger.held_of(db, desk)),
        unresolved=len(attempts.unresolved(db, desk.till)),
        unsent=outbox.backlog(db).count,
        cash_reasons=tuple(policies.cash_reasons),
    )
