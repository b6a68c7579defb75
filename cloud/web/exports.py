"""A table as a file: CSV or XLSX of every row that the address asks for, in its order."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from sqlmodel import Session

from cloud.errors import Invalid
from cloud.web.figures import money
from cloud.web.tables import Cell, Kind, Listing
from shared.web.words import Speech

MOST_ROWS = 100_000
"""More than a person reads and fewer than a spreadsheet refuses."""
_AT_ONCE = 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
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
        (_csv(heads, rows), "text/csv; charset=utf-8") if kind == "csv" else (_xlsx(heads, rows), _SPREADSHEET)
    )
    name = f'attachment; filename="{listing.name}.{kind}"'
    return Response(content, media_type=media, headers={"Content-Disposition": name, "Cache-Control": "no-store"})


def _rows(
    listing: Listing[Any], session: Session, request: Request, speech: Speech, prefix: str
) -> Iterator[list[str | int]]:
    asked = listing.asked(request.query_params, prefix)
    for offset in range(0, MOST_ROWS, _AT_ONCE):
        found = listing.source.rows(session, asked, offset=offset, limit=_AT_ONCE)
        for row in found:
            cells = zip(listing.columns, listing.cells(row), strict=True)
            yield [plain(column.kind, cell, speech) for column, cell in cells]
        if len(found) < _AT_ONCE:
            return


def plain(kind: Kind, cell: Cell, speech: Speech) -> str | int:
    """Return a cell as a file holds it: numbers as numbers, money with its point, moments as ISO 8601 in UTC."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, int):
        if kind is Kind.MONEY:
            return money(value, cell.exponent).replace(",", "")
        return _iso(value) if kind is Kind.MOMENT else value
    if isinstance(value, date):
        return value.isoformat()
    text = speech.t(value, **cell.values) if cell.say else value
    # A spreadsheet runs what looks like a formula; a name in our tables may be anybody's.
    return f"'{text}" if text.startswith(_FORMULA) else text


def _iso(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _csv(heads: list[str], rows: Iterator[list[str | int]]) -> bytes:
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow(heads)
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode()  # without the mark Excel reads Chinese as something else


def _xlsx(heads: list[str], rows: Iterator[list[str | int]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    titles = [WriteOnlyCell(sheet, value=head) for head in heads]
    for title in titles:
        title.font = Font(bold=True)
    sheet.append(titles)
    for row in rows:
        sheet.append(row)
    written = BytesIO()
    book.save(written)
    return written.getvalue()
