"""The rules of the house that no linter knows: arrows, sizes, names, complete registries, both languages."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
import string
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from importlinter.cli import lint_imports

import cloud
import device_profiles
import edge_agent
import shared
from shared.wire.events import EVENTS, Event
from shared.wire.messages import MESSAGES, Message

ROOT = Path(__file__).parents[1]
ROOMS = (shared, device_profiles, edge_agent, cloud)
MAX_LINES = 400
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_manager"}
LANGUAGES = {"en", "zh"}
FROZEN = ROOT / "cloud" / "migrations" / "versions"
"""Migrations are generated, and as long as what they build."""
NOT_OURS = (ROOT / "requirements", ROOT / "LICENSE", ROOT / "tests" / "golden" / "packed")

_ELSEWHERE = re.compile(r"(?<![\w.$}])/(?:home|root|Users)/\w|--(?:extra-)?index-url", re.IGNORECASE)
"""A path of somebody's machine, or where somebody gets packages from."""
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


@cache
def files() -> tuple[Path, ...]:
    """Return every file of the project: what git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    paths = {ROOT / name for name in listed.stdout.split("\0") if name}
    return tuple(sorted(path for path in paths if path.is_file()))


def python_files() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        if not any(path.is_relative_to(other) for other in NOT_OURS) and path != Path(__file__):
            try:
                yield path, path.read_text()
            except UnicodeDecodeError:
                continue


@cache
def modules() -> tuple[ModuleType, ...]:
    """Import every module of every room; migrations run only under Alembic."""
    return tuple(
        importlib.import_module(found.name)
        for room in ROOMS
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
        if ".migrations." not in found.name and not found.name.endswith("__main__")
    )


def test_imports_follow_the_arrows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0


def test_no_module_is_longer_than_a_sitting() -> None:
    sizes = {
        path.relative_to(ROOT): len(path.read_text().splitlines()) for path in python_files() if path.parent != FROZEN
    }
    assert {path: lines for path, lines in sizes.items() if lines > MAX_LINES} == {}


def test_every_file_is_named_for_what_it_is() -> None:
    assert [path for path in files() if path.stem.lower() in NAMES_THAT_SAY_NOTHING] == []
    parts = {part for path in files() for part in path.relative_to(ROOT).parts}
    assert parts & NAMES_THAT_SAY_NOTHING == set()


def test_nothing_names_the_place_where_it_was_written() -> None:
    assert [(path, found.group()) for path, text in texts() if (found := _ELSEWHERE.search(text))] == []


def test_nothing_is_left_for_later() -> None:
    assert [(path, found.group()) for path, text in texts() if (found := _UNFINISHED.search(text))] == []


def test_no_test_waits_for_a_time() -> None:
    sleeping = re.compile(r"\btime\.sleep\(")
    found = [path for path, text in texts() if path.suffix == ".py" and sleeping.search(text)]
    assert found == []


def test_every_message_and_event_is_in_its_registry() -> None:
    modules()
    assert set(_leaves(Message)) == set(MESSAGES)
    assert set(_leaves(Event)) == set(EVENTS)


def test_hq_handles_every_kind_of_event() -> None:
    handlers = importlib.import_module("cloud.ingest.handlers").HANDLERS
    assert set(handlers) == {_tag(event) for event in EVENTS}


def _tag(event: type[Event]) -> str:
    info = msgspec.inspect.type_info(event)
    assert isinstance(info, msgspec.inspect.StructType)
    return str(info.tag)


def _leaves(kind: type) -> Iterator[type]:
    """Yield the classes of ours that nothing of ours derives from."""
    below = [derived for derived in kind.__subclasses__() if derived.__module__.startswith("shared.")]
    if not below:
        yield kind
    for derived in below:
        yield from _leaves(derived)


def test_every_feature_with_tables_is_in_the_metadata() -> None:
    listed = (ROOT / "cloud" / "models.py").read_text()
    features = sorted(path.parent.name for path in (ROOT / "cloud").glob("*/models.py"))
    assert [name for name in features if f"from cloud.{name} import models" not in listed] == []


def test_edge_migrations_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "edge_agent" / "schema").glob("*.sql"))
    assert numbers == list(range(1, len(numbers) + 1))


def word_tables() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield every entry of every module-level table of words by language."""
    seen: set[int] = set()
    for module in modules():
        for name, table in vars(module).items():
            if isinstance(table, Mapping) and not name.startswith("__") and id(table) not in seen:
                seen.add(id(table))
                for key, entry in table.items():
                    for words in _by_language(entry):
                        yield f"{module.__name__}.{name}[{key!r}]", words


def _by_language(entry: object) -> list[Mapping[str, str]]:
    """Return the texts of a table's entry by language: a mapping, or a record whose fields end in a language."""
    if isinstance(entry, Mapping):
        return [entry] if LANGUAGES & set(map(str, entry)) else []
    if not dataclasses.is_dataclass(entry) or isinstance(entry, type):
        return []
    texts: dict[str, dict[str, str]] = {}
    for field, value in dataclasses.asdict(entry).items():
        if field[-2:] in LANGUAGES:
            texts.setdefault(field[:-2], {})[field[-2:]] = value
    return list(texts.values())


def test_every_word_is_there_in_both_languages() -> None:
    tables = list(word_tables())
    assert tables, "no table of words was found"
    for place, words in tables:
        assert set(words) >= LANGUAGES, place
        assert all(words[language] for language in LANGUAGES), place


def test_both_languages_fill_in_the_same_values() -> None:
    for place, words in word_tables():
        used = {language: _placeholders(str(words[language])) for language in LANGUAGES}
        assert used["en"] == used["zh"], place


def _placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
