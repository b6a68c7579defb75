"""Pictures as people have them, made on the spot: no picture of anybody's goods stands in the tree."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageDraw

RED, GREEN = (200, 40, 40), (40, 160, 60)


def drawn(
    form: str = "PNG", size: tuple[int, int] = (600, 300), *, mode: str = "RGB", colour: object = RED, **save: object
) -> bytes:
    """Return a picture: one colour, its upper left corner green."""
    image = Image.new(mode, size, colour)  # type: ignore[arg-type]
    if mode == "RGB":
        ImageDraw.Draw(image).rectangle((0, 0, size[0] // 4, size[1] // 4), fill=GREEN)
    out = BytesIO()
    image.save(out, form, **save)  # type: ignore[arg-type]
    return out.getvalue()


def noisy(size: tuple[int, int] = (1000, 1000)) -> bytes:
    """Return a picture that hardly gets smaller."""
    out = BytesIO()
    Image.effect_noise(size, 120).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def png_that_says(width: int, height: int) -> bytes:
    """Return a PNG whose head states a size and whose pixels are a few kilobytes of nothing: a bomb."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def opened(content: bytes) -> Image.Image:
    """Return a picture's pixels."""
    return Image.open(BytesIO(content))
