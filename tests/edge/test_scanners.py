"""Scanners: keys by layout, HID POS reports, lines; a half code never becomes another one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import (
    DeviceMisconfigured,
    DeviceUnavailable,
    KeyEvent,
    KeysDropped,
    Locks,
    Reading,
    ScanCut,
    Scanned,
    ScanRole,
    Statistic,
)
from edge_agent.devices.scanner import NEEDS_SUFFIX, fit
from edge_agent.devices.scanners.hid_pos import DATA_BYTES, REPORT_BYTES, HidPosScanner
from edge_agent.devices.scanners.keys import KeyScanner
from edge_agent.devices.scanners.layouts import KEYPAD, LAYOUTS
from edge_agent.devices.scanners.lines import LineScanner
from shared.device_profile import TransportKind, override, read_profile
from tests.edge.scanner_keys import (
    ALT,
    CAPS,
    CTRL,
    ENTER,
    KEYBOARD_CHARACTERS,
    KP_ENTER,
    SHIFT,
    TAB,
    Keys,
    Told,
    stroke,
    texts,
    typed,
)
from tests.factories import START_MS, DrivenMachineClock


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("caps", [False, True])
def test_every_layout_types_what_was_printed(layout: str, caps: bool) -> None:
    """Elsewhere `-` and `@` came out wrong, and a restart lost Caps Lock (onscan.js #19)."""
    scanner = KeyScanner(layout)
    scanner.opened(Locks(caps=caps))
    text = KEYBOARD_CHARACTERS + ("@[]" if layout != "us" else "@[]^`")
    assert texts(scanner.feed([*typed(text, layout, caps=caps), *stroke(ENTER)])) == [text]


@pytest.mark.parametrize("end", [ENTER, KP_ENTER, TAB])
def test_every_terminator_ends_a_code(end: int) -> None:
    assert texts(KeyScanner().feed([*typed("4711"), *stroke(end)])) == ["4711"]


def test_a_terminator_twice_ends_one_code() -> None:
    keys = [*stroke(ENTER), *typed("1"), *stroke(ENTER), *stroke(ENTER), *typed("2"), *stroke(TAB)]
    assert texts(KeyScanner().feed(keys)) == ["1", "2"]


def test_only_the_terminators_of_the_profile_end_a_code() -> None:
    scanner = KeyScanner(terminators=["enter"])
    assert texts(scanner.feed([*typed("1"), *stroke(TAB), *typed("2"), *stroke(ENTER)])) == ["12"]


def test_the_keypad_types_digits_whatever_num_lock_says() -> None:
    keys = [key for digit in "0123456789" for key in stroke(_keypad(digit))]
    scanner = KeyScanner()
    scanner.opened(Locks(num=False))
    assert texts(scanner.feed([*keys, *stroke(KP_ENTER)])) == ["0123456789"]


def _keypad(digit: str) -> int:
    return next(code for code, character in KEYPAD.items() if character == digit)


@pytest.mark.parametrize(
    ("number", "character"),
    [("65", "A"), ("0228", "ä"), ("132", "ä"), ("029", "\x1d"), ("47811", "好")],
)
def test_alt_and_digits_of_the_keypad_are_a_character(number: str, character: str) -> None:
    keys = [KeyEvent(ALT, pressed=True), *(key for digit in number for key in stroke(_keypad(digit)))]
    keys += [KeyEvent(ALT, pressed=False), *stroke(ENTER)]
    assert texts(KeyScanner().feed(keys)) == [character]


def test_control_and_bracket_is_the_separator_of_gs1() -> None:
    keys = [*typed("10A"), *stroke(27, CTRL), *typed("17"), *stroke(ENTER)]
    assert texts(KeyScanner().feed(keys)) == ["10A\x1d17"]


def test_control_m_ends_a_code() -> None:
    assert texts(KeyScanner().feed([*typed("1"), *stroke(50, CTRL), *typed("2"), *stroke(36, CTRL)])) == ["1", "2"]


def test_caps_lock_pressed_turns_letters_round_and_digits_not() -> None:
    keys = [*stroke(CAPS), *typed("ab1"), *stroke(CAPS), *typed("ab1"), *stroke(ENTER)]
    assert texts(KeyScanner().feed(keys)) == ["AB1ab1"]


def test_two_scanners_share_nothing() -> None:
    """Elsewhere one decoder served all scanners, and their digits and Shift mixed (barcode-server)."""
    one, other = KeyScanner(), KeyScanner()
    one.feed([KeyEvent(SHIFT, pressed=True), *typed("1")])
    assert texts(other.feed([*typed("a2"), *stroke(ENTER)])) == ["a2"]


def test_dropped_events_throw_the_code_away_and_say_so_once() -> None:
    scanner = KeyScanner()
    assert scanner.feed([*typed("690"), KeysDropped(), *typed("456"), KeysDropped()]) == [ScanCut("keys_dropped")]
    assert scanner.feed([*typed("7"), *stroke(ENTER), *typed("1234"), *stroke(ENTER)]) == [Scanned("1234")]


def test_shift_lost_with_dropped_events_does_not_stay_down() -> None:
    scanner = KeyScanner()
    scanner.feed([KeyEvent(SHIFT, pressed=True), KeysDropped(), *stroke(ENTER)])
    assert texts(scanner.feed([*typed("12"), *stroke(ENTER)])) == ["12"]


def test_a_half_code_is_never_glued_to_the_next_one() -> None:
    """Elsewhere half a code stayed in the buffer (Odoo's keyboard driver)."""
    scanner = KeyScanner()
    scanner.feed([*typed("1"), *stroke(ENTER)])
    scanner.feed(typed("69012"))
    assert scanner.ended() == [ScanCut("scan_cut")]
    assert scanner.feed([*typed("34"), *stroke(ENTER)]) == [Scanned("34")]


def test_a_pause_that_only_the_kernel_saw_counts_as_well() -> None:
    scanner = KeyScanner(end_gap_ms=100)
    first = [KeyEvent(2, pressed=True, at_us=1_000_000)]
    late = [KeyEvent(3, pressed=True, at_us=1_200_001), KeyEvent(ENTER, pressed=True, at_us=1_210_000)]
    scanner.feed([KeyEvent(2, pressed=True, at_us=900_000), KeyEvent(ENTER, pressed=True, at_us=905_000)])
    assert scanner.feed([*first, *late]) == [ScanCut("scan_cut"), Scanned("2")]


def test_a_scanner_that_sends_no_enter_is_heard_after_a_pause_and_hinted_at() -> None:
    scanner = KeyScanner()
    assert scanner.feed(typed("4711")) == []
    assert scanner.ended() == [Scanned("4711")]
    assert scanner.needs_suffix
    scanner.feed([*typed("4712"), *stroke(ENTER)])
    assert not scanner.needs_suffix


def test_an_overlong_code_is_cut_and_the_next_one_read() -> None:
    scanner = KeyScanner(max_characters=20)
    keys = [*typed("9" * 30), *stroke(ENTER), *typed("1"), *stroke(ENTER)]
    assert scanner.feed(keys) == [ScanCut("scan_too_long"), Scanned("1")]


def test_held_keys_do_not_repeat() -> None:
    keys = [KeyEvent(2, pressed=True), KeyEvent(2, pressed=True, repeated=True), KeyEvent(2, pressed=False)]
    assert texts(KeyScanner().feed([*keys, *stroke(ENTER)])) == ["1"]


_printable = st.text(st.sampled_from(KEYBOARD_CHARACTERS), min_size=1, max_size=30)


@given(st.lists(_printable, min_size=1, max_size=5), st.sampled_from(sorted(LAYOUTS)), st.data())
def test_keys_read_the_same_however_they_are_grouped(codes: list[str], layout: str, data: st.DataObject) -> None:
    keys = [key for code in codes for key in (*typed(code, layout), *stroke(ENTER))]
    scanner, found, at = KeyScanner(layout), list[Reading](), 0
    while at < len(keys):
        size = data.draw(st.integers(1, 9))
        found += scanner.feed(keys[at : at + size])
        at += size
    assert texts(found) == codes


def report(data: bytes, aim: bytes = b"]Q0", *, goes_on: bool = False) -> bytes:
    """Return a HID POS report as the LSR118 manual shows it."""
    return bytes([2, len(data)]) + aim + data.ljust(DATA_BYTES, b"\0") + b"s\0" + bytes([goes_on])


# Access-IS LSR118 manual, appendix B.1.1: 60 bytes in two reports.
LONG = b"M1GATHERGOOD/MICHAEL YABCDEF LHRDURAK 3542 052Y003D23  "[:56].ljust(56, b" ") + b"TAIL"


def test_hid_pos_codes_of_one_and_of_many_reports() -> None:
    assert len(report(b"")) == REPORT_BYTES
    assert HidPosScanner().feed(report(b"6901234567892", b"]E0")) == [Scanned("6901234567892", "E0")]
    long = report(LONG[:56], goes_on=True) + report(LONG[56:])
    assert HidPosScanner().feed(long) == [Scanned(LONG.decode(), "Q0")]


def test_hid_pos_half_a_code_is_announced_and_the_next_starts_clean() -> None:
    scanner = HidPosScanner()
    assert scanner.feed(report(LONG[:56], goes_on=True)) == []
    assert scanner.ended() == [ScanCut("scan_cut")]
    assert scanner.feed(report(b"4711", b"]C0")) == [Scanned("4711", "C0")]
    assert HidPosScanner(10).feed(report(b"12345678901")) == [ScanCut("scan_too_long")]


@given(
    st.lists(st.binary(min_size=1, max_size=150).filter(lambda code: code.decode("utf-8", "replace").strip("\r\n\t")),
             min_size=1, max_size=4),
    st.lists(st.binary(max_size=20).map(lambda noise: noise.replace(b"\x02", b"")), min_size=4, max_size=4),
    st.data(),
)  # fmt: skip
def test_hid_pos_reads_the_same_however_the_stream_is_cut(
    codes: list[bytes], noise: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(between + _reports(code) for between, code in zip(noise, codes, strict=False))
    whole = HidPosScanner(4096).feed(stream)
    assert texts(whole) == [code.decode("utf-8", "replace").rstrip("\r\n\t") for code in codes]
    assert _cut(HidPosScanner(4096), stream, data) == whole


def _reports(code: bytes) -> bytes:
    parts = [code[at : at + DATA_BYTES] for at in range(0, len(code), DATA_BYTES)]
    return b"".join(report(part, goes_on=part is not parts[-1]) for part in parts)


def _cut(protocol: HidPosScanner | LineScanner, stream: bytes, data: st.DataObject) -> list[Reading]:
    found, at = list[Reading](), 0
    while at < len(stream):
        size = data.draw(st.integers(1, 70))
        found += protocol.feed(stream[at : at + size])
        at += size
    return found


def fitting(told: Told, transport: TransportKind, **changes: str) -> Fitting:
    content = {
        "model": "any",
        "vendor": "any",
        "name": "any",
        "class": "scanners",
        "source": ["test"],
        "evidence": "simulated",
        "transports": [transport.value],
        "protocol": "keys" if transport is TransportKind.EVDEV else "lines",
        "keys": {"end_gap_ms": 10},
    }
    profile = override(read_profile(content), {key.replace("__", "."): value for key, value in changes.items()})
    return Fitting("t1/scanner", profile, transport, ScanRole.GOODS, told, DrivenMachineClock(START_MS))


async def test_the_driver_hears_codes_pauses_and_the_unplugging() -> None:
    told = Told()
    driver = fit(fitting(told, TransportKind.EVDEV))
    keys = Keys([*typed("1"), *stroke(ENTER)], typed("22"), [], [KeysDropped(), *stroke(ENTER)], typed("333"))
    with pytest.raises(DeviceUnavailable):
        await driver.serve(keys)
    assert told.readings == [Scanned("1"), ScanCut("scan_cut"), ScanCut("keys_dropped"), ScanCut("scan_cut")]
    assert told.counted == [Statistic.DROPPED]


async def test_the_driver_hints_at_a_missing_suffix_and_takes_the_hint_back() -> None:
    told = Told()
    with pytest.raises(DeviceUnavailable):
        await fit(fitting(told, TransportKind.EVDEV)).serve(Keys(typed("1"), [], [*typed("2"), *stroke(ENTER)]))
    assert told.readings == [Scanned("1"), Scanned("2")]
    assert told.said == [[NEEDS_SUFFIX], []]


def test_a_layout_or_protocol_nobody_knows_is_misconfigured() -> None:
    with pytest.raises(DeviceMisconfigured, match="layout 'klingon'"):
        fit(fitting(Told(), TransportKind.EVDEV, keys__layout="klingon"))
    with pytest.raises(DeviceMisconfigured, match="protocol 'smoke'"):
        fit(fitting(Told(), TransportKind.SERIAL, protocol="smoke"))


def test_a_day_of_scans_loses_nothing() -> None:
    """python-evdev #101: a read loop missed presses. What reaches the protocol is read, every time."""
    codes = [f"69{number:011d}" for number in range(3_000)]
    pressed = [event for code in codes for event in (*typed(code), *stroke(ENTER))]
    scanner = KeyScanner()
    cuts = range(0, len(pressed), 7)  # the kernel hands over what it has, wherever a code is
    read = [reading for at in cuts for reading in scanner.feed(pressed[at : at + 7])]
    assert [one.text for one in read if isinstance(one, Scanned)] == codes
    assert len(read) == len(codes)
