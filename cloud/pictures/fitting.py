"""From whatever picture somebody has to the one small form: checked, turned upright, fitted, written anew.

Nothing of a file but its pixels is kept: no place, no camera, no name of who took it, and nothing hidden behind them.
"""

from __future__ import annotations

import struct
import threading
import zlib
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from cloud.errors import Invalid
from shared.pictures import MOST_BYTES, SIDE
from shared.web.phrases import Phrase

MOST_FILE_BYTES = 8 * 1024**2
MOST_PIXELS = 25_000_000
"""A telephone's picture has 12 million; at four bytes each this is the memory that reading one may take."""
LEAST_SIDE = 48
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
TOO_LARGE = Phrase("the file has more than {most} MB: make it smaller", most=MOST_FILE_BYTES // 1024**2)
_FORMATS = ("PNG", "JPEG", "WEBP")
_QUALITIES = (82, 70, 55, 40, 25)
_WHITE = (255, 255, 255)
_PLAIN = {"RGB", "RGBA", "L", "LA"}
"""Modes that are made smaller as they are; whatever else is turned into one of them first."""
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
"""What a file that is broken, or was made to break its reader, ends in."""
_one_at_a_time = threading.Lock()
"""Reading one takes up to a hundred megabytes: a process does one after the other."""


def fit(content: bytes) -> bytes:
    """Return a PNG, JPEG or WebP in the form that displays show. Raise Invalid, with a phrase, for anything else."""
    if len(content) > MOST_FILE_BYTES:
        raise Invalid(TOO_LARGE)
    if not content:
        raise Invalid(Phrase("the file is empty"))
    with _one_at_a_time:
        return _written(_read(content))


def _read(content: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as found:
            _check_size(*found.size)
            found.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG's pixels are only read as finely as they are needed
            found.load()
            return _fitted(found)
    except UnidentifiedImageError:
        raise Invalid(Phrase("this is no picture we can show: PNG, JPEG or WebP, please")) from None
    except Image.DecompressionBombError:
        raise Invalid(_too_many_pixels()) from None
    except _UNREADABLE:
        raise Invalid(Phrase("the picture is damaged or cut short: save it anew and take that file")) from None


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise Invalid(_too_many_pixels())
    if min(width, height) < LEAST_SIDE:
        raise Invalid(
            Phrase("the picture is {width} x {height} pixels: nobody sees it from two metres, {least} are the least",
                   width=width, height=height, least=LEAST_SIDE)
        )  # fmt: skip


def _too_many_pixels() -> Phrase:
    return Phrase("the picture has more than {most} million pixels: make it smaller", most=MOST_PIXELS // 1_000_000)


def _fitted(found: Image.Image) -> Image.Image:
    """Return the pixels upright, at most SIDE a side, on white where they let something through."""
    shown = found
    if found.mode not in _PLAIN:
        shown = found.convert("RGBA" if "transparency" in found.info else "RGB")
    shown.thumbnail((2 * SIDE, 2 * SIDE), Image.Resampling.BOX)  # cheaply near the size before it is turned
    shown = ImageOps.exif_transpose(shown)
    shown.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    clear = shown.convert("RGBA")
    canvas = Image.new("RGB", clear.size, _WHITE)
    canvas.paste(clear, mask=clear.getchannel("A"))
    return canvas


def _written(canvas: Image.Image) -> bytes:
    """Return it as WebP, as good as fits."""
    for quality in _QUALITIES:
        out = BytesIO()
        canvas.save(out, "WEBP", quality=quality, method=4)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise Invalid(Phrase("this picture does not become small enough: take one with less noise"))
