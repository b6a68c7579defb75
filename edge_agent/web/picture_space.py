"""The picture space of the customer's side: an item's picture, else letters on a tint, else a drawing; always one size.

What stands there never moves anything else, and nothing waits for it: a picture that is not on this disk yet is shown
when it has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from edge_agent.pictures.ports import Pictures
from edge_agent.till.results import BasketView
from edge_agent.web.shown import name_in
from shared.web.words import Language

TINTS = 8
"""How many grounds `display.css` has for letters."""
_LETTERS = 2
_UNIT_LETTERS = 2
_CHARACTERS = 0x2E80
"""From here on one sign is a word or a part of one: Chinese characters, kana."""
_CATEGORY_DEPTH = 2
"""Parts of a category's path that choose the tint: a department alone would give most of a basket the same one."""


class Drawing(StrEnum):
    """What is drawn where there is no item to show."""

    BASKET = "basket"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PictureSpace:
    """What stands in the space: a `picture` (its name), else `letters` on a tint (0 to 7), else a drawing.

    `alt` is what the picture shows, in words.
    """

    picture: str = ""
    letters: str = ""
    tint: int = 0
    alt: str = ""
    drawing: Drawing = Drawing.BASKET


async def picture_space(
    view: BasketView | None, language: Language, pictures: Pictures | None, *, done: bool
) -> PictureSpace:
    """Return what is shown for the item rung up last; `done`: the customer has paid, and is thanked."""
    last = None if view is None else next((one for one in reversed(view.priced.lines) if _is_goods(one.n, view)), None)
    if view is None or last is None:
        return PictureSpace(drawing=Drawing.DONE if done else Drawing.BASKET)
    name = name_in(view.names.get(last.n, {}), language, last.item)
    return PictureSpace(
        picture="" if pictures is None else await pictures.of(last.item),
        letters=letters_of(name),
        tint=tint_of(view.categories.get(last.n, "")),
        alt=name,
    )


def letters_of(name: str) -> str:
    """Return what stands for a name: two Chinese characters, else the first letters of two words, else of one.

    Numbers and the unit behind one say how much, not what.

    >>> [letters_of(name) for name in ("蒙牛 纯牛奶 250ml", "Fluid milk 1 gl", "Milk 1 l", "2% milk", "7up", "")]
    ['蒙牛', 'FM', 'Mi', 'Mi', '7', '']
    """
    words = "".join(char if char.isalnum() else " " for char in name).split()
    told = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if not word[0].isdecimal() and not (before[-1:].isdecimal() and len(word) <= _UNIT_LETTERS)
    ]
    if not told:
        return words[0][:1].upper() if words else ""
    if ord(told[0][0]) >= _CHARACTERS:
        return told[0][:_LETTERS]
    if len(told) == 1:
        return told[0][:1].upper() + told[0][1:_LETTERS].lower()
    return "".join(word[0] for word in told[:_LETTERS]).upper()


def tint_of(category: str) -> int:
    """Return the ground for a category, the same one every day: 0 to 7."""
    parts = category.split("/")[:_CATEGORY_DEPTH]
    return crc32("/".join(parts).encode()) % TINTS


def _is_goods(n: int, view: BasketView) -> bool:
    return n not in view.deposit_of
