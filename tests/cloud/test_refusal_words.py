"""No sentence of the console without Chinese: refusals, problems of rows and files, and every text of a page."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.console.promotion_refusals import REFUSALS
from cloud.errors import Invalid, Refused
from cloud.web.refusing import NOT_DONE, refusal_words
from cloud.web.speaking import speech
from deploy.build import words
from shared.web.phrases import Phrase

CLOUD = Path(__file__).parents[2] / "cloud"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SAYS_WHAT_IS_WRONG = ("Bad", "BadRow", "SheetUnreadable", "RowError", "Problem")
"""What names the problem of a row or a file."""
READERS = ("prices", "member_import", "privacy/normal.py", "members/profile.py")
"""Where files that people upload are read."""


def parsed(place: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        yield path, ast.parse(path.read_text())


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def test_every_text_of_the_console_has_its_chinese() -> None:
    assert list(words.faults(words.brought_up_to_date(words.SIDES[0]))) == []


@pytest.mark.parametrize("feature", ["prices", "promotions"])
def test_every_code_that_prices_and_promotions_refuse_has_words(feature: str) -> None:
    raised = {
        call.args[0].value
        for _, tree in parsed(CLOUD / feature)
        for name in ("PriceRefusal", "Refused")
        for call in calls(tree, name)
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    assert raised, "no refusal was found"
    assert raised - REFUSALS.keys() == set()
    assert all(CHINESE.search(speech("zh").t(said)) for said in REFUSALS.values())


def test_what_is_wrong_with_a_row_is_never_plain_english() -> None:
    plain = [
        f"{path.relative_to(CLOUD)}:{call.lineno}"
        for place in READERS
        for path, tree in parsed(CLOUD / place)
        for name in SAYS_WHAT_IS_WRONG
        for call in calls(tree, name)
        for part in call.args
        if isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and " " in str(part.value))
    ]
    assert plain == []


def test_no_page_shows_what_only_programs_should_read() -> None:
    """A page that wrote `str(error)` would say whatever English the error has."""
    shown = []
    for path, tree in parsed(CLOUD):
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        if not imported & {"cloud.web.rendering", "cloud.web.signing_in"}:
            continue
        caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name} | {"error"}
        asked = {
            id(node.func.value)  # only asked for its code, which stands before the colon
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "partition"
        }
        shown += [
            f"{path.relative_to(CLOUD)}:{call.lineno}"
            for call in calls(tree, "str")
            if id(call) not in asked and isinstance(call.args[0], ast.Name) and call.args[0].id in caught
        ]
    assert shown == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Refused("closed", "no"), "Closed."),
        (Refused("other", Phrase("choose a day")), Phrase("choose a day")),
        (Refused("other", "only English"), NOT_DONE),
        (Invalid(Phrase("{text!r} is no unit", text="stone")), "'stone' is no unit"),
        (Invalid("only English"), NOT_DONE),
        (ValueError("a fault"), NOT_DONE),
    ],
)
def test_a_refusal_is_said_in_words_of_the_page_or_its_own(error: Exception, said: str) -> None:
    assert refusal_words(error, {"closed": "Closed."}) == said


def test_a_phrase_is_its_english_and_keeps_what_every_language_needs() -> None:
    phrase = Phrase("{text!r} is no unit", text="stone")
    for one in (phrase, copy.deepcopy(phrase), Phrase.of(json.loads(json.dumps(phrase.record)))):
        assert one == "'stone' is no unit"
        assert speech("zh").t(one) == "“stone”不是可用的单位"
    assert Phrase("{why}", why=ValueError("x")).record["values"] == {"why": "x"}
