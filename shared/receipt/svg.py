"""A sheet as an SVG picture: the preview at the till, the bench's paper, the e-receipt. Needs no font of its own."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

from shared.receipt.columns import char_columns, text_columns
from shared.receipt.layout import Cut, Image, Row, Sheet, Symbol
from shared.receipt.plain import to_text
from shared.receipt.qr import QUIET_MODULES, matrix

_CELL = 8
_ROW = 20
_BASELINE = 15
_MARGIN = 16
_MODULE = 4
_DOTS_IN_CELL = 12
_FONTS = "'Noto Sans Mono CJK SC','Noto Sans Mono','Sarasa Mono SC','Microsoft YaHei',monospace"


def to_svg(sheet: Sheet) -> str:
    """Return the sheet as an SVG document. Each run of characters is stretched to its columns, whatever the font."""
    body: list[str] = []
    y = _MARGIN
    for piece in sheet.pieces:
        match piece:
            case Row():
                body += _row(piece, y)
                y += 2 * _ROW if piece.big else _ROW
            case Symbol():
                drawn, height = _symbol(piece, sheet.columns * _CELL, y)
                body.append(drawn)
                y += height
            case Image():
                body.append(_dots(piece, sheet.columns * _CELL, y))
                y += -(-len(piece.rows) * _CELL // _DOTS_IN_CELL)
            case Cut():
                body.append(_cut(sheet.columns * _CELL, y))
                y += _MARGIN
    width = sheet.columns * _CELL + 2 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y + _MARGIN}" width="{width}"'
        f' height="{y + _MARGIN}" role="img" lang="{escape(sheet.language)}" font-family="{_FONTS}" font-size="16">'
        f"<title>{escape(sheet.title)}</title><desc>{escape(to_text(sheet))}</desc>"
        '<rect width="100%" height="100%" fill="#fff"/><g fill="#000">' + "".join(body) + "</g></svg>\n"
    )


def _row(row: Row, y: int) -> Iterator[str]:
    scale = 2 if row.big else 1
    weight = ' font-weight="bold"' if row.bold else ""
    size = ' font-size="32"' if row.big else ""
    column = 0
    for _width, chars in groupby(row.text, key=lambda char: max(char_columns(char), 1)):
        run = "".join(chars)
        start, ink = column, run.strip(" ")
        column += text_columns(run)
        if not ink:
            continue
        start += len(run) - len(run.lstrip(" "))
        x = _MARGIN + start * _CELL * scale
        length = text_columns(ink) * _CELL * scale
        yield (
            f'<text x="{x}" y="{y + _BASELINE * scale}" textLength="{length}" lengthAdjust="spacingAndGlyphs"'
            f'{size}{weight} xml:space="preserve">{escape(ink)}</text>'
        )


def _symbol(symbol: Symbol, width: int, y: int) -> tuple[str, int]:
    modules = matrix(symbol.content)
    side = (len(modules) + 2 * QUIET_MODULES) * _MODULE
    left = _MARGIN + (width - side) // 2 + QUIET_MODULES * _MODULE
    top = y + QUIET_MODULES * _MODULE
    path = "".join(
        f"M{left + column * _MODULE} {top + line * _MODULE}h{_MODULE}v{_MODULE}h-{_MODULE}z"
        for line, dark in enumerate(modules)
        for column, module in enumerate(dark)
        if module
    )
    return f'<path shape-rendering="crispEdges" d="{path}"/>', side


def _dots(image: Image, width: int, y: int) -> str:
    """Draw dots as bars, a run of dark ones each, at the size they have beside the text."""
    bars: list[str] = []
    for line, row in enumerate(image.rows):
        bits = "".join(f"{byte:08b}" for byte in row)[: image.width]
        x = 0
        for bit, run in groupby(bits):
            length = len(list(run))
            if bit == "1":
                bars.append(f"M{x} {line}h{length}v1h-{length}z")
            x += length
    left = _MARGIN + (width - image.width * _CELL // _DOTS_IN_CELL) // 2
    scale = f"{_CELL / _DOTS_IN_CELL:.4f}"
    return f'<path transform="translate({left} {y}) scale({scale})" d="{"".join(bars)}"/>'


def _cut(width: int, y: int) -> str:
    line = y + _MARGIN // 2
    return f'<path d="M0 {line}H{width + 2 * _MARGIN}" stroke="#999" stroke-dasharray="6 4"/>'
