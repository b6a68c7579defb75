"""What printers answer: bytes of every kind, told apart however they come, and what they mean."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.ports import Paper, PrinterStatus
from edge_agent.devices.printers.problems import ADVICE, STOPPING, PrinterProblem, problems, stopping
from edge_agent.devices.printers.status import (
    Automatic,
    Question,
    Queued,
    RealTime,
    StatusParser,
    Told,
    after,
    ask,
    drawer_level,
)


def known(*told: Told, open_when_high: bool | None = True, near_end_sensor: bool = True) -> PrinterStatus:
    status = PrinterStatus()
    for one in told:
        status = after(status, one, open_when_high=open_when_high, near_end_sensor=near_end_sensor)
    return status


@pytest.mark.parametrize(
    ("question", "byte", "field", "value"),
    [
        # Epson TM-T88III technical reference, pages 83-84
        (Question.PRINTER, 0x12, "online", True),
        (Question.PRINTER, 0x1A, "online", False),
        (Question.PRINTER, 0x16, "drawer_open", True),
        (Question.PRINTER, 0x12, "drawer_open", False),
        (Question.OFFLINE_CAUSE, 0x16, "cover_open", True),
        (Question.OFFLINE_CAUSE, 0x32, "paper", Paper.END),
        (Question.ERROR, 0x1A, "cutter_error", True),
        (Question.ERROR, 0x32, "fatal_error", True),
        (Question.ERROR, 0x52, "recoverable_error", True),
        (Question.PAPER, 0x12, "paper", Paper.OK),
        (Question.PAPER, 0x1E, "paper", Paper.NEAR_END),
        (Question.PAPER, 0x72, "paper", Paper.END),
        (Question.PAPER, 0x7E, "paper", Paper.END),
    ],
)
def test_real_time_answers(question: Question, byte: int, field: str, value: object) -> None:
    parser = StatusParser()
    parser.asked(question)
    assert parser.feed(bytes([byte])) == [RealTime(question, byte)]
    assert getattr(known(RealTime(question, byte)), field) == value


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # Samsung SRP-350 user manual, pages 46-47
        (b"\x10\x00\x00\x00", PrinterStatus(True, Paper.OK, False, False, False, False, False)),
        (b"\x14\x00\x00\x00", PrinterStatus(True, Paper.OK, False, False, False, False, True)),
        (b"\x38\x00\x00\x0f", PrinterStatus(False, Paper.OK, True, False, False, False, False)),
        (b"\x18\x08\x00\x00", PrinterStatus(False, Paper.OK, False, True, False, False, False)),
        (b"\x18\x20\x00\x00", PrinterStatus(False, Paper.OK, False, False, False, True, False)),
        (b"\x18\x40\x00\x00", PrinterStatus(False, Paper.OK, False, False, True, False, False)),
        (b"\x10\x00\x03\x00", PrinterStatus(True, Paper.NEAR_END, False, False, False, False, False)),
        (b"\x18\x00\x0f\x00", PrinterStatus(False, Paper.END, False, False, False, False, False)),
    ],
)
def test_automatic_status(content: bytes, expected: PrinterStatus) -> None:
    assert StatusParser().feed(content) == [Automatic(content)]
    assert known(Automatic(content)) == expected


@pytest.mark.parametrize(
    ("byte", "paper"), [(0x00, Paper.OK), (0x03, Paper.NEAR_END), (0x0C, Paper.END), (0x0F, Paper.END)]
)
def test_queued_answers(byte: int, paper: Paper) -> None:
    assert StatusParser().feed(bytes([byte])) == [Queued(byte)]
    assert known(Queued(byte)).paper is paper


def test_a_printer_without_the_sensor_is_never_near_its_end() -> None:
    assert known(RealTime(Question.PAPER, 0x1E), near_end_sensor=False).paper is Paper.OK


def test_nobody_says_the_drawer_is_open_before_its_wiring_was_learnt() -> None:
    answer = RealTime(Question.PRINTER, 0x16)
    assert drawer_level(answer) is True
    assert known(answer, open_when_high=None).drawer_open is None
    assert known(answer, open_when_high=False).drawer_open is False


def test_kinds_are_told_apart_in_one_stream() -> None:
    parser = StatusParser()
    parser.asked(Question.PRINTER)
    parser.asked(Question.PAPER)
    # An automatic status, into which a real-time answer falls; XOFF and XON; a queued answer; a second real-time one.
    assert parser.feed(b"\x10\x00\x12\x00\x00\x13\x11\x03\x1e") == [
        RealTime(Question.PRINTER, 0x12),
        Automatic(b"\x10\x00\x00\x00"),
        Queued(0x03),
        RealTime(Question.PAPER, 0x1E),
    ]


def test_an_answer_nobody_asked_for_is_no_answer_to_the_next_question() -> None:
    parser = StatusParser()
    parser.asked(Question.PRINTER)
    parser.forget()
    assert parser.feed(b"\x1a") == []
    parser.asked(Question.PAPER)
    assert parser.feed(b"\x12") == [RealTime(Question.PAPER, 0x12)]


@given(st.binary(max_size=60), st.lists(st.sampled_from(list(Question)), max_size=8), st.data())
def test_any_cut_says_the_same(stream: bytes, questions: list[Question], data: st.DataObject) -> None:
    whole, cut = StatusParser(), StatusParser()
    for question in questions:
        whole.asked(question)
        cut.asked(question)
    told, at = list[Told](), 0
    while at < len(stream):
        size = data.draw(st.integers(1, 5))
        told += cut.feed(stream[at : at + size])
        at += size
    assert told == whole.feed(stream)


def test_questions_are_the_four_of_the_manual() -> None:
    assert [ask(question) for question in Question] == [
        b"\x10\x04\x01",
        b"\x10\x04\x02",
        b"\x10\x04\x03",
        b"\x10\x04\x04",
    ]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (PrinterStatus(), ()),
        (PrinterStatus(online=True, paper=Paper.OK), ()),
        (PrinterStatus(online=False), (PrinterProblem.OFFLINE,)),
        (PrinterStatus(online=False, paper=Paper.END), (PrinterProblem.PAPER_END,)),
        # With the cover up no sensor feels paper: what has to be done is to close it.
        (PrinterStatus(online=False, cover_open=True, paper=Paper.END), (PrinterProblem.COVER_OPEN,)),
        (PrinterStatus(cover_open=True, recoverable_error=True), (PrinterProblem.COVER_OPEN,)),
        (PrinterStatus(recoverable_error=True), (PrinterProblem.OVERHEATED,)),
        (PrinterStatus(cutter_error=True, paper=Paper.NEAR_END),
         (PrinterProblem.CUTTER_JAM, PrinterProblem.PAPER_NEAR_END)),
        (PrinterStatus(fatal_error=True), (PrinterProblem.FAULT,)),
    ],
)  # fmt: skip
def test_problems_have_names(status: PrinterStatus, found: tuple[PrinterProblem, ...]) -> None:
    assert problems(status) == found
    assert stopping(status) is next((one for one in found if one in STOPPING), None)


def test_each_problem_says_what_to_do_in_both_languages() -> None:
    assert set(ADVICE) == set(PrinterProblem)
    for advice in ADVICE.values():
        assert all((advice.en, advice.next_en, advice.zh, advice.next_zh))


def test_unknown_is_neither_there_nor_gone() -> None:
    for values in itertools.product([None], repeat=6):
        assert problems(PrinterStatus(values[0], Paper.UNKNOWN, *values[1:])) == ()
