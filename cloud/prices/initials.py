"""The first letters of a Chinese name's pinyin, by which cashiers look items up: 纯牛奶 is `cnn`.

Head office writes them into the item's row, so that an agent finds by them without a dictionary in its memory.
Characters with several readings take the one their word has (重庆 is `cq`, 长城 is `cc`).
"""

from __future__ import annotations

import re

MAX_INITIALS = 64
_NOT_TYPED = re.compile(r"[^0-9a-z]")


def initials_of(name: str) -> str:
    """Return a name's initials in lower case, with the Latin letters and figures in it; '' for one without Chinese."""
    if name.isascii():
        return ""
    # Its dictionary takes longer to read than the rest of a command to start, and few commands need it.
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    return _NOT_TYPED.sub("", "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower())[:MAX_INITIALS]
