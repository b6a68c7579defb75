"""A sheet as plain text: for a screen, a log, a test, and whoever cannot see."""

from __future__ import annotations

from shared.receipt.columns import text_columns
from shared.receipt.layout import Cut, Image, Row, Sheet, Symbol


def to_text(sheet: Sheet) -> str:
    """Return the sheet as lines of text. Big rows keep their place, a QR code is the address in it."""
    lines: list[str] = []
    for piece in sheet.pieces:
        match piece:
            case Row():
                lines.append(row_text(piece))
            case Symbol():
                lines.append(f"[QR] {piece.content}")
            case Image():
                lines.append(f"[{piece.width} x {len(piece.rows)} dots]")
            case Cut():
                pass
    return "".join(f"{line}\n" for line in lines)


def row_text(row: Row) -> str:
    """Return a row at normal size. What was big keeps its place: it starts, and a figure ends, where it did."""
    text = row.text.rstrip(" ")
    if not row.big:
        return text
    words = text.lstrip(" ")
    start = " " * (2 * (len(text) - len(words)))
    label, _, figure = words.rpartition("  ")
    if not label:
        return start + words
    # A label and its figure: the figure ends where it ends on the paper.
    label = label.rstrip(" ")
    return start + label + " " * (2 * text_columns(text) - text_columns(start + label + figure)) + figure
