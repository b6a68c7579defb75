"""A sheet as plain text: for a screen, a log, a test, and whoever cannot see."""

from __future__ import annotations

from shared.receipt.layout import Cut, Row, Sheet, Symbol


def to_text(sheet: Sheet) -> str:
    """Return the sheet as lines of text. Big rows keep their place, a QR code is the address in it."""
    lines: list[str] = []
    for piece in sheet.pieces:
        match piece:
            case Row():
                lines.append(_line(piece))
            case Symbol():
                lines.append(f"[QR] {piece.content}")
            case Cut():
                pass
    return "".join(f"{line}\n" for line in lines)


def _line(row: Row) -> str:
    text = row.text.rstrip(" ")
    if not row.big:
        return text
    words = text.lstrip(" ")
    return " " * (2 * (len(text) - len(words))) + words
