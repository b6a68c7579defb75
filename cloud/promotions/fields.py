"""The form of each kind of promotion, made from the typed model: a field the model learns appears by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache

import msgspec
from msgspec import inspect

from cloud.promotions.words import CHOICES, HINTS, LABELS
from shared.pricing import KINDS, Payer
from shared.pricing.promotion import Promotion
from shared.pricing.window import Hours


class Shape(StrEnum):
    """How a value is typed, and what it is then."""

    TEXT = "text"
    MONEY = "money"
    PERCENT = "percent"
    TIMES = "times"
    NUMBER = "number"
    YES = "yes"
    CHOICE = "choice"
    CHOICES = "choices"
    WORDS = "words"
    PHRASES = "phrases"
    """Several that may have blanks in them, such as `grocery/beers & ales`: commas stand between them."""
    NUMBERS = "numbers"
    DAY = "day"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. `path` is where it stands in the row, parts joined by dots; texts are marked."""

    path: str
    shape: Shape
    label: str
    hint: str = ""
    required: bool = False
    choices: Mapping[str, str] | None = None
    standard: str = ""
    """What an empty choice means: the model's default."""


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together. `repeated`: any number of them, numbered in the path; `pairs`: a key and a value."""

    path: str
    label: str
    nodes: Sequence[Node]
    hint: str = ""
    repeated: bool = False
    pairs: bool = False
    required: bool = False

    def row(self, number: int) -> Section:
        """Return the section's n-th occurrence."""
        return _moved(self, f"{self.path}.#", f"{self.path}.{number}", repeated=False)


Node = Field | Section

HIDDEN = {"promotion", "engine", "names"}
WITH_BLANKS = frozenset({"categories", "brands", "suppliers", "tags"})
"""Lists of what items say of themselves, in whatever words."""
MOST_ROWS = 12
MOST_PAIRS = 99
"""Of stores and their weights there may be more."""
COMMON = ("scope", "need", "when", "who", "where", "limits", "group", "stacking", "payers")
"""What every kind has, in the order a person thinks of it; the kind's own fields come before."""


@cache
def form_of(kind: str) -> tuple[Node, ...]:
    """Return the form of a kind. Raise KeyError for a kind that is none."""
    model = KINDS[kind]
    typed = inspect.type_info(model)
    fields = typed.fields if isinstance(typed, inspect.StructType) else ()
    nodes = {field.encode_name: _node(field, field.encode_name, kind) for field in fields}
    own = [name for name in nodes if name not in COMMON and name not in HIDDEN]
    names = tuple(_field(f"names.{language}", Shape.TEXT, kind) for language in ("zh", "en"))
    return (*names, *(nodes[name] for name in own), *(nodes[name] for name in COMMON))


def own_fields(kind: str) -> list[str]:
    """Return the names of what only this kind has."""
    base = {field.name for field in msgspec.structs.fields(Promotion)}
    return [field.name for field in msgspec.structs.fields(KINDS[kind]) if field.name not in base]


def _node(field: inspect.Field, path: str, kind: str) -> Node:
    found = _typed(field.type, path, kind)
    standard = field.default if field.default is not msgspec.NODEFAULT else None
    if isinstance(found, Field) and isinstance(standard, StrEnum | str) and found.shape is Shape.CHOICE:
        return replace(found, standard=str(standard))
    return replace(found, required=field.required)


def _typed(typed: inspect.Type, path: str, kind: str) -> Node:
    if isinstance(typed, inspect.UnionType):
        typed = next(one for one in typed.types if not isinstance(one, inspect.NoneType))
    if isinstance(typed, inspect.StructType):
        return _section(path, [_node(one, f"{path}.{one.encode_name}", kind) for one in typed.fields], kind)
    if isinstance(typed, inspect.ListType):
        return _list(typed, path, kind)
    if isinstance(typed, inspect.DictType):
        return _dict(typed, path, kind)
    if isinstance(typed, inspect.EnumType | inspect.LiteralType):
        return replace(_field(path, Shape.CHOICE, kind), choices=CHOICES[_last(path)])
    return _field(path, _plain(typed, _last(path)), kind)


def _list(typed: inspect.ListType, path: str, kind: str) -> Node:
    item = typed.item_type
    if isinstance(item, inspect.StructType) and item.cls is Hours:
        return _field(path, Shape.HOURS, kind)
    if isinstance(item, inspect.StructType):
        row = f"{path}.#"
        section = _section(path, [_node(one, f"{row}.{one.encode_name}", kind) for one in item.fields], kind)
        return replace(section, repeated=True)
    if _last(path) in CHOICES:
        return replace(_field(path, Shape.CHOICES, kind), choices=CHOICES[_last(path)])
    if isinstance(item, inspect.IntType):
        return _field(path, Shape.NUMBERS, kind)
    return _field(path, Shape.PHRASES if _last(path) in WITH_BLANKS else Shape.WORDS, kind)


def _dict(typed: inspect.DictType, path: str, kind: str) -> Node:
    if isinstance(typed.key_type, inspect.EnumType):
        return _section(path, [_field(f"{path}.{payer}", Shape.PERCENT, kind) for payer in Payer], kind)
    row = f"{path}.#"
    key, value, shape = LABELS["tiers"], LABELS["price_minor"], Shape.MONEY
    if _last(path) == "weights":
        key, value, shape = LABELS["one_store"], LABELS["weight"], Shape.NUMBER
    nodes = [Field(f"{row}.key", Shape.TEXT, key), Field(f"{row}.value", shape, value)]
    return replace(_section(path, nodes, kind), repeated=True, pairs=True)


def _plain(typed: inspect.Type, name: str) -> Shape:
    if isinstance(typed, inspect.BoolType):
        return Shape.YES
    if isinstance(typed, inspect.DateType):
        return Shape.DAY
    if isinstance(typed, inspect.IntType):
        if name == "multiplier_bp":
            return Shape.TIMES
        ends = {"bp": Shape.PERCENT, "minor": Shape.MONEY}
        return ends.get(name.rpartition("_")[2], Shape.NUMBER)
    return Shape.TEXT


def _section(path: str, nodes: Sequence[Node], kind: str) -> Section:
    return Section(path, _said(LABELS, path, kind), nodes, _said(HINTS, path, kind))


def _field(path: str, shape: Shape, kind: str) -> Field:
    return Field(path, shape, _said(LABELS, path, kind), _said(HINTS, path, kind))


def _said(table: Mapping[str, str], path: str, kind: str) -> str:
    """Return what the table says of a path: with its kind, with its parent, or by its last part."""
    parts = [part for part in path.split(".") if part != "#"]
    for key in (f"{kind}.{parts[-1]}", ".".join(parts[-2:]), parts[-1]):
        if key in table:
            return table[key]
    return parts[-1] if table is LABELS else ""


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _moved(section: Section, old: str, new: str, *, repeated: bool) -> Section:
    nodes = [
        replace(node, path=node.path.replace(old, new, 1))
        if isinstance(node, Field)
        else _moved(node, old, new, repeated=node.repeated)
        for node in section.nodes
    ]
    path = new if section.path == old.removesuffix(".#") else section.path.replace(old, new, 1)
    return replace(section, path=path, nodes=nodes, repeated=repeated)


def as_day(text: str) -> date | None:
    """Read a day; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
