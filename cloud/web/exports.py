"""A table as a file: CSV or XLSX of every row that the address asks for, in its order."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError
from sqlmodel import Session

from cloud.errors import Invalid
from cloud.org.zones import zone_of
from cloud.web.tables import Cell, Column, Kind, Listing
from shared.calendar import local_time
from shared.web.words import Speech

MOST_ROWS = 100_000
"""More than a person reads and fewer than a spreadsheet refuses."""
_AT_ONCE = 5_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula; Chinese and Japanese ones the fullwidth signs as well."""
_WIDTHS = {Kind.MOMENT: 24, Kind.MONEY: 14, Kind.NUMBER: 12, Kind.WRAP: 40}
"""Of a workbook's columns, in characters: a number that does not fit is shown as hashes."""
_WIDTH = 22
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_SHEET_NAME = 31
_NO_SHEET_NAME = re.compile(r"[\\/*?:\[\]]")
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def wanted(request: Request) -> tuple[str, str] | None:
    """Return (table, format) where the address asks for a file. Raise Invalid for a format there is not."""
    kind = request.query_params.get("export")
    if kind is None:
        return None
    if kind not in {"csv", "xlsx"}:
        raise Invalid(f"export {kind!r} is not one of csv, xlsx")
    return request.query_params.get("table", ""), kind


def exported(
    listing: Listing[Any], session: Session, request: Request, speech: Speech, *, prefix: str, kind: str
) -> Response:
    """Write the table as a file named after it."""
    rows = _rows(listing, session, request, speech, prefix)
    heads = [speech.t(column.title) for column in listing.columns]
    content, media = (
        (_csv(heads, rows), "text/csv; charset=utf-8")
        if kind == "csv"
        else (_xlsx(heads, rows, listing.columns, speech.t(listing.title)), _SPREADSHEET)
    )
    name = f'attachment; filename="{listing.name}.{kind}"'
    return Response(content, media_type=media, headers={"Content-Disposition": name, "Cache-Control": "no-store"})


Value = str | int | Decimal | date | datetime
"""What a file holds: amounts as numbers, moments as the wall clock of where they were."""


def _rows(
    listing: Listing[Any], session: Session, request: Request, speech: Speech, prefix: str
) -> Iterator[list[Value]]:
    asked, house = listing.asked(request.query_params, prefix), zone_of(session)
    for offset in range(0, MOST_ROWS, _AT_ONCE):
        found = listing.source.rows(session, asked, offset=offset, limit=_AT_ONCE)
        for row in found:
            cells = zip(listing.columns, listing.cells(row), strict=True)
            yield [plain(column.kind, cell, speech, house) for column, cell in cells]
        if len(found) < _AT_ONCE:
            return


def plain(kind: Kind, cell: Cell, speech: Speech, house: tzinfo) -> Value:
    """Return a cell as a file holds it; a moment in its own zone, or the house's, as the page shows it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, int):
        if kind is Kind.MONEY:
            return Decimal(value).scaleb(-cell.exponent)
        return _there(value, cell.zone, house) if kind is Kind.MOMENT else value
    if isinstance(value, date):
        return value
    return speech.t(value, **cell.values) if cell.say else value


def _there(at_ms: int, zone: str, house: tzinfo) -> datetime | str:
    try:
        there: tzinfo = ZoneInfo(zone) if zone else house
    except (ValueError, KeyError, OSError):
        there = UTC
    try:
        return local_time(at_ms, there).replace(microsecond=0)
    except (ValueError, OverflowError, OSError):
        return ""


def _csv(heads: list[str], rows: Iterator[list[Value]]) -> bytes:
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow(heads)
    writer.writerows([_text(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode()  # without the mark Excel reads Chinese as something else


def _text(value: Value) -> str:
    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    if isinstance(value, str):
        # A spreadsheet runs what looks like a formula; a name in our tables may be anybody's.
        return f"'{value}" if value.startswith(FORMULA) else value
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _xlsx(heads: list[str], rows: Iterator[list[Value]], columns: Sequence[Column[Any]], title: str) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_NO_SHEET_NAME.sub(" ", title)[:_SHEET_NAME])
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(column.kind, _WIDTH)
    titles = [WriteOnlyCell(sheet, value=head) for head in heads]
    for head in titles:
        head.font = Font(bold=True)
    sheet.append(titles)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _cell(sheet: Any, value: Value) -> Any:
    """Return a workbook's cell: amounts and dates to count with, what looks like a formula as text."""
    if value == "":
        return None
    zone = ""
    if isinstance(value, datetime):  # a workbook knows no zones: its moments are wall clocks
        zone, value = ' "UTC"' if value.tzinfo is UTC else "", value.replace(tzinfo=None)
    try:
        cell = WriteOnlyCell(sheet, value=value)
    except IllegalCharacterError:
        cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", str(value)))
    if isinstance(value, datetime):
        cell.number_format = _MOMENT + zone
    elif isinstance(value, date):
        cell.number_format = _DAY
    elif isinstance(value, Decimal):
        places = -int(value.as_tuple().exponent)
        cell.number_format = "#,##0" + ("." + "0" * places if places > 0 else "")
    elif isinstance(value, str):
        cell.data_type = "s"
    return cell
