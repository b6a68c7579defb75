"""Keys as a scanner sends them, and a reporter that keeps what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import chain

from edge_agent.devices.ports import (
    DeviceState,
    DeviceUnavailable,
    KeyEvent,
    KeyInput,
    Locks,
    PowerState,
    Reading,
    Scanned,
    Statistic,
)
from edge_agent.devices.scanners.layouts import LAYOUTS

ENTER, KP_ENTER, TAB, SHIFT, CTRL, ALT, ALT_GR, CAPS = 28, 96, 15, 42, 29, 56, 100, 58
KEYBOARD_CHARACTERS = "0123456789abcxyzABCXYZ-_+./:;,=#'()%&$"


def stroke(code: int, *held: int) -> list[KeyInput]:
    """Return what pressing a key with others held sends."""
    down = [KeyEvent(one, pressed=True) for one in (*held, code)]
    up = [KeyEvent(one, pressed=False) for one in (code, *reversed(held))]
    return [*down, *up]


def typed(text: str, layout: str = "us", *, caps: bool = False) -> list[KeyInput]:
    """Return the keys by which a scanner set to a layout types a text."""
    keys: list[KeyInput] = []
    for character in text:
        keys += _typed_one(character, layout, caps=caps)
    return keys


def _typed_one(character: str, layout: str, *, caps: bool) -> list[KeyInput]:
    for code, (plain, shifted, with_alt_gr) in LAYOUTS[layout].keys.items():
        turned = caps and plain.isalpha() and plain.upper() == shifted
        if character == (shifted if turned else plain):
            keys = stroke(code)
        elif character == (plain if turned else shifted):
            keys = stroke(code, SHIFT)
        elif character == with_alt_gr:
            keys = stroke(code, ALT_GR)
        else:
            continue
        return keys + (stroke(57) if character in LAYOUTS[layout].dead else [])
    raise AssertionError(f"{character!r} is not on {layout}")


def texts(readings: Sequence[Reading]) -> list[str]:
    return [reading.text if isinstance(reading, Scanned) else f"<{reading}>" for reading in readings]


class Told:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.said: list[list[str]] = []
        self.counted: list[Statistic] = []

    async def heard(self, reading: Reading) -> None:
        self.readings.append(reading)

    def enter(self, state: DeviceState, reason: str = "") -> None:
        pass

    def power(self, power: PowerState) -> None:
        pass

    def conditions(self, names: Sequence[str]) -> None:
        self.said.append(list(names))

    def count(self, what: Statistic, by: int = 1) -> None:
        self.counted.append(what)


class Keys:
    """A keyboard whose keys are pressed by the test; it is gone when they are all read."""

    locks = Locks()

    def __init__(self, *groups: Sequence[KeyInput]) -> None:
        self.groups: Iterator[Sequence[KeyInput]] = iter(groups)
        self._asked = False

    async def read(self) -> Sequence[KeyInput]:
        found = next(self.groups, None)
        if found is None:
            raise DeviceUnavailable("unplugged")
        if not found:
            self._asked = not self._asked
            if self._asked:
                self.groups = chain([found], self.groups)  # a driver asks twice before it believes in a pause
            await asyncio.Event().wait()  # nothing more for now: only the driver's own pause ends this
        return found
