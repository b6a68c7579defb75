"""The set-up sheet: its codes, its page, and what is told from a scan of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.devices import recording
from edge_agent.devices.ports import KeyInput, KeysDropped, Locks
from edge_agent.devices.recording import Recording
from edge_agent.devices.scanners.layouts import LAYOUTS
from edge_agent.devices.scanners.sheet.analysis import analyse_keys, analyse_text
from edge_agent.devices.scanners.sheet.code128 import FNC1, widths
from edge_agent.devices.scanners.sheet.page import GS1, LETTERS, sheet_pdf
from tests.edge.scanner_keys import CTRL, ENTER, TAB, stroke, typed

SENT = GS1.removeprefix(FNC1)


def scanned(
    layout: str, end: int | None, *, around: tuple[str, str] = ("", ""), gs: bool = True, caps: bool = False
) -> list[KeyInput]:
    """Return the keys of both codes as a scanner set like this sends them."""
    before, after = around
    ending = stroke(end) if end else []
    keys = [*typed(before + LETTERS + after, layout, caps=caps), *ending, *typed(before, layout, caps=caps)]
    for part in SENT.split(FNC1):
        keys += typed(part, layout, caps=caps) + (stroke(27, CTRL) if gs and part is not SENT.split(FNC1)[-1] else [])
    return [*keys, *typed(after, layout, caps=caps), *ending]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_is_found(layout: str) -> None:
    result = analyse_keys(scanned(layout, ENTER))
    assert (result.layout, result.settings["keys.layout"]) == (layout, layout)
    assert result.settings["keys.terminators"] == ["enter"]


def test_prefix_suffix_terminator_and_separator_are_found() -> None:
    result = analyse_keys(scanned("de", TAB, around=("#]C0", "!"), gs=False))
    assert result.settings == {
        "keys.layout": "de",
        "keys.terminators": ["tab"],
        "scans.prefix": "#",
        "scans.suffix": "!",
        "scans.symbology": "aim",
    }
    assert [hint.code for hint in result.hints] == ["separator_lost"]


def test_a_scanner_without_enter_and_with_caps_turned_is_told_what_to_change() -> None:
    result = analyse_keys(scanned("us", None, caps=True))
    assert result.layout == "us"
    assert {"case_turned", "no_suffix"} <= {hint.code for hint in result.hints}
    assert not [
        hint.code
        for hint in analyse_keys(scanned("us", ENTER, caps=True), Locks(caps=True)).hints
        if hint.code == "case_turned"
    ]


def test_a_scan_that_is_none_is_said() -> None:
    assert [hint.code for hint in analyse_keys([*typed("4711"), *stroke(ENTER)]).hints] == ["not_read"]
    assert [hint.code for hint in analyse_keys([*typed(LETTERS.upper()), *stroke(ENTER)]).hints] == ["case_converted"]
    assert "dropped" in [hint.code for hint in analyse_keys([KeysDropped(), *typed("1"), *stroke(ENTER)]).hints]


def test_a_scanner_that_sends_text() -> None:
    result = analyse_text(f"]C0{LETTERS}\r\n]C1{SENT}\r\n".encode())
    assert result.settings == {"scans.symbology": "aim"}
    assert result.hints == ()
    assert [hint.code for hint in analyse_text(LETTERS.encode()).hints] == ["no_suffix", "no_aim"]
    assert [hint.code for hint in analyse_text(b"4711\r").hints] == ["not_read"]


def _decode(bars: list[int]) -> str:
    """Read a Code 128 of set B back by the rules of the symbology, from widths to text."""
    symbols = ["".join(map(str, bars[at : at + 6])) for at in range(0, len(bars) - 7, 6)]
    values = [_value_of(symbol) for symbol in symbols]
    *data, check = values[1:]
    assert values[0] == 104
    assert (values[0] + sum(place * value for place, value in enumerate(data, 1))) % 103 == check
    return "".join(FNC1 if value == 102 else chr(value + 32) for value in data)


def _value_of(symbol: str) -> int:
    """Find a symbol's value by encoding each character alone: its first symbol after the start."""
    for value in range(95):
        if "".join(map(str, widths(chr(value + 32))[6:12])) == symbol:
            return value
    table = {"".join(map(str, widths(FNC1)[6:12])): 102, "".join(map(str, widths("")[:6])): 104}
    if symbol in table:
        return table[symbol]
    # check characters 95 to 101 and 103 stand for no character of set B
    return next(value for value in range(95, 104) if _as_check(value) == symbol)


