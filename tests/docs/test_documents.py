"""What documents name exists: files, tests, links, and the tests that prove each promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.promises import README, ROOT, brought_up_to_date, promises, proofs

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
_FOLDERS = "shared|edge_agent|cloud|device_profiles|deploy|tests|benchmarks|docs|requirements"
_PATH = re.compile(rf"`((?:{_FOLDERS})/[\w./-]*)`")
_TEST = re.compile(r"`(test_\w+)`")
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
    rows = (ROOT / "docs" / "lessons.md").read_text()
    answered = {int(number) for number in re.findall(r"^\| B\d\.(\d+) \|", rows, re.MULTILINE)}
    assert answered == set(range(1, 78))
    assert set(re.findall(r"^\| A\.(\d) \|", rows, re.MULTILINE)) == set("1234567")


def test_the_readme_makes_ten_promises_and_names_their_proofs() -> None:
    assert promises() == list(range(1, 11))
    assert set(proofs()) <= set(promises())
    up_to_date = brought_up_to_date(README.read_text()) == README.read_text()
    assert up_to_date, "the README's table of promises differs from the tests: make documents"
