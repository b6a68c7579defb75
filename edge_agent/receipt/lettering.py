"""Text as a printer's fonts can set it: two-byte Chinese, a Latin code page, pictures for the rest.

Every character keeps the columns it was laid out for, so that figures stay under each other whatever the printer lacks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from edge_agent.receipt.glyphs import Bitmap, Glyphs
from shared.device_profile import Prints
from shared.receipt.columns import char_columns

_TWO_BYTES = 2
_MISSING_WIDE = "〓"
"""The sign printers' trade uses for a character that is not in the case (GB 2312: A1 FE)."""
_MISSING_NARROW = b"?"
_USUAL = {"“": '"', "”": '"', "‘": "'", "’": "'", "…": "..", "—": "--", "·": "."}


class Mode(Enum):
    """How the printer has to be set for a run of bytes."""

    ANY = "any"
    CHINESE = "chinese"
    LATIN = "latin"


@dataclass(frozen=True, slots=True)
class Letters:
    """Bytes that print in one mode."""

    mode: Mode
    content: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A character as dots."""

    bitmap: Bitmap


def set_text(text: str, prints: Prints, glyphs: Glyphs | None) -> Iterator[Letters | Picture]:
    """Yield a text as runs the printer can print, each character as wide as it was laid out."""
    run: Letters | None = None
    for char in text:
        piece = _set(char, prints, glyphs)
        if isinstance(piece, Letters) and run is not None and (joined := _join(run, piece)) is not None:
            run = joined
            continue
        if run is not None:
            yield run
        run = piece if isinstance(piece, Letters) else None
        if isinstance(piece, Picture):
            yield piece
    if run is not None:
        yield run


def _join(run: Letters, more: Letters) -> Letters | None:
    """Join what prints in the same mode; ASCII prints in both."""
    if run.mode is more.mode or more.mode is Mode.ANY:
        return Letters(run.mode, run.content + more.content)
    return Letters(more.mode, run.content + more.content) if run.mode is Mode.ANY else None


def _set(char: str, prints: Prints, glyphs: Glyphs | None) -> Letters | Picture:
    if " " <= char <= "~":
        return Letters(Mode.ANY, char.encode("ascii"))
    columns = char_columns(char)
    if columns == _TWO_BYTES and (two := two_bytes(char, prints)):
        return Letters(Mode.CHINESE, two)
    if (one := _in_code_page(char, prints)) is not None:
        return Letters(Mode.LATIN, one + b" " * (columns - 1))
    if columns and prints.column_image and glyphs is not None and (bitmap := glyphs.draw(char, columns)):
        return Picture(bitmap)
    return _substitute(char, columns, prints)


def two_bytes(char: str, prints: Prints) -> bytes | None:
    """Return a character's two bytes in the printer's Chinese font, None when it is not in it.

    GB18030 writes what is beyond its two-byte area in four bytes, which printers' fonts do not have.
    """
    if prints.chinese == "none":
        return None
    try:
        content = char.encode(prints.chinese)
    except UnicodeEncodeError:
        return None
    return content if len(content) == _TWO_BYTES else None


def _in_code_page(char: str, prints: Prints) -> bytes | None:
    if prints.code_page_name == "none":
        return None
    try:
        return char.encode(prints.code_page_name)
    except UnicodeEncodeError:
        return None


def _substitute(char: str, columns: int, prints: Prints) -> Letters:
    """Return the nearest that can be printed: the letter without its accent, else a mark that something is missing."""
    plain = _USUAL.get(char) or unicodedata.normalize("NFKD", char)
    ascii_only = "".join(one for one in plain if " " <= one <= "~")
    if ascii_only and len(ascii_only) <= columns:
        return Letters(Mode.ANY, ascii_only.ljust(columns).encode("ascii"))
    if columns == _TWO_BYTES and (missing := two_bytes(_MISSING_WIDE, prints)):
        return Letters(Mode.CHINESE, missing)
    return Letters(Mode.ANY, _MISSING_NARROW * columns)