def _as_check(value: int) -> str:
    """Return the symbol of a value, made to be some text's check character."""
    for first in range(95):
        for second in range(95):
            if (104 + first + 2 * second) % 103 == value:
                return "".join(map(str, widths(chr(first + 32) + chr(second + 32))[18:24]))
    raise AssertionError(value)


@pytest.mark.parametrize("text", [LETTERS, GS1, "A", "~ "])
def test_code_128_reads_back(text: str) -> None:
    bars = widths(text)
    assert sum(bars) == 11 * (len(text) + 2) + 13
    assert _decode(bars) == text


def test_code_128_refuses_what_it_cannot_say() -> None:
    with pytest.raises(ValueError, match="set B"):
        widths("好")


def test_the_page_is_a_whole_pdf() -> None:
    file = sheet_pdf()
    assert file.startswith(b"%PDF-1.4")
    assert file.endswith(b"%%EOF\n")
    start = int(re.search(rb"startxref\n(\d+)", file)[1])  # type: ignore[index]
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", file[start:])]
    assert [file[place:].split(b" ", 1)[0] for place in places] == [b"%d" % number for number in range(1, 9)]
    bars = len(widths(LETTERS)) // 2 + len(widths(GS1)) // 2 + 2
    assert file.count(b" re f") == bars
    assert "条码".encode("utf-16-be").hex().upper().encode() in file


def test_from_the_command_line(tmp_path: Path) -> None:
    runner = CliRunner()
    sheet = tmp_path / "sheet.pdf"
    assert runner.invoke(app, ["devices", "sheet", str(sheet)]).exit_code == 0
    assert sheet.read_bytes() == sheet_pdf()
    taken = Recording("usb_keyboard", "evdev", steps=recording.typed(0, scanned("fr", ENTER)))
    (tmp_path / "setup.txt").write_text(recording.write(taken))
    said = runner.invoke(app, ["devices", "setup", str(tmp_path / "setup.txt")])
    assert said.exit_code == 0, said.output
    assert "keys.layout = 'fr'" in said.output
    broken = tmp_path / "broken.txt"
    broken.write_text("nothing")
    assert runner.invoke(app, ["devices", "setup", str(broken)]).exit_code == 1
    assert runner.invoke(app, ["devices", "sheet", str(tmp_path / "no" / "where.pdf")]).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["260001201250005006", "--pattern", "26IIIIIAAAAAWWWWWC", "--price", "2500"],
            0,
            "sold as 500 g for 12.50",
        ),
        (["260001201250005006", "--pattern", "26IIIIIAAAAAWWWWWC", "--price", "3000"], 1, "label_price_old"),
        (["260001201250005007", "--pattern", "26IIIIIAAAAAWWWWWC"], 1, "check digit is wrong"),
        (["4711", "--pattern", "21IIIIIAAAAAC"], 1, "no format"),
        (["4711", "--pattern", "nonsense"], 1, "prefix"),
        (["4711"], 1, "--pattern"),
        (["4711", "--state", "/nonexistent"], 1, ""),
    ],
)
def test_labels_are_previewed_from_the_command_line(arguments: list[str], code: int, words: str) -> None:
    said = CliRunner().invoke(app, ["codes", "preview", *arguments])
    assert said.exit_code == code, said.output
    assert words in said.output
    assert "Traceback" not in said.output
