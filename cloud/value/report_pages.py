"""The reports of stored value: what stores settle with each other by month, and who owes what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.api.services import Here
from cloud.errors import Invalid
from cloud.ledger import AccountKey, listings
from cloud.ledger import words as ledger_words
from cloud.ledger.kinds import MEMBER_DEBT, PURSE_DEBT, SHORTFALL
from cloud.ledger.units import Units, units
from cloud.org import entities
from cloud.org.models import Store
from cloud.org.zones import zone_of
from cloud.sales.shops import shops
from cloud.value import owing, rules
from cloud.value.months import last_months, month
from cloud.value.settlement import Owed, between_stores
from cloud.web.rendering import Context
from cloud.web.showing import listed
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, ListSource
from shared.loyalty import months_later
from shared.web.phrases import Phrase
from shared.web.words import marked

router = APIRouter(prefix="/value", include_in_schema=False)

_MONTHS = 24
HEAD_OFFICE = "hq"
"""Where value was sold that was brought over from elsewhere."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A line of the report: what one store took of what another sold, and whose stores they are."""

    owed: Owed
    seller: str
    taker: str
    seller_owner: str
    taker_owner: str

    @property
    def minor(self) -> int:
        """Both kinds of money."""
        return self.owed.principal_minor + self.owed.gift_minor

    @property
    def between(self) -> bool:
        """Whether two different stores are concerned."""
        return self.owed.sold_by != self.owed.taken_by


@router.get("/settlement")
def settlement(request: Request, services: Here, asked: Annotated[str, Query(alias="month")] = "") -> Response:
    """Which store owes which for stored value that members spent elsewhere?"""

    def read(session: Session, _now_ms: int) -> Context:
        written = units(session)
        code = _asked(asked) or last_months(services.clocks.business.now_ms(), zone_of(session), 1)[0].code
        rows = settled(session, code)
        net: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        for row in rows:
            if row.seller_owner != row.taker_owner:
                net[row.seller_owner, row.taker_owner, row.owed.currency] += row.minor
        moved: defaultdict[str, int] = defaultdict(int)
        for row in rows:
            if row.between:
                moved[row.owed.currency] += row.minor
        return {
            "month": code,
            "net": sorted((*key, minor) for key, minor in net.items() if minor),
            "moved": dict(moved),
            "units": written,
            "table": _settlement_listing(rows, written, services.clocks.business.now_ms()),
        }

    return listed(request, services, "value_settlement", read)


def _asked(text: str) -> str:
    """Return the month that an address asks for, empty for what is none: an old or mistyped link still opens."""
    try:
        return month(text, UTC).code
    except Invalid:
        return ""


def settled(session: Session, code: str) -> list[Settled]:
    """Return the lines of a month (`2026-01`). Raise Invalid for what is none."""
    wanted = month(code, zone_of(session))
    owed = between_stores(session, wanted.from_ms, wanted.to_ms)
    ids = {store for one in owed for store in (one.sold_by, one.taken_by)}
    stores = select(col(Store.id), col(Store.name)).where(col(Store.id).in_(ids))
    names: dict[str, str] = {row[0]: row[1] for row in session.execute(stores)}
    companies = entities.names(session)
    last = months_later(date.fromisoformat(f"{wanted.code}-01"), 1)
    owners = {store: shop.owner_on(last) or "" for store, shop in shops(session, ids).items()}
    return [
        Settled(
            one, names.get(one.sold_by, one.sold_by), names.get(one.taken_by, one.taken_by),
            *(companies.get(owner, owner) for owner in (owners.get(one.sold_by, ""), owners.get(one.taken_by, ""))),
        )
        for one in owed
    ]  # fmt: skip


def _settlement_listing(rows: list[Settled], written: Units, at_ms: int) -> Listing[Settled]:
    def columns() -> Sequence[Column[Settled]]:
        return _settlement_columns(written)

    def read(_session: Session, asked: Asked) -> list[Settled]:
        return [row for row in rows if asked.get("which") != "between" or row.between]

    def months(session: Session) -> Sequence[tuple[str, str]]:
        found = last_months(at_ms, zone_of(session), _MONTHS)
        return [(one.code, one.code) for one in reversed(found)]

    return Listing(
        name="settlement",
        title=marked("Store settlement"),
        columns=columns(),
        source=ListSource(read, columns),
        order="seller",
        filters=(
            Filter(key="month", title=marked("Month"), options=months, otherwise=marked("this month")),
            Filter(key="which", title=marked("Which of them"), options=_which, say=True),
        ),
        empty=marked("No stored value was spent in this month."),
    )


