"""The tables of what a day had besides plain selling: cash moved, drawers opened, prices changed by hand, cashiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.sales.models import DrawerOpening, Sale
from cloud.sales.naming import receipt_name
from cloud.store_days import words
from cloud.store_days.models import CashMovement, SaleAdjustment
from cloud.store_days.summary import CashierRow, cashiers
from cloud.store_days.tables import OneDay
from cloud.web.tables import Asked, Cell, Column, Kind, Listing, ListSource, Query, SqlSource, toned
from shared.web.words import marked


def cash(of: OneDay) -> Listing[CashMovement]:
    """Return the table of cash that moved without a sale, and of drawers opened without one."""

    def columns() -> Sequence[Column[CashMovement]]:
        return (
            Column(
                key="at",
                title=marked("When"),
                kind=Kind.MOMENT,
                order=col(CashMovement.at_ms),
                cell=lambda row: of.at(row.at_ms),
            ),
            Column(key="till", title=marked("Till"), order=col(CashMovement.till_id), cell=lambda row: row.till_id),
            Column(
                key="cashier", title=marked("Cashier"), order=col(CashMovement.cashier), cell=lambda row: row.cashier
            ),
            Column(
                key="move",
                title=marked("What"),
                order=col(CashMovement.move),
                cell=lambda row: Cell(value=words.MOVE.get(row.move, row.move), say=row.move in words.MOVE),
            ),
            Column(
                key="minor",
                title=marked("Amount"),
                kind=Kind.MONEY,
                order=col(CashMovement.minor),
                cell=lambda row: of.money(row.minor),
            ),
            Column(
                key="reason",
                title=marked("Reason"),
                kind=Kind.WRAP,
                order=col(CashMovement.reason),
                cell=lambda row: Cell(value=of.reason(row.reason), note=row.note),
            ),
            Column(key="approved", title=marked("Approved by"), cell=lambda row: row.approved_by or None),
        )

    def query(_asked: Asked) -> Query:
        mine = (col(CashMovement.store_id) == of.store.id, col(CashMovement.business_date) == of.day)
        return select(CashMovement).where(*mine)

    return Listing(
        name="cash",
        title=marked("Cash moved"),
        columns=columns(),
        source=SqlSource(query, lambda row: row.CashMovement, columns, (col(CashMovement.id),)),
        order="at",
        empty=marked("No cash was moved and no drawer opened without a sale."),
    )


def drawers(of: OneDay) -> Listing[DrawerOpening]:
    """Return the table of drawers opened by hand, for a test, or by key because nothing else opened them."""

    def columns() -> Sequence[Column[DrawerOpening]]:
        return (
            Column(
                key="at",
                title=marked("When"),
                kind=Kind.MOMENT,
                order=col(DrawerOpening.at_ms),
                cell=lambda row: of.at(row.at_ms),
            ),
            Column(key="till", title=marked("Till"), order=col(DrawerOpening.till_id), cell=lambda row: row.till_id),
            Column(
                key="cashier",
                title=marked("Who stood there"),
                order=col(DrawerOpening.cashier),
                cell=lambda row: row.cashier or None,
            ),
            Column(
                key="reason",
                title=marked("Why"),
                order=col(DrawerOpening.reason),
                cell=lambda row: toned(words.OPENED.get(row.reason, (row.reason, "warn"))),
            ),
            Column(
                key="cause",
                title=marked("Receipt"),
                kind=Kind.CODE,
                cell=lambda row: Cell(
                    value=str(row.cause_id) if row.cause_id else None,
                    href=f"/sales/{row.cause_id}" if row.cause_id and row.reason == "sale" else "",
                ),
            ),
        )

    def query(_asked: Asked) -> Query:
        mine = (col(DrawerOpening.store_id) == of.store.id, col(DrawerOpening.business_date) == of.day)
        return select(DrawerOpening).where(*mine)

    return Listing(
        name="drawers",
        title=marked("Drawers opened by hand or key"),
        columns=columns(),
        source=SqlSource(query, lambda row: row.DrawerOpening, columns, (col(DrawerOpening.id),)),
        order="at",
        empty=marked("Every drawer was opened by its till, for what its receipts and cash moves say."),
    )


def overrides(of: OneDay) -> Listing[Any]:
    """Return the table of what was taken off by hand, or by the store's rounding."""

    def columns() -> Sequence[Column[Any]]:
        return (
            Column(
                key="at",
                title=marked("When"),
                kind=Kind.MOMENT,
                order=col(Sale.at_ms),
                cell=lambda row: of.at(row.Sale.at_ms),
            ),
            Column(
                key="receipt",
                title=marked("Receipt"),
                cell=lambda row: Cell(value=receipt_name(row.Sale), href=f"/sales/{row.Sale.id}"),
            ),
            Column(
                key="what",
                title=marked("What"),
                order=col(SaleAdjustment.kind),
                cell=lambda row: Cell(
                    value=words.ADJUSTED.get(row.SaleAdjustment.kind, row.SaleAdjustment.kind),
                    say=row.SaleAdjustment.kind in words.ADJUSTED,
                ),
            ),
            Column(
                key="minor",
                title=marked("Taken off"),
                kind=Kind.MONEY,
                order=col(SaleAdjustment.minor),
                cell=lambda row: of.money(row.SaleAdjustment.minor),
            ),
            Column(
                key="reason",
                title=marked("Reason"),
                kind=Kind.WRAP,
                cell=lambda row: of.reason(row.SaleAdjustment.reason),
            ),
            Column(
                key="by",
                title=marked("Cashier"),
                order=col(SaleAdjustment.decided_by),
                cell=lambda row: row.SaleAdjustment.decided_by,
            ),
            Column(
                key="approved", title=marked("Approved by"), cell=lambda row: row.SaleAdjustment.approved_by or None
            ),
        )

    def query(_asked: Asked) -> Query:
        return (
            select(SaleAdjustment, Sale)
            .join(Sale, col(Sale.id) == col(SaleAdjustment.sale_id))
            .where(
                col(Sale.store_id) == of.store.id,
                col(Sale.business_date) == of.day,
                col(SaleAdjustment.decided_by) != "",
            )
        )

    return Listing(
        name="overrides",
        title=marked("Prices changed by hand"),
        columns=columns(),
        source=SqlSource(query, lambda row: row, columns, (col(SaleAdjustment.sale_id), col(SaleAdjustment.n))),
        order="at",
        empty=marked("No price was changed by hand."),
    )


