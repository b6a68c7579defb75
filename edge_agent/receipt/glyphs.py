"""Pictures of characters that a printer's font does not have, drawn from a font of the machine."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

CELL_DOTS = 12
"""A half-width column of font A."""
ROW_DOTS = 24
_BASELINE = 20
_KEPT = 512

USUAL_FONTS = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
)
"""Where distributions put a font with Chinese characters (Debian: fonts-noto-cjk, fonts-wqy-microhei)."""
_SIMPLIFIED_MONO = 7
"""Which face of Noto's collection draws as mainland China writes, with Latin letters half as wide as Chinese ones."""


class Bitmap:
    """A black-and-white picture, `rows` of `width` dots each; a dot is true where ink is."""

    def __init__(self, rows: Iterable[Iterable[bool]]) -> None:
        self.rows = tuple(tuple(row) for row in rows)
        self.height = len(self.rows)
        self.width = len(self.rows[0]) if self.rows else 0


class Glyphs(Protocol):
    """Somebody who can draw a character."""

    def draw(self, char: str, columns: int) -> Bitmap | None:
        """Return the character in `columns` x 12 by 24 dots, None when it cannot be drawn."""
        ...


class FontGlyphs:
    """Draws from a font file. The library for it is loaded with the first character: most tills never need it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._font: FreeTypeFont | None = None
        self._missing: bytes | None = None
        self.draw = lru_cache(maxsize=_KEPT)(self._draw)

    def _draw(self, char: str, columns: int) -> Bitmap | None:
        if self._font is None:
            self._open()
        content = self._paint(char, columns)
        # What a font does not have it draws as a box: a customer can do nothing with one.
        if content == self._paint("\U0010ffff", columns):
            return None
        width = columns * CELL_DOTS
        return Bitmap(
            [pixel > 0 for pixel in content[start : start + width]] for start in range(0, len(content), width)
        )

    def _open(self) -> None:
        from PIL import ImageFont  # noqa: PLC0415 - see the class

        index = _SIMPLIFIED_MONO if self.path.name.startswith("NotoSansCJK") and self.path.suffix == ".ttc" else 0
        self._font = ImageFont.truetype(str(self.path), ROW_DOTS, index=index)

    def _paint(self, char: str, columns: int) -> bytes:
        from PIL import Image, ImageDraw  # noqa: PLC0415 - see the class

        picture = Image.new("L", (columns * CELL_DOTS, ROW_DOTS), 0)
        ImageDraw.Draw(picture).text((0, _BASELINE), char, font=self._font, fill=255, anchor="ls")
        return picture.point(lambda level: 255 if level > 127 else 0).tobytes()


def find_glyphs(path: Path | None = None) -> FontGlyphs | None:
    """Return glyphs from a font file, by default the first usual one that is there; None without any."""
    found = next((one for one in ([path] if path else USUAL_FONTS) if one.is_file()), None)
    return None if found is None else FontGlyphs(found)
