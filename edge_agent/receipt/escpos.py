"""A sheet as ESC/POS bytes, by what the printer's profile says it can do and never by its brand.

Commands after Epson's ESC/POS reference; the Chinese ones (FS) as in the manuals of Chinese models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_agent.receipt.glyphs import Bitmap, Glyphs
from edge_agent.receipt.lettering import Letters, Mode, Picture, set_text
from shared.device_profile import Prints
from shared.receipt.layout import Cut, Row, Sheet, Symbol
from shared.receipt.plain import row_text
from shared.receipt.qr import QUIET_MODULES, matrix

ESC, FS, GS, LF = b"\x1b", b"\x1c", b"\x1d", b"\n"

INITIALIZE = ESC + b"@"
_AMERICAN_SET = ESC + b"R\x00"
"""ESC R 0: `$`, `\\` and `|` as in ASCII; a Chinese setting (15) prints ¥ for `$`."""
CHINESE_ON, CHINESE_OFF = FS + b"&", FS + b"."
_BOLD_ON, _BOLD_OFF = ESC + b"E\x01", ESC + b"E\x00"
_BIG_ON, _BIG_OFF = GS + b"!\x11", GS + b"!\x00"
_BIG_CHINESE_ON, _BIG_CHINESE_OFF = FS + b"W\x01", FS + b"W\x00"
_CENTRE, _LEFT = ESC + b"a\x01", ESC + b"a\x00"
_QR_MODEL_2 = GS + b"(k\x04\x001A2\x00"
_QR_CORRECTION_M = GS + b"(k\x03\x001E1"
_QR_PRINT = GS + b"(k\x03\x001Q0"
_FEED_LINES_WITHOUT_CUTTER = 4
_QR_MAX_BYTES = 2048
_NATIVE_QR_MODULES_ACROSS = 60
"""A receipt's QR code has at most about 50 modules; its squares are made as large as the paper allows."""
_BAND_ROWS = 128
"""A raster picture goes in bands: small printers have small buffers."""
ADDRESSED_IN_REAL_TIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
"""Printers obey these also inside a picture (DLE EOT, ENQ, DC4: a status, an error cleared, a drawer opened)."""


def to_escpos(sheet: Sheet, prints: Prints, glyphs: Glyphs | None = None) -> bytes:
    """Return the bytes that print a sheet. What the printer's fonts lack is drawn with `glyphs`, or marked."""
    return b"".join(_Encoder(sheet, prints, glyphs).content())


