"""CSV and XLSX as plain tables of text: bounded, in the encodings that shops really send, safe to open again.

A number that a spreadsheet program has shortened, a formula, a byte order mark, a semicolon: all of it is met here,
so that the rest sees only rows of text under column names.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from cloud.web.exports import FORMULA
from shared.web.phrases import Phrase

MAX_FILE_BYTES = 32 * 1024**2
FILE_TOO_LARGE = f"the file has more than {MAX_FILE_BYTES} bytes: split it"
MAX_OPENED_BYTES = 256 * 1024**2
MAX_ROWS = 200_000
"""Under the header, empty ones counted: to skip a million of them takes as long as to read them."""
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 2_000

SheetFormat = Literal["csv", "xlsx"]
MEDIA_TYPES: Mapping[SheetFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ENCODINGS = ("utf-8-sig", "gb18030")
_WIDTH, _NAME_WIDTH = 14, 36
_TORN = (
    zipfile.BadZipFile, InvalidFileException, zlib.error, EOFError, SyntaxError, LookupError, ValueError, TypeError,
    AttributeError, ArithmeticError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What the libraries raise for a workbook that is cut, bent or locked; XML that ends early is a SyntaxError."""
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


class SheetUnreadable(ValueError):
    """A file that is no table we can read; the text says what to do about it."""

    def __init__(self, phrase: Phrase) -> None:
        super().__init__(phrase)
        self.phrase = phrase


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row under the header: its number as the spreadsheet program shows it, and its cells by column name."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of text."""

    columns: list[str]
    rows: list[SheetRow]


def read_sheet(content: bytes) -> Sheet:
    """Read a CSV or XLSX file, told apart by its first bytes. Raise SheetUnreadable."""
    if len(content) > MAX_FILE_BYTES:
        raise SheetUnreadable(
            Phrase("the file has {count} bytes, at most {most} are read: split it", count=len(content),
                   most=MAX_FILE_BYTES)
        )  # fmt: skip
    lines = _xlsx_lines(content) if content.startswith(b"PK") else _csv_lines(content)
    header = next(lines, None)
    if header is None or not any(header[1]):
        raise SheetUnreadable(Phrase("the file has no header: the first row must name the columns"))
    columns = [_column_name(cell) for cell in header[1]]
    while columns and not columns[-1]:
        columns.pop()
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise SheetUnreadable(Phrase("the column {name!r} appears twice: remove or rename one of them", name=twice[0]))
    return Sheet(columns, list(_named(columns, lines)))


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file that spreadsheet programs open as text, never as formulas."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([guard(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(
    columns: Sequence[str], rows: Iterable[Sequence[str]], title: str, amounts: Collection[int] = ()
) -> bytes:
    """Return an XLSX file whose cells are text, so that leading zeros stay and nothing is a formula.

    Only the columns in `amounts`, counted from 0, hold numbers.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _NAME_WIDTH if name.startswith("name_") else _WIDTH
    sheet.append([_text_cell(sheet, cell) for cell in columns])
    for row in rows:
        sheet.append([_cell(sheet, cell, amount=place in amounts) for place, cell in enumerate(row)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def guard(cell: str) -> str:
    """Put an apostrophe before text that a spreadsheet program would take for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) and not _NUMBER.match(cell) else cell


def unguard(cell: str) -> str:
    """Take that apostrophe away again."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _named(columns: Sequence[str], lines: Iterator[tuple[int, list[str]]]) -> Iterator[SheetRow]:
    for count, (number, cells) in enumerate(lines, start=1):
        if count > MAX_ROWS:
            raise SheetUnreadable(
                Phrase("the file has more than {most} rows, empty ones counted: split it, or delete the empty rows",
                       most=MAX_ROWS)
            )  # fmt: skip
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            raise SheetUnreadable(
                Phrase("row {number} has more cells than the header has columns: name every column", number=number)
            )
        yield SheetRow(number, {name: cell for name, cell in zip(columns, cells, strict=False) if name})


def _column_name(cell: str) -> str:
    return re.sub(r"[\s\-]+", "_", cell.strip().lower())


def _csv_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decode(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    csv.field_size_limit(MAX_CELL_CHARACTERS * 4)
    number = 1
    try:
        for cells in reader:
            yield number, [_clean(cell) for cell in cells]
            number = reader.line_num + 1
    except csv.Error as error:
        broken = Phrase("row {number} is not CSV ({why}): check the quotation marks", number=number, why=error)
        raise SheetUnreadable(broken) from error


def _decode(content: bytes) -> str:
    if b"\0" in content:
        raise SheetUnreadable(Phrase("the file is neither CSV nor XLSX: save it as one of these"))
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetUnreadable(Phrase("the text is neither UTF-8 nor GB18030: save the file as 'CSV UTF-8'"))


def _xlsx_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from _xlsx_rows(content)
    except SheetUnreadable:
        raise
    except _TORN as error:
        raise SheetUnreadable(Phrase("the file is not a complete XLSX workbook: save it again")) from error


def _xlsx_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        opened = sum(entry.file_size for entry in archive.infolist())
    if opened > MAX_OPENED_BYTES:
        raise SheetUnreadable(
            Phrase("the workbook opens to {count} bytes, at most {most} are read", count=opened, most=MAX_OPENED_BYTES)
        )
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size may be anything
        # Rows that are left out, and cells left out of a row, come as None: without a last column up to 16,384 of them.
        for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True), start=1):
            yield number, _row_texts(number, cells)
    finally:
        book.close()


def _row_texts(number: int, cells: Sequence[Any]) -> list[str]:
    """Return a row's cells as text, without what is empty at its end."""
    end = len(cells)
    while end and cells[end - 1] is None:
        end -= 1
    if end > MAX_COLUMNS:
        raise SheetUnreadable(
            Phrase("row {number} has more than {most} columns: delete what no column of the import stands for",
                   number=number, most=MAX_COLUMNS)
        )  # fmt: skip
    return [_clean(_cell_text(cell)) for cell in cells[:end]]


def _cell_text(value: Any) -> str:
    """Write a cell's value as a person typed it: 12.5, not 12.500000000000002; 1001, not 1001.0."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)


def _clean(cell: str) -> str:
    if len(cell) > MAX_CELL_CHARACTERS:
        raise SheetUnreadable(
            Phrase("a cell has {count} characters, at most {most} are read", count=len(cell), most=MAX_CELL_CHARACTERS)
        )
    return unguard(cell.strip())


def _cell(sheet: Any, text: str, *, amount: bool) -> Any:
    if not amount or not _NUMBER.match(text):
        return _text_cell(sheet, text)
    cell = WriteOnlyCell(sheet, value=Decimal(text))
    places = len(text.partition(".")[2])
    cell.number_format = "0" + ("." + "0" * places if places else "")
    return cell


def _text_cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # else a text beginning with '=' is written as a formula
    cell.number_format = "@"
    return cell
