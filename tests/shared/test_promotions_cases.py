"""The public cases: each figure in `tests/cases/*.json` is what the engine says, else the runner says what differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.pricing import KINDS
from shared.pricing.explain import WHY_NOT
from tests.cases import form
from tests.cases.__main__ import main
from tests.cases.running import Loaded, case_files, differences, load
from tests.cases.vocabulary import RULE_WORDS, TYPES

README = (Path(form.__file__).parent / "README.md").read_text()
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
    assert [one.name for one in CASES if not one.case.source] == []


def test_every_reason_that_an_engine_can_give_is_in_a_case_and_explained() -> None:
    given = {reason for one in CASES for reason in (one.case.expect.reasons or {}).values()}
    assert given == set(WHY_NOT)
    assert [reason for reason in WHY_NOT if f"`{reason}`" not in README] == []


def test_every_word_is_explained() -> None:
    forms = (form.CaseFile, form.Goods, form.Case, form.Member, form.MayUse, form.Expected)
    words = {word for one in forms for word in one.__struct_encode_fields__} | set(RULE_WORDS)
    words |= set(TYPES) | {word for _, _, own in TYPES.values() for word in own}
    assert [word for word in sorted(words) if f"`{word}`" not in README and f"**{word}**" not in README] == []


def test_the_file_that_the_readme_shows_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "shown.json"
    path.write_text(README.partition("```json\n")[2].partition("```")[0])
    assert main([str(path)]) == 0
    assert capsys.readouterr().out == "1 cases, 0 differ\n"


GOODS = {"a": {"price": "5.00"}}
FINE: dict[str, Any] = {"name": "one", "basket": [["a", 2]], "expect": {"total": "10.00"}}
SPEND = {"type": "spend", "steps": [{"from": "5.00", "off": "1.00"}]}
BAD: list[tuple[str, dict[str, Any]]] = [
    ("unknown field `membr` - at `$.cases[0]`", {"cases": [{**FINE, "membr": {}}]}),
    ("unknown field `speed` - at `$.cases[0].expect`", {"cases": [{**FINE, "expect": {"total": "1.00", "speed": 1}}]}),
    ("missing required field `expect` - at `$.cases[0]`", {"cases": [{"name": "one", "basket": [["a", 1]]}]}),
    ("missing required field `items`", {"items": None}),
    ("`int` >= 1 - at `$.cases[0].basket[0][1]`", {"cases": [{**FINE, "basket": [["a", 0]]}]}),
    ("case 'one': ['b'] are not among the items", {"cases": [{**FINE, "basket": [["b", 1]]}]}),
    ("case 'one': ['r'] are not among the rules", {"cases": [{**FINE, "rules": ["r"]}]}),
    ("case 'one': expects nothing", {"cases": [{**FINE, "expect": {}}]}),
    ("case 'one': 'noon' is no moment; one is '2026-01-05 12:00:00'", {"cases": [{**FINE, "at": "noon"}]}),
    ("case 'one': 'x' is not an amount", {"cases": [{**FINE, "basket": [["a", 1, "x"]]}]}),
    ("item 'a': '1.005' is not a whole number of minor units", {"items": {"a": {"price": "1.005"}}}),
    ("'Mars' is no time zone", {"zone": "Mars"}),
    ("rule 'r': type 'gratis' is not known; types are special price,", {"rules": {"r": {"type": "gratis"}}}),
    ("rule 'r': a 'spend' rule needs 'steps'", {"rules": {"r": {"type": "spend"}}}),
    ("rule 'r': a 'percent off' rule needs 'percent off'", {"rules": {"r": {"type": "percent off"}}}),
    ("rule 'r': ['prise'] are not words of a 'spend' rule", {"rules": {"r": {**SPEND, "prise": "1.00"}}}),
    ("rule 'r': ['brand'] are not words of 'of'", {"rules": {"r": {**SPEND, "of": {"brand": ["x"]}}}}),
    ("rule 'r': ['of'] are not words of a step", {"rules": {"r": {**SPEND, "steps": [{"of": 1}]}}}),
    ("rule 'r': a word of this 'spend' rule has a value of another form", {"rules": {"r": {**SPEND, "steps": 5}}}),
    ("rule 'r': a step starts at 1", {"rules": {"r": {**SPEND, "steps": [{"from": "0.00", "off": "1.00"}]}}}),
]


def written(path: Path, **words: object) -> str:
    """Write a case file of one fine case, but for these words (None: without it)."""
    file = {"items": GOODS, "cases": [FINE], **words}
    path.write_bytes(msgspec.json.encode({word: value for word, value in file.items() if value is not None}))
    return str(path)


@pytest.mark.parametrize(("said", "words"), BAD, ids=[said for said, _ in BAD])
def test_the_runner_says_what_it_cannot_read(
    said: str, words: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "own.json", **words)
    assert main([path]) == 2
    told = capsys.readouterr().err
    assert f"{path}: cannot be read as a case file: " in told
    assert said in told


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_the_runner_reads_only_case_files(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(content)
    assert main([str(path)]) == main([str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err.count("cannot be read as a case file") == 2


def test_the_runner_says_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = {**FINE, "name": "wrong", "expect": {"total": "9.00", "points": {}}}
    assert main([written(tmp_path / "own.json", cases=[FINE, case])]) == 1
    said = capsys.readouterr().out
    assert said == "own: wrong: total: expected '9.00', the engine says '10.00'\n2 cases, 1 differ\n"


ENGINE = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    case, rule = asked["case"], asked["rules"]["half"]
    assert rule["percent off"] == 50 and "expect" not in case and asked["asks"] == ["total"] and case["at"]
    cents = sum(round(float(asked["items"][item]["price"]) * 100) * count for item, count in case["basket"])
    print(json.dumps({"total": f"{cents / 200:.2f}", "lines": []}))
"""


def test_another_engine_is_asked_in_the_same_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = tmp_path / "engine.py"
    engine.write_text(ENGINE)
    half = {"half": {"type": "order percent", "percent off": 50}, "other": SPEND}
    case = {**FINE, "rules": ["half"], "expect": {"total": "5.00"}}
    path = written(tmp_path / "own.json", rules=half, cases=[case, {**case, "basket": [["a", 3]]}])
    assert main([path, "--engine", f"{sys.executable} {engine}"]) == 1
    said = capsys.readouterr().out
    assert said == "own: one: total: expected '5.00', the engine says '7.50'\n2 cases, 1 differ\n"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('{}')", "1 answers to 2 cases; one line each is expected"),
        ("import sys; sys.exit('no scales')", "ended with 1: no scales"),
        ("print('{}\\n{')", "the answer to 'own: one' cannot be read"),
        ("print('{\\x22totl\\x22: 1}\\n{}')", "unknown field `totl`"),
    ],
)
def test_an_engine_that_does_not_answer_says_why(
    program: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "engine.py").write_text(program)
    path = written(tmp_path / "own.json", cases=[FINE, FINE])
    assert main([path, "--engine", f"{sys.executable} {tmp_path / 'engine.py'}"]) == 2
    assert said in capsys.readouterr().err


def test_an_engine_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path / "own.json"), "--engine", str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err
