"""Pictures of items: one small form for all of them, named by content, and the row that ties an item to its picture.

A body of kind `pictures` holds such rows by item. It stands apart from the price book, so that no price waits for a
picture.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

SIDE = 400
"""Most pixels of a side: a customer's display shows it at 300 to 400."""
MOST_BYTES = 64 * 1024
"""Most bytes of one picture in this form."""
MEDIA_TYPE = "image/webp"
_NAME_CHARACTERS = 64


class ItemPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a `pictures` body: the picture's name (SHA-256 of its content, in hex) and its size in bytes."""

    picture: str
    size: int


_item_picture = msgspec.json.Decoder(ItemPicture)


class PictureRefused(ValueError):
    """Content or a row that is no picture of ours."""


def picture_name(content: bytes) -> str:
    """Return the name of a picture."""
    return sha256(content).hexdigest()


def is_picture_name(text: str) -> bool:
    """Tell whether a text can name a picture; nothing else may come near a file system."""
    return len(text) == _NAME_CHARACTERS and not set(text) - set("0123456789abcdef")


def check_picture(content: bytes, name: str) -> None:
    """Raise PictureRefused unless this is the picture of that name, in our form."""
    if len(content) > MOST_BYTES:
        raise PictureRefused(f"picture {name[:12]} has more than {MOST_BYTES} bytes")
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        raise PictureRefused(f"picture {name[:12]} is no WebP")
    if (found := picture_name(content)) != name:
        raise PictureRefused(f"picture {name[:12]} hashes to {found[:12]}")


def read_row(row: bytes) -> ItemPicture:
    """Read a row. Raise PictureRefused when it is none."""
    try:
        found = _item_picture.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PictureRefused(f"a row of pictures cannot be read: {error}") from error
    if not is_picture_name(found.picture) or not 0 < found.size <= MOST_BYTES:
        raise PictureRefused(f"a row names no picture: {found.picture[:80]!r} of {found.size} bytes")
    return found


def write_row(picture: str, size: int) -> bytes:
    """Return the row that ties an item to a picture of so many bytes."""
    return msgspec.json.encode(ItemPicture(picture=picture, size=size))
