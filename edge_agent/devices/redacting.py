"""Taking numbers of cards and payments out of a recording: its course stays, what could be used or traced does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edge_agent.devices.ports import KeyEvent
from edge_agent.devices.recording import Step

_DIGIT, _LOWER, _UPPER = b"1", b"a", b"A"
_BYTES = bytes(
    ord(_DIGIT) if chr(one).isdigit() and one < 0x80
    else ord(_LOWER) if ord("a") <= one <= ord("z")
    else ord(_UPPER) if ord("A") <= one <= ord("Z")
    else one
    for one in range(256)
)  # fmt: skip
_KEY_1, _KEY_A, _KEYPAD_1 = 2, 30, 79
_DIGIT_KEYS = frozenset(range(2, 12))
_KEYPAD_KEYS = frozenset({71, 72, 73, 75, 76, 77, 79, 80, 81, 82})
_LETTER_KEYS = frozenset({*range(16, 26), *range(30, 39), *range(44, 51)})
"""Linux key codes, include/uapi/linux/input-event-codes.h."""


def redacted(steps: Iterable[Step]) -> list[Step]:
    """Return the steps with every digit as 1 and every letter as a; signs between them, times and lengths stay."""
    return [_step(step) for step in steps]


def _step(step: Step) -> Step:
    if isinstance(step.key, KeyEvent):
        return replace(step, key=replace(step.key, code=_code(step.key.code)))
    return replace(step, content=step.content.translate(_BYTES)) if step.what == "said" else step


def _code(code: int) -> int:
    if code in _DIGIT_KEYS:
        return _KEY_1
    if code in _KEYPAD_KEYS:
        return _KEYPAD_1
    return _KEY_A if code in _LETTER_KEYS else code
