"""Tables whose rows are computed rather than stored: stores as they stand, missing receipt numbers, price versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlmodel import Session

from cloud.console import overview
from cloud.console.overview import StoreRow, VersionRow
from cloud.receipt_series.gaps import MissingNumbers
from cloud.receipt_series.gaps import missing as missing_numbers
from cloud.web import said
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, ListSource, toned
from shared.web.words import marked

Rows = Callable[[Session], list[StoreRow]]


_FITS: dict[str, Callable[[StoreRow], bool]] = {
    "need": lambda row: row.needs_somebody,
    "offline": lambda row: not row.online,
    "behind": lambda row: row.behind,
}


def _state(row: StoreRow) -> Cell:
    if row.agent is None:
        return toned(said.AGENT["never"])
    if row.agent.status != "active":
        return toned(said.AGENT[row.agent.status])
    return toned(said.AGENT["online" if row.online else "offline"])


def _heard(row: StoreRow) -> Cell:
    seen = row.agent.seen_ms if row.agent else None
    return Cell(value=seen)


def _devices(row: StoreRow) -> Cell:
    tone = "bad" if row.devices_down else ""
    return Cell(value=row.devices_down, tone=tone, href=f"/stores/{row.store}/devices")


def stores(rows: Rows, exponent: int) -> Listing[StoreRow]:
    """Return the table of every store as HQ sees it, over rows read at this moment."""

    def columns() -> Sequence[Column[StoreRow]]:
        return (
            Column(
                key="store",
                title=marked("Store"),
                kind=Kind.WRAP,
                order=lambda row: (row.name, row.store),
                cell=lambda row: Cell(value=row.name, href=f"/stores/{row.store}", note=row.store),
            ),
            Column(key="state", title=marked("State"), order=lambda row: (row.online, row.store), cell=_state),
            Column(
                key="need",
                title=marked("To do"),
                kind=Kind.NUMBER,
                order=lambda row: row.parked + row.gapped,
                cell=lambda row: Cell(value=row.parked + row.gapped, tone="warn") if row.parked + row.gapped else 0,
            ),
            Column(
                key="devices",
                title=marked("Devices down"),
                kind=Kind.NUMBER,
                order=lambda row: row.devices_down,
                cell=_devices,
            ),
            Column(
                key="backlog",
                title=marked("Not yet sent"),
                kind=Kind.NUMBER,
                order=lambda row: row.backlog or 0,
                cell=lambda row: row.backlog,
            ),
            Column(
                key="wanted",
                title=marked("Price book wanted"),
                kind=Kind.NUMBER,
                order=lambda row: row.wanted or 0,
                cell=lambda row: row.wanted,
            ),
            Column(
                key="runs",
                title=marked("sold by"),
                kind=Kind.NUMBER,
                order=lambda row: row.runs,
                cell=lambda row: Cell(value=", ".join(map(str, row.runs)) or None, tone="warn" if row.behind else ""),
            ),
            Column(
                key="sales",
                title=marked("Number of sales"),
                kind=Kind.NUMBER,
                order=lambda row: row.sales,
                cell=lambda row: row.sales,
            ),
            Column(
                key="takings",
                title=marked("Takings"),
                kind=Kind.MONEY,
                order=lambda row: row.takings_minor,
                cell=lambda row: Cell(value=row.takings_minor, exponent=exponent),
            ),
            Column(
                key="heard",
                title=marked("Last heard"),
                kind=Kind.MOMENT,
                order=lambda row: (row.agent and row.agent.seen_ms) or 0,
                cell=_heard,
            ),
        )

    def read(session: Session, asked: Asked) -> list[StoreRow]:
        text, state = asked.get("q").lower(), asked.get("state")
        fit = _FITS.get(state, bool)
        return [row for row in rows(session) if fit(row) and (text in row.name.lower() or text in row.store)]

    options = [
        ("need", marked("needs somebody")),
        ("offline", marked("offline")),
        ("behind", marked("sells by another price book")),
    ]
    return Listing(
        name="stores",
        title=marked("Stores"),
        columns=columns(),
        source=ListSource(read, columns),
        order="state",
        filters=(
            Filter(key="q", title=marked("Name or id")),
            Filter(key="state", title=marked("State"), options=lambda _session: options, say=True),
        ),
        empty=marked("No store yet."),
    )


def _missing_columns() -> Sequence[Column[MissingNumbers]]:
    return (
        Column(
            key="since",
            title=marked("Known since"),
            kind=Kind.MOMENT,
            order=lambda row: row.since_ms,
            cell=lambda row: row.since_ms,
        ),
        Column(
            key="store",
            title=marked("Store"),
            order=lambda row: row.store_id,
            cell=lambda row: Cell(value=row.store_id, href=f"/stores/{row.store_id}#receipts"),
        ),
        Column(key="till", title=marked("Till"), order=lambda row: row.till_id, cell=lambda row: row.till_id),
        Column(key="series", title=marked("Series"), order=lambda row: row.series, cell=lambda row: row.series),
        Column(
            key="first",
            title=marked("From number"),
            kind=Kind.NUMBER,
            order=lambda row: row.first,
            cell=lambda row: row.first,
        ),
        Column(
            key="last",
            title=marked("To number"),
            kind=Kind.NUMBER,
            order=lambda row: row.last,
            cell=lambda row: row.last,
        ),
        Column(
            key="count",
            title=marked("Missing"),
            kind=Kind.NUMBER,
            order=lambda row: row.last - row.first,
            cell=lambda row: row.last - row.first + 1,
        ),
    )


MISSING: Listing[MissingNumbers] = Listing(
    name="missing-receipts",
    title=marked("Missing receipt numbers"),
    columns=_missing_columns(),
    source=ListSource(
        lambda session, asked: missing_numbers(session, store_id=asked.get("store") or None), _missing_columns
    ),
    order="since",
    filters=(Filter(key="store", title=marked("Store")),),
    empty=marked("No receipt number is missing."),
)


def _version_columns() -> Sequence[Column[VersionRow]]:
    return (
        Column(
            key="version",
            title=marked("Version"),
            kind=Kind.NUMBER,
            order=lambda row: row.version,
            cell=lambda row: row.version,
        ),
        Column(key="title", title=marked("Title"), kind=Kind.WRAP, order=lambda row: row.title, cell=_version_title),
        Column(
            key="state",
            title=marked("State"),
            order=lambda row: row.status,
            cell=lambda row: toned(said.VERSION[row.status]),
        ),
        Column(
            key="activates",
            title=marked("Takes over (store time)"),
            order=lambda row: row.activates,
            cell=lambda row: row.activates.replace("T", " ") or None,
        ),
        Column(
            key="rows",
            title=marked("Changed rows"),
            kind=Kind.NUMBER,
            order=lambda row: row.changed_rows,
            cell=lambda row: row.changed_rows,
        ),
        Column(
            key="held",
            title=marked("Held by"),
            kind=Kind.NUMBER,
            order=lambda row: row.held_by,
            cell=lambda row: _of(row, row.held_by),
        ),
        Column(
            key="runs",
            title=marked("In force at"),
            kind=Kind.NUMBER,
            order=lambda row: row.runs_at,
            cell=lambda row: _of(row, row.runs_at),
        ),
    )


def _version_title(row: VersionRow) -> Cell:
    return Cell(value=row.title, href=f"/prices/changes/{row.draft}" if row.draft else "")


def _of(row: VersionRow, count: int) -> str | None:
    return f"{count} / {row.stores}" if row.status in {"active", "staged"} else None


def versions(now_ms: int) -> Listing[VersionRow]:
    """Return the table of price-book versions and how far each has come, at a moment of wall time."""
    states = [(code, said.VERSION[code][0]) for code in ("active", "staged", "superseded", "withdrawn")]

    def read(session: Session, asked: Asked) -> list[VersionRow]:
        return [row for row in overview.prices(session, now_ms) if asked.get("state") in ("", row.status)]

    return Listing(
        name="price-books",
        title=marked("Price books"),
        columns=_version_columns(),
        source=ListSource(read, _version_columns),
        order="-version",
        filters=(Filter(key="state", title=marked("State"), options=lambda _session: states, say=True),),
        empty=marked("No price book has been published."),
    )
