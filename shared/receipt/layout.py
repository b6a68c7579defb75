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
            yield from _says(block, columns // 2 if block.big else columns)
        case Pair():
            yield from _pair(block, columns // 2 if block.big else columns)
        case Table():
            yield from (_table_row(cells, columns) for cells in block.rows)
        case Rule():
            yield Row(text=block.char * columns)
        case Link():
            yield Symbol(content=block.content)
            if block.caption:
                yield from _says(Says(text=block.caption, align=Align.CENTRE), columns)
        case Gap():
            yield Row(text="")


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
    if room < _SHORTEST_LABEL:
        yield from _says(Says(text=block.left, big=block.big, bold=block.bold, indent=block.indent), columns)
        yield from _says(Says(text=right, align=Align.RIGHT, big=block.big, bold=block.bold), columns)
        return
    lines = wrap(printable(block.left), room)
    for line in lines[:-1]:
        yield Row(text=" " * block.indent + line, big=block.big, bold=block.bold)
    last = " " * block.indent + lines[-1]
    text = last + pad_left(right, columns - text_columns(last))
    yield Row(text=text.rstrip(" "), big=block.big, bold=block.bold)


def _table_row(cells: tuple[str, ...], columns: int) -> Row:
    """Set cells side by side; one that is too long for its share borrows from the one at its left."""
    share = columns // len(cells)
    text = ""
    for place, cell in enumerate(cells):
        end = columns - share * (len(cells) - 1 - place)
        if place == 0:
            text = pad_right(printable(cell), share)
        else:
            text = text.rstrip(" ")
            room = max(end - text_columns(text), text_columns(printable(cell)) + 1)
            text += pad_left(printable(cell), room)
    return Row(text=wrap(text, columns)[0] if text_columns(text) > columns else text.rstrip(" "))
