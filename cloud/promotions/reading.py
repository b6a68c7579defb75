"""From what was typed to a promotion, or to what is wrong at which field. What was typed is kept as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from cloud.promotions import words
from cloud.promotions.fields import MOST_PAIRS, MOST_ROWS, Field, Node, Section, Shape, as_day, form_of
from shared.pricing import KINDS, AnyPromotion
from shared.pricing.promotion import Promotion

Typed = Mapping[str, str]
"""What was typed, by field; several choices are joined by spaces."""

_MONEY = re.compile(r"^(\d{1,12})(?:\.(\d+))?$")
_PLACE = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_OF_HOURS = re.compile(r"hours(\.\d+)+$")
_HOURS = re.compile(r"^(\d{1,2}:\d{2})[-–—~至](\d{1,2}:\d{2})$")
_SEPARATOR = re.compile(r"[\s,，、;；]+")
_COMMA = re.compile(r"[,，、;；\n]+")
_SCALED: Mapping[Shape, tuple[int | None, str]] = {
    Shape.MONEY: (None, words.NOT_MONEY),
    Shape.PERCENT: (2, words.NOT_PERCENT),
    Shape.TIMES: (4, words.NOT_TIMES),
}
"""Decimals by how many digits after the point they have (None: the currency's), and what is said of a wrong one."""
_SEVERAL = {Shape.WORDS, Shape.PHRASES, Shape.NUMBERS, Shape.CHOICES, Shape.HOURS}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field, to be said in the reader's language (marked, with values)."""

    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """A promotion, or problems by field; '' is the form as a whole."""

    promotion: Promotion | None
    problems: Mapping[str, Problem]


class _Wrong(ValueError):
    """A text that is no such value; says which words tell so."""


def read(kind: str, promotion: str, typed: Typed, exponent: int) -> Read:
    """Read what was typed into the form of a kind as the promotion of an id."""
    problems: dict[str, Problem] = {}
    row = _Reader(typed, exponent, problems).nodes(form_of(kind), "")
    if problems:
        return Read(None, problems)
    names = {language: value for language, value in row.pop("names", {}).items() if value}
    row |= {"kind": kind, "promotion": promotion, **({"names": names} if names else {})}
    try:
        found: AnyPromotion = msgspec.convert(row, AnyPromotion)
    except msgspec.ValidationError as error:
        path, problem = _refused(str(error))
        return Read(None, {path: problem})
    return Read(found, {})


def rows_shown(section: Section, typed: Typed) -> int:
    """Return how many occurrences of a repeated section a form shows: those filled in and one more."""
    return min(MOST_PAIRS if section.pairs else MOST_ROWS, _filled(section, typed) + 1)


def fields_of(nodes: Iterable[Node], typed: Typed) -> list[Field]:
    """Return every field that a form shows."""
    found: list[Field] = []
    for node in nodes:
        if isinstance(node, Field):
            found.append(node)
        elif node.repeated:
            for number in range(rows_shown(node, typed)):
                found += fields_of(node.row(number).nodes, typed)
        else:
            found += fields_of(node.nodes, typed)
    return found


def typed_from(kind: str, fields: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Keep of a posted form what belongs to the kind; several values of a field are joined by spaces."""
    known = [re.compile("^" + re.escape(path).replace(r"\#", r"\d{1,2}") + "$") for path in _paths(form_of(kind))]
    kept: dict[str, str] = {}
    for name, value in fields:
        if value.strip() and any(path.match(name) for path in known):
            kept[name] = f"{kept[name]} {value.strip()}" if name in kept else value.strip()
    return kept


def _paths(nodes: Iterable[Node]) -> list[str]:
    return [path for node in nodes for path in ([node.path] if isinstance(node, Field) else _paths(node.nodes))]


def _filled(section: Section, typed: Typed) -> int:
    start = f"{section.path}."
    numbers = [int(name[len(start) :].split(".")[0]) for name in typed if name.startswith(start)]
    return max(numbers, default=-1) + 1


class _Reader:
    """Walks a form with what was typed."""

    def __init__(self, typed: Typed, exponent: int, problems: dict[str, Problem]) -> None:
        self._typed = typed
        self._exponent = exponent
        self._problems = problems

    def nodes(self, nodes: Iterable[Node], prefix: str) -> dict[str, Any]:
        """Return what was typed into some nodes; what is empty is left out."""
        found: dict[str, Any] = {}
        for node in nodes:
            name = node.path.removeprefix(prefix)
            value = self._field(node) if isinstance(node, Field) else self._section(node)
            if value is None:
                continue
            first, _, rest = name.partition(".")
            if rest:
                found.setdefault(first, {})[rest] = value
            else:
                found[first] = value
        return found

    def _section(self, section: Section) -> Any:
        if not section.repeated:
            touched = section.required or any(name.startswith(f"{section.path}.") for name in self._typed)
            return self.nodes(section.nodes, f"{section.path}.") if touched else None
        rows = []
        for number in range(_filled(section, self._typed)):
            row = section.row(number)
            if any(name.startswith(f"{row.path}.") for name in self._typed):
                rows.append(self.nodes(row.nodes, f"{row.path}."))
        if not rows:
            if section.required:
                self._problems[section.row(0).nodes[0].path] = Problem(words.MISSING)
            return None
        return {row.get("key", ""): row.get("value") for row in rows} if section.pairs else rows

    def _field(self, field: Field) -> Any:
        text = self._typed.get(field.path, "").strip()
        if not text:
            if field.required:
                self._problems[field.path] = Problem(words.MISSING)
            return None
        try:
            return self._value(field, text)
        except _Wrong as wrong:
            self._problems[field.path] = Problem(str(wrong))
            return None

    def _value(self, field: Field, text: str) -> Any:
        if field.shape in _SCALED:
            digits, wrong = _SCALED[field.shape]
            return _scaled(text.rstrip("%％ "), self._exponent if digits is None else digits, wrong)
        if field.shape is Shape.NUMBER:
            return _number(text)
        if field.shape is Shape.YES:
            return True
        return _several(field, text) if field.shape in _SEVERAL else _written(field, text)


def _several(field: Field, text: str) -> list[Any]:
    parts = [part for part in _SEPARATOR.split(text) if part]
    if field.shape is Shape.PHRASES:
        return [" ".join(part.split()) for part in _COMMA.split(text) if part.strip()]
    if field.shape is Shape.WORDS:
        return parts
    if field.shape is not Shape.HOURS:
        return [_number(part) for part in parts]
    spans = [_HOURS.match(part) for part in parts]
    if not all(spans):
        raise _Wrong(words.NOT_HOURS)
    return [[span[1].rjust(5, "0"), span[2].rjust(5, "0")] for span in spans if span]


def _written(field: Field, text: str) -> Any:
    if field.shape is Shape.DAY and as_day(text) is None:
        raise _Wrong(words.NOT_A_DAY)
    if field.shape is Shape.CHOICE and text not in (field.choices or {}):
        raise _Wrong(words.NOT_A_CHOICE)
    return text


def _scaled(text: str, digits: int, wrong: str) -> int:
    """Read a decimal as a whole number of its smallest unit; more digits than there are is an error, not rounding."""
    found = _MONEY.match(text.replace(",", "").replace("，", "").lstrip("¥￥ "))
    fraction = found[2] or "" if found else ""
    if not found or len(fraction.rstrip("0")) > digits:
        raise _Wrong(wrong)
    whole, rest = int(found[1]), int(fraction.rstrip("0").ljust(digits, "0") or 0)
    return whole * int(10**digits) + rest


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise _Wrong(words.NOT_A_NUMBER)
    return int(text)


def _refused(text: str) -> tuple[str, Problem]:
    """Turn what the model refuses into a problem at a field."""
    found = _PLACE.match(text)
    why, place = (found[1], found[2] or "") if found else (text, "")
    path = place.replace("[...]", "").replace("[", ".").replace("]", "").lstrip(".")
    path = _OF_HOURS.sub("hours", path)  # spans of hours are typed into one field
    if why in words.PROBLEMS:
        field = words.PROBLEM_FIELDS.get(why, "")
        return ".".join(filter(None, (path, field))), Problem(words.PROBLEMS[why])
    for start, (said, field) in words.PROBLEM_STARTS.items():
        if why.startswith(start):
            return ".".join(filter(None, (path, field))), Problem(said)
    return path, Problem(words.OTHERWISE, why)


def kinds() -> list[str]:
    """Return every kind there is a form for."""
    return [kind for kind in words.KINDS if kind in KINDS]
