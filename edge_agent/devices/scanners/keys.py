"""Scanners and card readers in keyboard mode: key events in, codes out, whatever layout the device is set to.

All state belongs to one device: its Shift, its Caps Lock, its half code. Two identical scanners at one till cannot mix
their digits.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.devices.ports import KeyEvent, KeyInput, KeysDropped, Locks, Reading, ScanCut
from edge_agent.devices.scanners.buffer import MAX_CHARACTERS, CodeBuffer
from edge_agent.devices.scanners.layouts import KEYPAD, LAYOUTS, Layout

TERMINATOR_KEYS = {"enter": 28, "kp_enter": 96, "tab": 15}
"""Linux key codes of a profile's `keys.terminators`."""

_SHIFTS = frozenset({42, 54})
_CONTROLS = frozenset({29, 97})
_ALT, _ALT_GR, _CAPS_LOCK = 56, 100, 58
_MODIFIERS = frozenset({*_SHIFTS, *_CONTROLS, _ALT, _ALT_GR, _CAPS_LOCK})
_LINE_ENDS = "\r\n"


class KeyScanner:
    """Keys in, readings out, however they are grouped.

    Caps Lock, as its light said when the device was opened, turns the case of letters round. Held keys repeat in the
    kernel, never in a scanner: repeats are left out.
    """

    def __init__(
        self,
        layout: str = "us",
        terminators: Sequence[str] = ("enter", "kp_enter", "tab"),
        end_gap_ms: int = 100,
        max_characters: int = MAX_CHARACTERS,
    ) -> None:
        self._layout: Layout = LAYOUTS[layout]
        self._ends = frozenset(TERMINATOR_KEYS[name] for name in terminators)
        self._gap_us = end_gap_ms * 1000
        self._buffer = CodeBuffer(max_characters)
        self._held: set[int] = set()
        self._caps = False
        self._alt_code = ""
        self._last_us = 0
        self._paused: list[Reading] = []

    @property
    def waiting(self) -> bool:
        """Whether a code is under way."""
        return self._buffer.waiting

    @property
    def needs_suffix(self) -> bool:
        """Whether codes come without a terminator."""
        return self._buffer.needs_suffix

    def opened(self, locks: Locks) -> None:
        """Start afresh with a device that was just opened."""
        self._held.clear()
        self._caps, self._alt_code, self._last_us = locks.caps, "", 0

    def feed(self, keys: Sequence[KeyInput]) -> list[Reading]:
        """Take the next keys and return what they complete."""
        readings: list[Reading] = []
        for key in keys:
            if isinstance(key, KeysDropped):
                # What was pressed or released meanwhile is not known: every modifier counts as up.
                self._held.clear()
                self._alt_code = ""
                readings += self._buffer.discard("keys_dropped")
            elif not key.repeated:
                readings += self._take(key)
        return readings

    def ended(self) -> list[Reading]:
        """Return what a pause completes, as our own clock saw it; the next key's time shows whether there was one."""
        self._paused = self._buffer.pause()
        return self._paused

    def lost(self) -> list[Reading]:
        """Return what becomes of a code that was under way when the device went; the next one starts clean."""
        self._held.clear()
        self._alt_code = ""
        return self._buffer.lost()

    def _take(self, key: KeyEvent) -> list[Reading]:
        """Take one key. A pause that the kernel's times show counts even when we were too busy to notice it."""
        readings: list[Reading] = []
        gap_us = key.at_us - self._last_us if key.at_us and self._last_us else None
        if gap_us is not None and gap_us > self._gap_us:
            readings = self._buffer.pause()
        elif gap_us is not None and self._paused:
            # It was we who were late. The rest of a code that was ended too soon must not pass for a whole one.
            said = any(isinstance(reading, ScanCut) for reading in self._paused)
            readings = self._buffer.discard("scan_cut")[said:]
        self._paused = []
        self._last_us = key.at_us or self._last_us
        if key.code in _MODIFIERS:
            self._modify(key)
        elif key.pressed:
            readings += self._press(key.code)
        return readings

    def _modify(self, key: KeyEvent) -> None:
        if key.code == _CAPS_LOCK:
            self._caps ^= key.pressed
        elif key.pressed:
            self._held.add(key.code)
        else:
            self._held.discard(key.code)
            if key.code == _ALT and self._alt_code:
                self._buffer.add(alt_character(self._alt_code))
                self._alt_code = ""

    def _press(self, code: int) -> list[Reading]:
        if code in self._ends:
            return self._buffer.finish()
        if _ALT in self._held:
            self._alt_code += KEYPAD.get(code, "")
            return []
        character = KEYPAD.get(code) or self._character(code)
        if self._held & _CONTROLS:
            character = chr(ord(character.upper()) & 0x1F) if "@" <= character.upper() <= "_" else ""
            if character and character in _LINE_ENDS:
                return self._buffer.finish()
        if character == " " and self._buffer.last and self._buffer.last in self._layout.dead:
            return []
        if character:
            self._buffer.add(character)
        return []

    def _character(self, code: int) -> str:
        plain, shifted, with_alt_gr = self._layout.keys.get(code, ("", "", ""))
        if _ALT_GR in self._held:
            return with_alt_gr
        shift = bool(self._held & _SHIFTS)
        if self._caps and plain.isalpha() and plain.upper() == shifted:
            shift = not shift
        return shifted if shift else plain


def alt_character(digits: str) -> str:
    """Return what a number typed on the keypad while Alt is held stands for.

    As Windows reads it: up to 255 the code page of DOS, with a zero in front that of Windows; above that, in China, the
    two bytes of a GBK character. Empty when it is none.
    """
    number = int(digits)
    if number < 0x80:
        return chr(number)
    size = 1 if number <= 0xFF else 2
    page = "gbk" if size == 2 else "cp1252" if digits.startswith("0") else "cp437"
    try:
        return number.to_bytes(size, "big").decode(page)
    except (UnicodeDecodeError, OverflowError):
        return ""
