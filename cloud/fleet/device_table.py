"""The table of every device of the chain, as somebody who looks after stores reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlmodel import Session

from cloud.fleet import device_words
from cloud.fleet.device_standing import DeviceRow
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, ListSource
from shared.web.words import marked

_STATES = ("away", "fault", "troubled", "coming", "unheard", "ready")


def place_of(row: DeviceRow) -> str:
    """Return the address of a device's page."""
    return f"/stores/{row.store}/devices/{row.till}/{row.device}"


def state_cell(row: DeviceRow) -> Cell:
    """Return how a device stands as a cell."""
    text, tone = device_words.STATE[row.state]
    return Cell(value=text, tone=tone, say=True)


def advice_of(row: DeviceRow) -> str:
    """Return what to do first about a device: a marked text, empty where there is nothing to do."""
    known = [device_words.ADVICE[one] for one in row.conditions if one in device_words.ADVICE]
    return known[0] if known else ""


def _advice(row: DeviceRow) -> Cell:
    advice = advice_of(row) if row.needs_somebody else ""
    if advice:
        return Cell(value=advice, say=True)
    return Cell(value=(row.report.reason if row.report and row.needs_somebody else "") or None)


def _class(row: DeviceRow) -> Cell:
    name = device_words.CLASS.get(row.device_class)
    return Cell(value=name or row.device, say=name is not None)


def _way(row: DeviceRow) -> Cell:
    name = device_words.WAY.get(row.way)
    return Cell(value=name or row.way or None, say=name is not None, note=row.plug)


def devices(rows: Callable[[Session], list[DeviceRow]]) -> Listing[DeviceRow]:
    """Return the table over rows read at this moment."""

    def columns() -> Sequence[Column[DeviceRow]]:
        return (
            Column(
                key="store",
                title=marked("Store"),
                kind=Kind.WRAP,
                order=lambda row: (row.store_name, row.store, row.till),
                cell=lambda row: Cell(value=row.store_name, href=f"/stores/{row.store}/devices", note=row.store),
            ),
            Column(
                key="device",
                title=marked("Device"),
                order=lambda row: (row.device, row.till),
                cell=lambda row: Cell(value=f"{row.till}/{row.device}", href=place_of(row)),
            ),
            Column(key="class", title=marked("Kind"), order=lambda row: row.device_class, cell=_class),
            Column(key="state", title=marked("State"), order=lambda row: _STATES.index(row.state), cell=state_cell),
            Column(
                key="since",
                title=marked("Since"),
                kind=Kind.MOMENT,
                order=lambda row: (row.report.since_ms or 0) if row.report else 0,
                cell=lambda row: row.report.since_ms if row.report else None,
            ),
            Column(key="todo", title=marked("What to do"), kind=Kind.WRAP, cell=_advice),
            Column(
                key="model", title=marked("Model"), kind=Kind.WRAP, order=lambda row: row.title,
                cell=lambda row: row.title,
            ),
            Column(key="way", title=marked("Reached by"), kind=Kind.WRAP, order=lambda row: row.way, cell=_way),
        )  # fmt: skip

    def read(session: Session, asked: Asked) -> list[DeviceRow]:
        wanted = asked.get("state")
        return [
            row
            for row in rows(session)
            if (not asked.get("store") or row.store == asked.get("store"))
            and (not asked.get("class") or row.device_class == asked.get("class"))
            and (not wanted or (row.needs_somebody if wanted == "need" else row.state == wanted))
        ]

    states = [("need", marked("needs you")), *((code, device_words.STATE[code][0]) for code in _STATES)]
    return Listing(
        name="devices",
        title=marked("Devices"),
        columns=columns(),
        source=ListSource(read, columns),
        order="",
        filters=(
            Filter(key="store", title=marked("Store")),
            Filter(key="class", title=marked("Kind"), say=True, options=lambda _: list(device_words.CLASS.items())),
            Filter(key="state", title=marked("State"), say=True, options=lambda _: states),
        ),
        empty=marked("No store has reported a device yet, and none is bound to a till."),
    )