_COUNTS = (
    ("overrides", marked("Prices changed")),
    ("voids", marked("Receipts voided")),
    ("undone", marked("Undone after payment")),
    ("baskets_given_up", marked("Baskets given up")),
    ("returns", marked("Returns")),
    ("without_receipt", marked("Returns without receipt")),
    ("no_sales", marked("No-sales")),
    ("by_hand", marked("Drawer by hand")),
    ("copies", marked("Copies")),
)


def by_cashier(of: OneDay) -> Listing[CashierRow]:
    """Return the table of cashiers, those with most exceptions first."""

    def columns() -> Sequence[Column[CashierRow]]:
        return (
            Column(key="cashier", title=marked("Cashier"), order=lambda row: row.cashier, cell=_cashier),
            Column(
                key="sales",
                title=marked("Number of sales"),
                kind=Kind.NUMBER,
                order=lambda row: row.sales,
                cell=lambda row: row.sales,
            ),
            Column(
                key="total",
                title=marked("Sales"),
                kind=Kind.MONEY,
                order=lambda row: row.total_minor,
                cell=lambda row: of.money(row.total_minor),
            ),
            *(_count_column(key, title) for key, title in _COUNTS),
            Column(
                key="minor",
                title=marked("Taken off by hand"),
                kind=Kind.MONEY,
                order=lambda row: row.overrides_minor,
                cell=lambda row: of.money(row.overrides_minor),
            ),
            Column(
                key="approved",
                title=marked("Approved for others"),
                kind=Kind.NUMBER,
                order=lambda row: row.approved,
                cell=lambda row: row.approved,
            ),
            Column(key="approvals", title=marked("Approved by"), kind=Kind.WRAP, cell=_approvals),
        )

    def read(session: Session, _asked: Asked) -> list[CashierRow]:
        return cashiers(session, of.store.id, of.day)

    return Listing(
        name="cashiers",
        title=marked("Cashiers"),
        columns=columns(),
        source=ListSource(read, columns),
        order="",
        empty=marked("Nobody sold anything on this day."),
    )


def _count_column(key: str, title: str) -> Column[CashierRow]:
    def count(row: CashierRow) -> int:
        found: int = getattr(row, key)
        return found

    return Column(key=key, title=title, kind=Kind.NUMBER, order=count, cell=count)


def _cashier(row: CashierRow) -> Cell:
    return Cell(value=row.cashier) if row.cashier else Cell(value=marked("nobody signed in"), say=True)


def _approvals(row: CashierRow) -> str | None:
    return ", ".join(f"{who} {times}" for who, times in sorted(row.approvals.items())) or None
