"""Every recording in `tests/captures` through its own profile's driver: a file dropped there is a test."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import SystemMachineClock
from edge_agent.devices import recording
from edge_agent.devices.ports import KeyEvent, KeyInput, KeysDropped
from edge_agent.devices.reading_words import in_words
from edge_agent.devices.recording import Recording, RecordingBroken, Step
from edge_agent.devices.session import replayed

CAPTURES = Path(__file__).parents[1] / "captures"


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.txt")), ids=lambda path: path.stem)
def test_capture_reads_as_it_expects(path: Path) -> None:
    content = recording.read(path.read_text())
    assert content.expected, "a capture says what it expects"
    readings = asyncio.run(replayed(content, SystemMachineClock()))
    assert [in_words(reading) for reading in readings] == content.expected


def test_there_are_captures() -> None:
    assert len(list(CAPTURES.glob("*.txt"))) >= 3
    assert [path for path in CAPTURES.iterdir() if path.suffix != ".txt"] == []


keys = st.one_of(
    st.just(KeysDropped()),
    st.builds(KeyEvent, st.integers(0, 767), st.just(value=True), st.booleans()),
    st.builds(KeyEvent, st.integers(0, 767), st.just(value=False)),
)
steps = st.one_of(
    st.builds(Step, st.integers(0, 10**7), st.sampled_from(["said", "told"]), st.binary(min_size=1, max_size=16)),
    st.builds(Step, st.integers(0, 10**7), st.just("gone")),
)
typed = st.builds(lambda at_ms, key: Step(at_ms, "key", key=_at(key, at_ms)), st.integers(0, 10**7), keys)


def _at(key: KeyInput, at_ms: int) -> KeyInput:
    if isinstance(key, KeysDropped):
        return key
    return KeyEvent(key.code, key.pressed, key.repeated, at_ms * 1_000)


@given(
    st.lists(st.one_of(steps, typed), max_size=20), st.lists(st.text("ab: 界", min_size=1).map(str.strip), max_size=3)
)
def test_recording_reads_back_as_it_was_written(content: list[Step], notes: list[str]) -> None:
    notes = [note for note in notes if note]
    made = Recording("serial_line", "serial", "today", notes=notes, expected=["cut: scan_cut"], steps=content)
    assert recording.read(recording.write(made)) == made


def test_long_piece_is_written_on_several_lines_and_means_the_same() -> None:
    made = Recording("serial_line", "serial", steps=[recording.said(5, bytes(range(40)))])
    lines = recording.write(made).splitlines()
    assert len([line for line in lines if " < " in line]) == 3
    assert b"".join(step.content for step in recording.read(recording.write(made)).steps) == bytes(range(40))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1"),
        ("something else\n", "line 1"),
        ("storewire recording 1\n", "profile and transport"),
        ("storewire recording 1\ncolour: red\n", "line 2: no such name 'colour'"),
        ("storewire recording 1\nprofile: p\ntransport: serial\n0.000 < zz\n", "line 4: < 'zz'"),
        ("storewire recording 1\nprofile: p\ntransport: serial\n0.000 key 28 sideways\n", "line 4: key"),
        ("storewire recording 1\nprofile: p\ntransport: serial\n0.000 ? 00\n", "line 4: '\\?' is none of"),
        ("storewire recording 1\nprofile: p\nwhat is this\n", "line 3: neither"),
    ],
)
def test_broken_recording_is_refused_by_line(text: str, words: str) -> None:
    with pytest.raises(RecordingBroken, match=words):
        recording.read(text)
