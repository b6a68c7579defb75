"""Keyboard layouts as data: which character a key gives plain, with Shift, and with AltGr.

Key codes are Linux's (linux/input-event-codes.h); the characters are those of the layouts of the same name in
xkeyboard-config. A scanner in keyboard mode types by key position, so the layout it is set to has to be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Key = tuple[str, str, str]
"""Plain, with Shift, with AltGr; empty where the key gives nothing."""

_ROWS = (range(2, 14), range(16, 28), range(30, 41), (41,), (43,), range(44, 54), (86,), (57,))
"""The number row, the three rows of letters with the keys beside them, the key left of 1, the one near Enter, the one
near the left Shift, and the space bar."""

KEYPAD: Mapping[int, str] = {
    71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1", 80: "2", 81: "3", 82: "0",
    83: ".", 55: "*", 98: "/",
}  # fmt: skip
"""The keypad: scanners that use it mean its digits, whatever Num Lock says."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout. `dead` are characters that wait for the next key; a space after one gives the character itself."""

    keys: Mapping[int, Key]
    dead: str = ""


def _layout(plain: tuple[str, ...], shifted: tuple[str, ...], altgr: Mapping[int, str], dead: str = "") -> Layout:
    keys: dict[int, Key] = {}
    for row, lower, upper in zip(_ROWS, plain, shifted, strict=True):
        for code, one, other in zip(row, lower, upper, strict=True):
            keys[code] = (one, other, altgr.get(code, ""))
    return Layout(keys, dead)


LAYOUTS: Mapping[str, Layout] = {
    "us": _layout(
        ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "`", "\\", "zxcvbnm,./", "\\", " "),
        ("!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"', "~", "|", "ZXCVBNM<>?", "|", " "),
        {},
    ),
    "uk": _layout(
        ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "`", "#", "zxcvbnm,./", "\\", " "),
        ('!"£$%^&*()_+', "QWERTYUIOP{}", "ASDFGHJKL:@", "¬", "~", "ZXCVBNM<>?", "|", " "),
        {5: "€"},
    ),
    "de": _layout(
        ("1234567890ß´", "qwertzuiopü+", "asdfghjklöä", "^", "#", "yxcvbnm,.-", "<", " "),
        ('!"§$%&/()=?`', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ", "°", "'", "YXCVBNM;:_", ">", " "),
        {8: "{", 9: "[", 10: "]", 11: "}", 12: "\\", 16: "@", 18: "€", 27: "~", 50: "µ", 86: "|"},
        "´`^",
    ),
    "fr": _layout(
        ("&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù", "²", "*", "wxcvbn,;:!", "<", " "),
        ("1234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%", "~", "µ", "WXCVBN?./§", ">", " "),
        {3: "~", 4: "#", 5: "{", 6: "[", 7: "|", 8: "`", 9: "\\", 10: "^", 11: "@", 12: "]", 13: "}", 18: "€", 27: "¤"},
        "^¨~`",
    ),
    "es": _layout(
        ("1234567890'¡", "qwertyuiop`+", "asdfghjklñ´", "º", "ç", "zxcvbnm,.-", "<", " "),
        ('!"·$%&/()=?¿', "QWERTYUIOP^*", "ASDFGHJKLÑ¨", "ª", "Ç", "ZXCVBNM;:_", ">", " "),
        {2: "|", 3: "@", 4: "#", 5: "~", 7: "¬", 18: "€", 26: "[", 27: "]", 40: "{", 41: "\\", 43: "}"},
        "`´^¨~",
    ),
    "it": _layout(
        ("1234567890'ì", "qwertyuiopè+", "asdfghjklòà", "\\", "ù", "zxcvbnm,.-", "<", " "),
        ('!"£$%&/()=?^', "QWERTYUIOPé*", "ASDFGHJKLç°", "|", "§", "ZXCVBNM;:_", ">", " "),
        {18: "€", 26: "[", 27: "]", 39: "@", 40: "#"},
    ),
}
"""By the name a profile's `keys.layout` has."""