class _Encoder:
    """One sheet for one printer. Knows which mode the printer is in."""

    def __init__(self, sheet: Sheet, prints: Prints, glyphs: Glyphs | None) -> None:
        self._sheet = sheet
        self._prints = prints
        self._glyphs = glyphs
        self._mode = Mode.LATIN
        self._has_chinese = prints.chinese != "none"

    def content(self) -> Iterator[bytes]:
        yield INITIALIZE + _AMERICAN_SET
        if self._has_chinese or self._prints.chinese_at_power_on:
            yield CHINESE_OFF  # ESC @ leaves some in it and some not
        if self._prints.code_page_name != "none":
            yield ESC + b"t" + bytes([self._prints.code_page])
        for piece in self._sheet.pieces:
            match piece:
                case Row():
                    yield from self._row(piece)
                case Symbol():
                    yield from self._symbol(piece)
                case Cut():
                    yield from self._cut()

    def _row(self, row: Row) -> Iterator[bytes]:
        runs = list(set_text(row.text, self._prints, self._glyphs))
        if row.big and any(isinstance(run, Picture) for run in runs):
            # A 24-dot picture cannot be enlarged within a line: the row stands where it would, at normal size.
            row = Row(text=row_text(row), bold=row.bold)
            runs = list(set_text(row.text, self._prints, self._glyphs))
        if row.bold:
            yield _BOLD_ON
        if row.big:
            yield _BIG_ON + (_BIG_CHINESE_ON if self._has_chinese else b"")
        for run in runs:
            yield from self._run(run)
        yield LF
        if row.big:
            yield _BIG_OFF + (_BIG_CHINESE_OFF if self._has_chinese else b"")
        if row.bold:
            yield _BOLD_OFF

    def _run(self, run: Letters | Picture) -> Iterator[bytes]:
        if isinstance(run, Picture):
            yield column_image(run.bitmap)
            return
        if run.mode not in {Mode.ANY, self._mode}:
            yield CHINESE_ON if run.mode is Mode.CHINESE else CHINESE_OFF if self._has_chinese else b""
            self._mode = run.mode
        yield run.content

    def _symbol(self, symbol: Symbol) -> Iterator[bytes]:
        if self._prints.qr and len(symbol.content.encode()) <= _QR_MAX_BYTES:
            side = max(3, min(8, self._prints.width_dots // _NATIVE_QR_MODULES_ACROSS))
            yield _CENTRE + native_qr(symbol.content, side) + _LEFT
        elif self._prints.raster:
            modules = matrix(symbol.content)
            side = max(2, min(6, self._prints.width_dots // (len(modules) + 2 * QUIET_MODULES)))
            yield _CENTRE + b"".join(raster_image(enlarged(modules, side))) + _LEFT
        else:
            for start in range(0, len(symbol.content), self._sheet.columns):
                yield from self._row(Row(text=symbol.content[start : start + self._sheet.columns]))

    def _cut(self) -> Iterator[bytes]:
        feed = self._prints.feed_before_cut_dots
        match self._prints.cutter:
            case "partial":
                yield GS + b"VB" + bytes([feed])
            case "full":
                yield GS + b"VA" + bytes([feed])
            case "none":
                yield ESC + b"d" + bytes([_FEED_LINES_WITHOUT_CUTTER])


def native_qr(content: str, side: int) -> bytes:
    """Return the commands that let the printer draw a QR code (GS ( k, functions 165, 167, 169, 180, 181)."""
    data = content.encode()
    store = GS + b"(k" + (len(data) + 3).to_bytes(2, "little") + b"1P0" + data
    return _QR_MODEL_2 + GS + b"(k\x03\x001C" + bytes([side]) + _QR_CORRECTION_M + store + _QR_PRINT


def column_image(bitmap: Bitmap) -> bytes:
    """Return a 24-dot picture that stands within a line of text (ESC * 33): column by column, top bit first."""
    columns = bytearray()
    for x in range(bitmap.width):
        for top in range(0, 24, 8):
            columns.append(_byte(bitmap.rows[y][x] for y in range(top, top + 8)))
    return ESC + b"*\x21" + bitmap.width.to_bytes(2, "little") + _harmless(bytes(columns))


def raster_image(rows: Sequence[Sequence[bool]]) -> Iterator[bytes]:
    """Yield a picture in bands (GS v 0): row by row, eight dots a byte, the left one highest."""
    width = (len(rows[0]) + 7) // 8
    for start in range(0, len(rows), _BAND_ROWS):
        band = rows[start : start + _BAND_ROWS]
        data = b"".join(
            bytes(
                _byte(row[x * 8 + bit] if x * 8 + bit < len(row) else False for bit in range(8)) for x in range(width)
            )
            for row in band
        )
        yield GS + b"v0\x00" + width.to_bytes(2, "little") + len(band).to_bytes(2, "little") + _harmless(data)


def _byte(bits: Iterator[bool]) -> int:
    value = 0
    for bit in bits:
        value = value << 1 | bit
    return value


def _harmless(data: bytes) -> bytes:
    """Change one dot wherever a picture would spell a real-time command: 10 becomes 18."""
    for command in ADDRESSED_IN_REAL_TIME:
        data = data.replace(command, b"\x18" + command[1:])
    return data


def enlarged(modules: Sequence[Sequence[bool]], side: int) -> list[list[bool]]:
    """Return squares of `side` dots for each module, with the quiet margin around them."""
    quiet = [False] * QUIET_MODULES
    wide = [quiet + list(row) + quiet for row in modules]
    empty = [[False] * len(wide[0])] * QUIET_MODULES
    return [[module for module in row for _ in range(side)] for row in [*empty, *wide, *empty] for _ in range(side)]
