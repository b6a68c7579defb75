"""The way back from a promotion to what somebody would have typed for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cloud.promotions.fields import Field, Node, Section, Shape, form_of
from shared.money import money_text
from shared.pricing.promotion import Promotion

_SEVERAL = {Shape.WORDS, Shape.NUMBERS, Shape.CHOICES}


def typed_of(promotion: Promotion, exponent: int) -> dict[str, str]:
    """Return what somebody would type for a promotion; reading it again gives the same promotion."""
    row: dict[str, Any] = msgspec.to_builtins(promotion)
    kind = str(promotion.__struct_config__.tag)
    return dict(part for node in form_of(kind) for part in _typed(node, row, exponent) if part[1])


def decimal(value: int, digits: int) -> str:
    """Write a whole number of smallest units as a decimal without needless zeros."""
    text = money_text(value, digits)
    return text.rstrip("0").rstrip(".") if digits else text


def _typed(node: Node, row: dict[str, Any], exponent: int) -> Iterator[tuple[str, str]]:
    value = _at(row, node.path)
    if value is None:
        return
    if isinstance(node, Field):
        yield node.path, _text(node, value, exponent)
    elif node.pairs:
        for number, (key, one) in enumerate(sorted(value.items())):
            yield f"{node.path}.{number}.key", key
            field = node.row(number).nodes[1]
            yield f"{node.path}.{number}.value", _text(field, one, exponent) if isinstance(field, Field) else str(one)
    else:
        for child in _children(node, value):
            yield from _typed(child, row, exponent)


def _children(section: Section, value: Any) -> Iterator[Node]:
    if not section.repeated:
        yield from section.nodes
        return
    for number in range(len(value)):
        yield from section.row(number).nodes


def _at(row: Any, path: str) -> Any:
    for part in path.split("."):
        row = row[int(part)] if isinstance(row, list) else row.get(part) if isinstance(row, dict) else None
    return row


def _text(field: Field, value: Any, exponent: int) -> str:
    digits = {Shape.MONEY: exponent, Shape.PERCENT: 2, Shape.TIMES: 4}.get(field.shape)
    if digits is not None:
        return decimal(value, digits)
    if field.shape is Shape.YES:
        return "yes" if value else ""
    if field.shape is Shape.HOURS:
        return " ".join(f"{start}-{end}" for start, end in value)
    if field.shape is Shape.PHRASES:
        return ", ".join(map(str, value))
    return " ".join(map(str, value)) if field.shape in _SEVERAL else str(value)
