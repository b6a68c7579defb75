"""A printed document as blocks: what it says and how it is meant, before anybody knows how wide the paper is."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Align(StrEnum):
    """Where a text stands in its row."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Says(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is", tag=str.lower):
    """A text of its own, wrapped where it is too long. `big` is twice as wide and high."""

    text: str
    align: Align = Align.LEFT
    big: bool = False
    bold: bool = False
    indent: int = 0


class Pair(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is", tag=str.lower):
    """A label at the left and a figure at the right, which is never broken."""

    left: str
    right: str
    big: bool = False
    bold: bool = False
    indent: int = 0


class Table(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is", tag=str.lower):
    """Rows of as many cells each; the first column stands left, figures right, all of equal width."""

    rows: tuple[tuple[str, ...], ...]


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is", tag=str.lower):
    """A line across the paper."""

    char: str = "-"


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is", tag=str.lower):
    """A QR code with words below it."""

    content: str
    caption: str = ""


class Gap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is", tag=str.lower):
    """An empty row."""


Block = Says | Pair | Table | Rule | Link | Gap


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt or report. `title` names it for people (a receipt number), `language` is the first one it speaks."""

    title: str
    language: str
    blocks: tuple[Block, ...]
