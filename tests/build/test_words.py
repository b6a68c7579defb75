"""The pages' words: every text has its Chinese, says the same values, and the catalogues are what the code says."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from deploy.build import words
from deploy.build.words import SIDES, Side
from shared.web.words import Speech, chosen_language

NAMES = [side.locale.parts[-3] for side in SIDES]


@pytest.mark.parametrize("side", SIDES, ids=NAMES)
def test_every_text_has_its_chinese(side: Side) -> None:
    assert list(words.faults(words.brought_up_to_date(side))) == [], "run `make words` and fill in what is empty"


@pytest.mark.parametrize("side", [side for side in SIDES if side.chinese.is_file()])
def test_catalogues_are_up_to_date(side: Side) -> None:
    assert words.as_file(words.brought_up_to_date(side)) == side.chinese.read_bytes(), "run `make words`"


@pytest.fixture
def side(tmp_path: Path) -> Side:
    made = Side(tmp_path / "code", tmp_path / "code" / "locale")
    (made.sources / "templates").mkdir(parents=True)
    (made.sources / "templates" / "page.html").write_text('{{ t("Hello {name}", name=n) }} {{ tp("menu", "Sales") }}')
    (made.sources / "page.py").write_text('tn("{count} sale", "{count} sales", n)\nTABLE = {"a": marked("Stores")}\n')
    return made


def test_texts_are_found_in_templates_and_code(side: Side) -> None:
    found = {message.id if isinstance(message.id, str) else tuple(message.id) for message in words.collected(side)}
    assert found - {""} == {"Hello {name}", "Sales", ("{count} sale", "{count} sales"), "Stores"}


def test_what_is_missing_or_differs_is_named(side: Side) -> None:
    side.chinese.parent.mkdir(parents=True)
    side.chinese.write_text('msgid "Hello {name}"\nmsgstr "你好 {nam}"\n\nmsgid "Stores"\nmsgstr "门店"\n')
    said = list(words.faults(words.brought_up_to_date(side)))
    assert len(said) == 3
    assert said[0].startswith("other values in braces: 'Hello {name}'") or any("other values" in one for one in said)
    assert sum(one.startswith("no Chinese") for one in said) == 2


@pytest.mark.parametrize(
    ("choices", "accepted", "language"),
    [((None, None), "", "en"), (("zh", "en"), "en", "zh"), (("xx", "en"), "zh", "en"), ((None,), "zh-CN,en", "zh")],
)
def test_a_language_is_chosen(choices: tuple[str | None, ...], accepted: str, language: str) -> None:
    assert chosen_language(choices, accepted) == language


def test_english_needs_no_catalogue_and_values_are_taken_as_they_are() -> None:
    speech = Speech("en", gettext.NullTranslations())
    assert speech.t("Hello {name}", name="{x}") == "Hello {x}"
    assert speech.tn("{count} sale", "{count} sales", 1) == "1 sale"
    assert speech.tn("{count} sale", "{count} sales", 1234) == "1,234 sales"
