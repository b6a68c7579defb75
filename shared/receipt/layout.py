"""A document laid out for a paper: rows of at most so many columns. Every renderer starts from these."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from shared.receipt.columns import centre, pad_left, pad_right, printable, text_columns, wrap
from shared.receipt.document import Align, Block, Document, Gap, Link, Pair, Rule, Says, Table

COLUMNS_58_MM = 32
COLUMNS_80_MM = 48
MIN_COLUMNS = 16
_SHORTEST_LABEL = 4
"""A label with less room beside its figure goes on a row of its own."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of text. In a `big` row every character takes twice its columns, also the spaces before it."""

    text: str
    big: bool = False
    bold: bool = False


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """A QR code in the middle of the paper."""

    content: str


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """Dots in the middle of the paper: `rows` of `width` dots, eight a byte, the left one highest."""

    width: int
    rows: tuple[bytes, ...]


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a paper."""


Piece = Row | Symbol | Image | Cut


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a paper `columns` wide."""

    columns: int
    pieces: tuple[Piece, ...]
    title: str = ""
    language: str = "zh"

    def __post_init__(self) -> None:
        if self.columns < MIN_COLUMNS:
            raise ValueError(f"a receipt needs at least {MIN_COLUMNS} columns, got {self.columns}")


def lay_out(document: Document, columns: int) -> Sheet:
    """Return the document on a paper of so many half-width columns, ended by a cut."""
    pieces = [piece for block in document.blocks for piece in _block(block, columns)]
    return Sheet(columns=columns, pieces=(*pieces, Cut()), title=document.title, language=document.language)


def _block(block: Block, columns: int) -> Iterator[Piece]:
    match block:
        case Says():
            yield from _says(block, columns // 2) if _fits_big(block, columns) else _says(_small(block), columns)
        case Pair():
            yield from _pair(block, columns // 2 if block.big else columns)
        case Table():
            yield from _table(block.rows, columns)
        case Rule():
            yield Row(text=block.char * columns)
        case Link():
            yield Symbol(content=block.content)
            if block.caption:
                yield from _says(Says(text=block.caption, align=Align.CENTRE), columns)
        case Gap():
            yield Row(text="")


def _fits_big(block: Says, columns: int) -> bool:
    return block.big and text_columns(printable(block.text)) <= columns // 2 - block.indent


def _small(block: Says) -> Says:
    """Return a text that is too long to be set large on one row as a bold one: a broken headline helps nobody."""
    return msgspec.structs.replace(block, big=False, bold=True) if block.big else block


def _says(block: Says, columns: int) -> Iterator[Row]:
    for line in wrap(printable(block.text), columns - block.indent):
        match block.align:
            case Align.LEFT:
                text = " " * block.indent + line
            case Align.CENTRE:
                text = centre(line, columns)
            case Align.RIGHT:
                text = pad_left(line, columns)
        yield Row(text=text.rstrip(" "), big=block.big, bold=block.bold)


def _pair(block: Pair, columns: int) -> Iterator[Row]:
    right = printable(block.right)
    room = columns - block.indent - text_columns(right) - 1
    if room < _SHORTEST_LABEL or _breaks(printable(block.left), room, big=block.big):
        yield from _says(Says(text=block.left, big=block.big, bold=block.bold, indent=block.indent), columns)
        yield from _says(Says(text=right, align=Align.RIGHT, big=block.big, bold=block.bold), columns)
        return
    lines = wrap(printable(block.left), room)
    for line in lines[:-1]:
        yield Row(text=" " * block.indent + line, big=block.big, bold=block.bold)
    last = " " * block.indent + lines[-1]
    text = last + pad_left(right, columns - text_columns(last))
    yield Row(text=text.rstrip(" "), big=block.big, bold=block.bold)


def _breaks(label: str, room: int, *, big: bool) -> bool:
    """Tell whether a label would be cut within a word beside its figure, or a large one at all."""
    if big:
        return text_columns(label) > room
    return any(text_columns(word) > room for word in label.split(" ") if word.isascii())


def _table(rows: tuple[tuple[str, ...], ...], columns: int) -> Iterator[Row]:
    """Set cells below each other in columns as wide as their longest, spread over the paper.

    Where these do not fit side by side, the cells of a row go on to as many rows as they need: none is ever cut.
    """
    clean = [tuple(printable(cell) for cell in cells) for cells in rows]
    count = max((len(cells) for cells in clean), default=0)
    widths = [max(text_columns(cells[n]) for cells in clean if n < len(cells)) for n in range(count)]
    spare = columns - sum(widths)
    if spare < count - 1:
        yield from (row for cells in clean for row in _stacked(cells, columns))
        return
    spread = _evenly(widths, columns)
    for cells in clean:
        text = pad_right(cells[0], spread[0]) if cells else ""
        text += "".join(pad_left(cell, width) for cell, width in zip(cells[1:], spread[1:], strict=False))
        yield Row(text=text.rstrip(" "))


def _evenly(widths: list[int], columns: int) -> list[int]:
    """Return the widths with what is left over given to every column alike, the last ones first."""
    each, rest = divmod(columns - sum(widths), len(widths))
    return [width + each + (n >= len(widths) - rest) for n, width in enumerate(widths)]


def _stacked(cells: tuple[str, ...], columns: int) -> Iterator[Row]:
    """Set cells at the right end of as few rows as they fit on."""
    line = ""
    for cell in cells:
        joined = f"{line} {cell}" if line else cell
        if line and text_columns(joined) > columns:
            yield from _says(Says(text=line, align=Align.RIGHT), columns)
            joined = cell
        line = joined
    yield from _says(Says(text=line, align=Align.RIGHT), columns)