def _which(_session: Session) -> Sequence[tuple[str, str]]:
    return (("between", marked("between different stores")),)


def _settlement_columns(written: Units) -> Sequence[Column[Settled]]:
    def money(row: Settled, minor: int) -> Cell:
        return Cell(value=minor, exponent=written.exponent(row.owed.currency))

    def store(code: str, name: str) -> Cell:
        if code == HEAD_OFFICE:
            return Cell(value=marked("Brought over from elsewhere"), say=True)
        return Cell(value=name, href=f"/stores/{code}", note=code)

    def company(name: str) -> Cell | None:
        return Cell(value=name, say=isinstance(name, Phrase)) if name else None

    return (
        Column(
            key="seller",
            title=marked("Sold by"),
            kind=Kind.WRAP,
            order=lambda row: (row.owed.sold_by, row.owed.taken_by),
            cell=lambda row: store(row.owed.sold_by, row.seller),
        ),
        Column(key="seller_owner", title=marked("Seller's company"), cell=lambda row: company(row.seller_owner)),
        Column(
            key="taker",
            title=marked("Taken by"),
            kind=Kind.WRAP,
            order=lambda row: (row.owed.taken_by, row.owed.sold_by),
            cell=lambda row: store(row.owed.taken_by, row.taker),
        ),
        Column(key="taker_owner", title=marked("Taker's company"), cell=lambda row: company(row.taker_owner)),
        Column(
            key="principal",
            title=marked("Principal"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.owed.principal_minor),
        ),
        Column(
            key="gift",
            title=marked("Gift money"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.owed.gift_minor),
        ),
        Column(
            key="total",
            title=marked("Together"),
            kind=Kind.MONEY,
            order=lambda row: row.minor,
            cell=lambda row: money(row, row.minor),
        ),
        Column(key="currency", title=marked("Currency"), cell=lambda row: row.owed.currency),
    )  # fmt: skip


@router.get("/debts")
def debts(request: Request, services: Here) -> Response:
    """Who owes what, and which stores are short?"""

    def read(session: Session, _now_ms: int) -> Context:
        written, found = units(session), owing.debts(session)
        sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for one in found:
            sums[one.kind, one.unit][0] += one.amount
            sums[one.kind, one.unit][1] += 1
        return {
            "sums": [(kind, unit, *both) for (kind, unit), both in sorted(sums.items())],
            "rule": rules.current(session),
            "units": written,
            "ledger_words": ledger_words,
            "table": _debt_listing(found, written),
        }

    return listed(request, services, "value_debts", read)


def _debt_listing(found: list[owing.Debt], written: Units) -> Listing[owing.Debt]:
    def columns() -> Sequence[Column[owing.Debt]]:
        return _debt_columns(written)

    def read(_session: Session, asked: Asked) -> list[owing.Debt]:
        return [one for one in found if not asked.get("kind") or one.kind == asked.get("kind")]

    return Listing(
        name="debts",
        title=marked("Debts"),
        columns=columns(),
        source=ListSource(read, columns),
        order="-amount",
        filters=(Filter(key="kind", title=marked("What"), options=_debt_kinds, say=True),),
        empty=marked("Nobody owes anything."),
    )


def _debt_kinds(_session: Session) -> Sequence[tuple[str, str]]:
    return [(kind, ledger_words.KIND[kind]) for kind in (MEMBER_DEBT, PURSE_DEBT, SHORTFALL)]


def _debt_columns(written: Units) -> Sequence[Column[Any]]:
    return (
        Column(
            key="kind",
            title=marked("What"),
            order=lambda one: one.kind,
            cell=lambda one: Cell(value=ledger_words.KIND[one.kind], say=True),
        ),
        Column(
            key="whose",
            title=marked("Whose"),
            kind=Kind.CODE,
            cell=lambda one: Cell(value=one.owner, href=listings.owner_link(one.kind, one.owner, one.unit)),
        ),
        Column(
            key="amount",
            title=marked("Amount"),
            kind=Kind.MONEY,
            order=lambda one: one.amount,
            cell=lambda one: Cell(
                value=one.amount,
                exponent=written.exponent(one.unit),
                href=f"/ledger/accounts/{AccountKey(one.kind, one.owner, one.unit).id}",
            ),
        ),
        Column(key="unit", title=marked("Unit"), cell=lambda one: one.unit),
    )
