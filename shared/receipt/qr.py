"""QR codes as squares, for paper without a printer's own QR command and for screens."""

from __future__ import annotations

QUIET_MODULES = 4
"""The light margin a QR code needs on every side (ISO/IEC 18004)."""


def matrix(content: str) -> list[list[bool]]:
    """Return the modules of a QR code, dark is true, without the quiet margin; error correction M."""
    import segno  # noqa: PLC0415 - costs memory that a till with a printer of its own never needs

    code = segno.make_qr(content, error="m", boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix]
