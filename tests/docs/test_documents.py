"""What documents name exists: files, tests, links, and the tests that prove each promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cases.running import case_files, load
from tests.docs.promises import PROOFS, README, ROOT, brought_up_to_date, document, promises, proofs

LESSONS = ROOT / "docs" / "lessons.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
_FOLDERS = "shared|edge_agent|cloud|device_profiles|deploy|tests|benchmarks|docs|requirements"
_PATH = re.compile(rf"`((?:{_FOLDERS})/[\w./-]*)`")
_TEST = re.compile(r"`(test_\w+)`")
_CASE = re.compile(rf"`((?:{'|'.join(path.stem for path in case_files())}): [^`]+)`")
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_a_document_names_exists(document: Path) -> None:
    missing = [name for name in _PATH.findall(document.read_text()) if not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = _LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_test_a_document_names_exists() -> None:
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text())
    }
    named = {name for document in DOCUMENTS for name in _TEST.findall(document.read_text())}
    assert named - defined == set()


def test_every_lesson_has_its_answer() -> None:
    """77 threads of other systems' users, numbered through; and seven weak points of one driver."""
    rows = LESSONS.read_text()
    answered = {int(number) for number in re.findall(r"^\| B\d\.(\d+) \|", rows, re.MULTILINE)}
    assert answered == set(range(1, 78))
    assert set(re.findall(r"^\| A\.(\d) \|", rows, re.MULTILINE)) == set("1234567")


def test_every_lesson_of_promotions_and_loyalty_has_its_test() -> None:
    """63 lines of threads, numbered through, and twelve faults in code: each row names a test, a case or such a row."""
    rows = dict(re.findall(r"^\| (T\d+|E\.\d+) \|[^|]*\|(.*)\|$", LESSONS.read_text(), re.MULTILINE))
    assert set(rows) == {f"T{n}" for n in range(1, 64)} | {f"E.{n}" for n in range(1, 13)}
    tested = {number for number, answer in rows.items() if _TEST.search(answer) or _CASE.search(answer)}
    others = {number: set(re.findall(r"\bT\d+", answer)) for number, answer in rows.items() if number not in tested}
    assert [number for number, named in others.items() if not named or not named <= tested] == []


def test_every_case_a_lesson_names_is_run() -> None:
    run = {loaded.name for path in case_files() for loaded in load(path)}
    assert set(_CASE.findall(LESSONS.read_text())) - run == set()


def test_the_readme_makes_ten_promises_and_names_their_proofs() -> None:
    assert list(promises()) == list(range(1, 11))
    assert set(proofs()) <= set(promises())
    up_to_date = brought_up_to_date(README.read_text()) == README.read_text() and document() == PROOFS.read_text()
    assert up_to_date, "the promises' proofs differ from the tests: make documents"
