"""A sheet as a PNG picture, dot for dot as a printer sets it: for support tickets and places that show no SVG."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from edge_agent.receipt.escpos import enlarged
from edge_agent.receipt.glyphs import CELL_DOTS, ROW_DOTS, Bitmap, Glyphs
from shared.receipt.columns import char_columns
from shared.receipt.layout import Cut, Image, Row, Sheet, Symbol
from shared.receipt.qr import matrix

_LEADING_DOTS = 6
_MARGIN_DOTS = 12
_MODULE_DOTS = 5


def to_png(sheet: Sheet, glyphs: Glyphs) -> bytes:
    """Return the sheet as a black-and-white PNG. A character that the font lacks is an empty place."""
    from PIL import Image as Picture  # noqa: PLC0415 - loaded only by whoever wants a picture

    width = sheet.columns * CELL_DOTS + 2 * _MARGIN_DOTS
    canvas = Canvas(width)
    for piece in sheet.pieces:
        match piece:
            case Row():
                canvas.text(piece, glyphs)
            case Symbol():
                canvas.centred(enlarged(matrix(piece.content), _MODULE_DOTS))
            case Image():
                canvas.centred(
                    [[bool(byte >> bit & 1) for byte in row for bit in range(7, -1, -1)] for row in piece.rows]
                )
            case Cut():
                canvas.space(_MARGIN_DOTS)
    canvas.space(_MARGIN_DOTS)
    picture = Picture.frombytes("L", (width, len(canvas.rows)), b"".join(canvas.rows)).convert("1")
    content = BytesIO()
    picture.save(content, format="PNG", optimize=True)
    return content.getvalue()


class Canvas:
    """White paper of a width in dots that grows downwards; one byte a dot, 0 is ink."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows: list[bytearray] = []
        self.space(_MARGIN_DOTS)

    def space(self, height: int) -> None:
        """Feed the paper."""
        self.rows += [bytearray(b"\xff" * self.width) for _ in range(height)]

    def text(self, row: Row, glyphs: Glyphs) -> None:
        """Set one row of text."""
        scale = 2 if row.big else 1
        top = len(self.rows)
        self.space((ROW_DOTS + _LEADING_DOTS) * scale)
        x = _MARGIN_DOTS
        for char in row.text:
            columns = char_columns(char)
            if char != " " and columns and (bitmap := glyphs.draw(char, columns)) is not None:
                self._ink(bitmap, x, top, scale, bold=row.bold)
            x += columns * CELL_DOTS * scale

    def centred(self, dots: list[list[bool]]) -> None:
        """Put a picture in the middle."""
        top = len(self.rows)
        self.space(len(dots))
        self._ink(Bitmap(dots), (self.width - len(dots[0])) // 2, top, 1, bold=False)

    def _ink(self, bitmap: Bitmap, left: int, top: int, scale: int, *, bold: bool) -> None:
        for y, x in _dark(bitmap, scale):
            row = self.rows[top + y]
            row[left + x] = 0
            if bold and left + x + 1 < self.width:
                row[left + x + 1] = 0  # as printers do it: struck twice, a dot apart


def _dark(bitmap: Bitmap, scale: int) -> Iterator[tuple[int, int]]:
    for y, dots in enumerate(bitmap.rows):
        for x, dark in enumerate(dots):
            if dark:
                yield from ((y * scale + dy, x * scale + dx) for dy in range(scale) for dx in range(scale))
