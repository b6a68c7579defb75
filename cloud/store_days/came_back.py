"""The table of what came back on a store's day: with a receipt, without one, or as a sale undone after payment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from cloud.sales.models import SaleReturn, SaleReturnLine
from cloud.sales.naming import receipt_name
from cloud.store_days.models import GoodsReturn, GoodsReturnLine
from cloud.store_days.slips import RETURN, SAID, VOID, WITHOUT, place_of
from cloud.store_days.tables import OneDay
from cloud.web.tables import Asked, Cell, Column, Kind, Listing, ListSource
from shared.web.words import marked

_NO_REASON = "void"
"""What tills write of a sale undone where the store has no reasons to choose from: its kind says as much."""


@dataclass(frozen=True, kw_only=True)
class CameBack:
    """One receipt of goods or money that went back, with the reasons its lines give."""

    row: SaleReturn | GoodsReturn
    reasons: Sequence[str]

    @property
    def kind(self) -> str:
        """Return what it is, as the list of sales tells kinds apart."""
        if isinstance(self.row, GoodsReturn):
            return WITHOUT
        return VOID if self.row.void else RETURN


def came_back(of: OneDay) -> Listing[CameBack]:
    """Return the table of what came back on a store's day."""

    def columns() -> Sequence[Column[CameBack]]:
        return (
            Column(
                key="at",
                title=marked("When"),
                kind=Kind.MOMENT,
                order=lambda one: (one.row.at_ms, one.row.id),
                cell=lambda one: of.at(one.row.at_ms),
            ),
            Column(key="receipt", title=marked("Receipt"), cell=_receipt),
            Column(key="what", title=marked("Kind"), order=lambda one: one.kind, cell=_kind),
            Column(
                key="minor",
                title=marked("Paid back"),
                kind=Kind.MONEY,
                order=lambda one: one.row.total_minor,
                cell=lambda one: of.money(one.row.total_minor),
            ),
            Column(
                key="reason",
                title=marked("Reason"),
                kind=Kind.WRAP,
                cell=lambda one: ", ".join(text for code in one.reasons if (text := of.reason(code))) or None,
            ),
            Column(
                key="cashier",
                title=marked("Cashier"),
                order=lambda one: one.row.cashier,
                cell=lambda one: one.row.cashier or None,
            ),
            Column(key="approved", title=marked("Approved by"), cell=lambda one: one.row.approved_by or None),
        )

    def read(session: Session, _asked: Asked) -> list[CameBack]:
        pairs: tuple[tuple[Any, Any], ...] = ((SaleReturn, SaleReturnLine), (GoodsReturn, GoodsReturnLine))
        return [one for table, lines in pairs for one in _read(session, of, table, lines)]

    return Listing(
        name="came-back",
        title=marked("What came back"),
        columns=columns(),
        source=ListSource(read, columns),
        order="at",
        empty=marked("Nothing came back on this day."),
    )


def _read(session: Session, of: OneDay, table: Any, lines: Any) -> list[CameBack]:
    mine = (col(table.store_id) == of.store.id, col(table.business_date) == of.day)
    rows = session.exec(select(table).where(*mine)).all()
    reasons: defaultdict[UUID, dict[str, None]] = defaultdict(dict)
    given = select(lines.return_id, lines.reason).join(table, col(table.id) == col(lines.return_id)).where(*mine)
    for number, reason in session.execute(given.distinct()):
        if reason != _NO_REASON:
            reasons[number][reason] = None
    return [CameBack(row=row, reasons=sorted(reasons[row.id])) for row in rows]


def _receipt(one: CameBack) -> Cell:
    href = "" if isinstance(one.row, GoodsReturn) else place_of(one.row)
    return Cell(value=receipt_name(one.row), href=href)


def _kind(one: CameBack) -> Cell:
    text, tone = SAID[one.kind]
    return Cell(value=text, tone=tone, say=True)
