"""The public cases: each figure in `tests/cases/*.json` is what the engine says, else the runner says what differs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shared.pricing import KINDS
from tests.cases.__main__ import main
from tests.cases.running import Loaded, case_files, differences, load
from tests.cases.vocabulary import TYPES, minor, promotion

CASES = [one for path in case_files() for one in load(path)]


@pytest.mark.parametrize("loaded", CASES, ids=lambda loaded: loaded.name)
def test_p4_a_public_case(loaded: Loaded) -> None:
    assert differences(loaded) == []


def test_there_are_cases_for_every_kind() -> None:
    assert len(CASES) >= 60
    assert {kind for kind, _, _ in TYPES.values()} == set(KINDS)
    used = {rule["type"] for path in case_files() for rule in msgspec.json.decode(path.read_bytes())["rules"].values()}
    assert used == set(TYPES)


def test_every_case_names_its_source() -> None:
    assert [one.name for one in CASES if not one.case.get("source")] == []


def test_the_runner_says_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = {"name": "wrong", "source": "here", "basket": [["a", 2]], "expect": {"total": "9.00", "speed": 1}}
    path = tmp_path / "own.json"
    path.write_bytes(msgspec.json.encode({"items": {"a": {"price": "5.00"}}, "cases": [case]}))
    assert main([str(path)]) == 1
    said = capsys.readouterr().out
    assert "own: wrong: total: expected '9.00', the engine says '10.00'" in said
    assert "'speed' is not a word of expectations" in said
    assert "1 cases, 1 differ" in said


def test_the_runner_says_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.json"
    path.write_text("{")
    assert main([str(path)]) == 2
    assert "cannot be read as a case file" in capsys.readouterr().out


def test_a_word_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="'prise'"):
        promotion("r", {"type": "special price", "prise": "1.00"})
    with pytest.raises(ValueError, match="whole number"):
        minor("1.005")
