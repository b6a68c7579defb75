"""Recordings: what a device said and was told, with times, as a small text file that people can read and write.

```
storewire recording 1
profile: toledo_8217
transport: serial
made: 2026-03-02 by storewire-edge 0.1.0
note: Mettler-Toledo Diva of the cheese counter
expect: weight 1234 g, stable

0.000 > 57                                               W
0.042 < 02 30 31 2e 32 33 34 0d                          .01.234.
1.000 key 2 down
1.004 dropped
2.000 gone
```

`<` is what the device said, `>` what it was told, `key` a key by its Linux code, `dropped` a gap of the kernel's,
`gone` its unplugging. Times are seconds since the device was opened. What follows two spaces is for people's eyes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from edge_agent.devices.ports import KeyEvent, KeyInput, KeysDropped

HEAD = "storewire recording 1"
_BYTES_A_LINE = 16
_MS = 1000
_META = re.compile(r"^(?P<key>[a-z]+):\s*(?P<value>.*)$")
_STEP = re.compile(r"^(?P<at>\d+\.\d{3}) (?P<what>\S+)(?: (?P<rest>.*))?$")
_KEYS = frozenset({"profile", "transport", "made", "note", "expect", "role", "evidence"})


class RecordingBroken(ValueError):
    """A file that is no recording; the text names the line."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, `at_ms` after the device was opened."""

    at_ms: int
    what: Literal["said", "told", "key", "gone"]
    content: bytes = b""
    key: KeyInput | None = None


@dataclass(slots=True)
class Recording:
    """What happened with one device, and what its driver is expected to read from it."""

    profile: str
    transport: str
    made: str = ""
    role: str = ""
    evidence: str = "recorded"
    notes: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def keys(self) -> bool:
        """Whether the device types instead of sending bytes."""
        return self.transport == "evdev"


def write(recording: Recording) -> str:
    """Return the recording as text."""
    meta = [("profile", recording.profile), ("transport", recording.transport), ("role", recording.role)]
    meta += [("made", recording.made), ("evidence", recording.evidence)]
    meta += [("note", note) for note in recording.notes]
    meta += [("expect", reading) for reading in recording.expected]
    lines = [HEAD, *(f"{key}: {value}" for key, value in meta if value), ""]
    for step in recording.steps:
        lines += lines_of(step)
    return "\n".join(lines) + "\n"


def read(text: str) -> Recording:
    """Return the recording in a text. Raise RecordingBroken naming the line that does not fit."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != HEAD:
        raise RecordingBroken(f"line 1: a recording starts with {HEAD!r}")
    recording = Recording("", "")
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or line.startswith("#"):
            continue
        if meta := _META.match(line):
            _take(recording, meta["key"], meta["value"].strip(), number)
        elif step := _STEP.match(line):
            recording.steps.append(_step(step["at"], step["what"], step["rest"] or "", number))
        else:
            raise RecordingBroken(f"line {number}: neither `name: value` nor `0.000 < bytes`: {line!r}")
    if not recording.profile or not recording.transport:
        raise RecordingBroken("the recording does not name its profile and transport")
    return recording


def steps_of(lines: Iterable[str]) -> list[Step]:
    """Return the steps in lines of a recording's body. Raise RecordingBroken."""
    return read("\n".join([HEAD, "profile: -", "transport: -", *lines])).steps


def said(at_ms: int, content: bytes) -> Step:
    """Return the step of bytes from the device."""
    return Step(at_ms, "said", content)


def told(at_ms: int, content: bytes) -> Step:
    """Return the step of bytes to the device."""
    return Step(at_ms, "told", content)


def typed(at_ms: int, keys: Iterable[KeyInput]) -> list[Step]:
    """Return the steps of keys."""
    return [Step(at_ms, "key", key=key) for key in keys]


def _take(recording: Recording, key: str, value: str, number: int) -> None:
    if key not in _KEYS:
        raise RecordingBroken(f"line {number}: no such name {key!r}; there are {', '.join(sorted(_KEYS))}")
    if key == "note":
        recording.notes.append(value)
    elif key == "expect":
        recording.expected.append(value)
    else:
        setattr(recording, key, value)


def _step(at: str, what: str, rest: str, number: int) -> Step:
    at_ms = round(float(at) * _MS)
    try:
        match what:
            case "<":
                return said(at_ms, _bytes(rest))
            case ">":
                return told(at_ms, _bytes(rest))
            case "key":
                code, way = rest.split()[:2]
                pressed = {"down": True, "repeat": True, "up": False}[way]
                return Step(
                    at_ms, "key", key=KeyEvent(int(code), pressed=pressed, repeated=way == "repeat", at_us=at_ms * _MS)
                )
            case "dropped":
                return Step(at_ms, "key", key=KeysDropped())
            case "gone":
                return Step(at_ms, "gone")
    except (ValueError, KeyError) as error:
        raise RecordingBroken(f"line {number}: {what} {rest!r} cannot be read") from error
    raise RecordingBroken(f"line {number}: {what!r} is none of < > key dropped gone")


def _bytes(rest: str) -> bytes:
    return bytes.fromhex(rest.split("  ", 1)[0])


def lines_of(step: Step) -> Sequence[str]:
    """Return a step as the lines that write it down."""
    at = f"{step.at_ms / _MS:.3f}"
    if step.what == "gone":
        return [f"{at} gone"]
    if step.what == "key":
        if not isinstance(step.key, KeyEvent):
            return [f"{at} dropped"]
        way = "repeat" if step.key.repeated else "down" if step.key.pressed else "up"
        return [f"{at} key {step.key.code} {way}"]
    sign = "<" if step.what == "said" else ">"
    pieces = [step.content[start : start + _BYTES_A_LINE] for start in range(0, len(step.content), _BYTES_A_LINE)]
    return [f"{at} {sign} {piece.hex(' '):<{3 * _BYTES_A_LINE}} {_seen(piece)}".rstrip() for piece in pieces]


def _seen(piece: bytes) -> str:
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "." for byte in piece)
