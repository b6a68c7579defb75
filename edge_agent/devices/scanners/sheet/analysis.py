"""From what came of the set-up sheet to what to set: layout, prefix, suffix, terminators, AIM, and what to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.devices.ports import KeyEvent, KeyInput, KeysDropped, Locks, Scanned
from edge_agent.devices.scanners.keys import TERMINATOR_KEYS, KeyScanner
from edge_agent.devices.scanners.layouts import LAYOUTS
from edge_agent.devices.scanners.sheet.code128 import FNC1
from edge_agent.devices.scanners.sheet.page import GS1, LETTERS
from shared.codes.aim import BY_IDENTIFIER

_AIM_CHARACTERS = 3
_LINE_ENDS = {"\r": "enter", "\n": "enter", "\t": "tab"}
_GS1_SENT = GS1.removeprefix(FNC1)
Setting = bool | int | str | list[str]


@dataclass(frozen=True, slots=True)
class Hint:
    """Something to change at the scanner itself, in both languages."""

    code: str
    en: str
    zh: str


_HINTS = {
    hint.code: hint
    for hint in (
        Hint(
            "not_read",
            "Code A was not found in what came: scan it again, with the terminator set to Enter.",
            "未识别到条码 A：请将后缀设为回车后重新扫描。",
        ),
        Hint(
            "no_suffix", "The scanner sends no Enter: set its suffix to Enter.", "扫描枪未发送回车：请将后缀设为回车。"
        ),
        Hint(
            "case_turned",
            "Upper and lower case are exchanged: turn off Caps Lock at the machine and in the scanner.",
            "大小写颠倒：请关闭主机和扫描枪的 Caps Lock。",
        ),
        Hint(
            "case_converted",
            "The scanner changes the case of letters: set it to send them as printed.",
            "扫描枪转换了大小写：请设为原样发送。",
        ),
        Hint(
            "separator_lost",
            "The GS1 separator is lost: set the scanner to send GS (Ctrl-]) for FNC1.",
            "GS1 分隔符丢失：请将 FNC1 设为发送 GS（Ctrl-]）。",
        ),
        Hint("no_aim", "Have the scanner send AIM identifiers, if it can.", "如支持，请开启发送 AIM 标识。"),
        Hint("dropped", "Keys were lost on the way: scan again.", "按键丢失：请重新扫描。"),
    )
}


@dataclass(frozen=True, slots=True)
class SheetResult:
    """What the sheet told: `settings` for the device's binding at HQ, and `hints` for the scanner itself.

    `layout` is empty for a device that sends text and needs none.
    """

    layout: str
    settings: dict[str, Setting]
    hints: tuple[Hint, ...]


def analyse_keys(keys: Sequence[KeyInput], locks: Locks = Locks()) -> SheetResult:  # noqa: B008 - immutable
    """Say how a scanner in keyboard mode is set, from the keys that came of both codes.

    Every layout is tried, with Caps Lock as its light was and the other way; the first under which code A reads as it
    was printed is the scanner's.
    """
    ends = _terminators(keys)
    for caps in (locks.caps, not locks.caps):
        for layout in LAYOUTS:
            texts = _decoded(keys, layout, caps=caps)
            if any(LETTERS in text for text in texts):
                return _found(texts, layout, ends, turned=caps is not locks.caps)
    texts = _decoded(keys, "us", caps=locks.caps)
    converted = any(LETTERS.lower() in text.lower() for text in texts)
    codes = ["case_converted" if converted else "not_read"]
    if any(isinstance(key, KeysDropped) for key in keys):
        codes.append("dropped")
    return SheetResult("", {}, tuple(_HINTS[code] for code in codes))


def analyse_text(content: bytes) -> SheetResult:
    """Say how a scanner that sends text is set, from the bytes that came of both codes."""
    text = content.decode("utf-8", "replace")
    ends = sorted({name for sign, name in _LINE_ENDS.items() if sign in text})
    texts = [line for line in text.replace("\r", "\n").replace("\t", "\n").split("\n") if line]
    if not any(LETTERS in line for line in texts):
        converted = any(LETTERS.lower() in line.lower() for line in texts)
        return SheetResult("", {}, (_HINTS["case_converted" if converted else "not_read"],))
    return _found(texts, "", ends, turned=False)


def _found(texts: Sequence[str], layout: str, ends: Sequence[str], *, turned: bool) -> SheetResult:
    letters = next(text for text in texts if LETTERS in text)
    before, _, suffix = letters.partition(LETTERS)
    aim = before[-_AIM_CHARACTERS:] in BY_IDENTIFIER
    settings: dict[str, Setting] = {"keys.layout": layout} if layout else {}
    if layout and ends:
        settings["keys.terminators"] = list(ends)
    prefix = before[:-_AIM_CHARACTERS] if aim else before
    settings |= {"scans.prefix": prefix} if prefix else {}
    settings |= {"scans.suffix": suffix} if suffix else {}
    settings |= {"scans.symbology": "aim"} if aim else {}
    return SheetResult(layout, settings, tuple(_HINTS[code] for code in _advice(texts, ends, turned=turned, aim=aim)))


def _advice(texts: Sequence[str], ends: Sequence[str], *, turned: bool, aim: bool) -> list[str]:
    codes = []
    if turned:
        codes.append("case_turned")
    if not ends:
        codes.append("no_suffix")
    lost = _GS1_SENT.replace(FNC1, "")
    if any(lost in text for text in texts) and not any(_GS1_SENT in text for text in texts):
        codes.append("separator_lost")
    if not aim:
        codes.append("no_aim")
    return codes


def _terminators(keys: Sequence[KeyInput]) -> list[str]:
    pressed = {key.code for key in keys if isinstance(key, KeyEvent) and key.pressed}
    return [name for name, code in TERMINATOR_KEYS.items() if code in pressed]


def _decoded(keys: Sequence[KeyInput], layout: str, *, caps: bool) -> list[str]:
    scanner = KeyScanner(layout)
    scanner.opened(Locks(caps=caps))
    readings = [*scanner.feed(keys), *scanner.ended()]
    return [reading.text for reading in readings if isinstance(reading, Scanned)]
