"""All items of head office as one long text to look in, so that a keystroke reads no row that does not fit.

A hundred thousand items are a few megabytes of letters, which are searched in milliseconds; their rows take a second
to read. The items' body is named by its hash, so what was prepared from it once is true for ever; when the body has
changed, only what changed is read.
"""

from __future__ import annotations

import unicodedata
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from threading import Lock

import msgspec
from sqlmodel import Session

from cloud.prices.models import Body
from cloud.prices.rows import Lineage, body_tree, difference, effective_rows, rows_of
from shared.pricing import Item

MAX_FOLDED = 80
_NUMBER, _CODE, _NAME, _INITIALS, _END = "\x01", "\x02", "\x03", "\x04", "\x05"
"""What a number, a code, a name and initials begin with, and what numbers and codes end with. Nobody types these."""
_UNTYPED = dict.fromkeys(range(32))
_item = msgspec.json.Decoder(Item)


def folded(text: str) -> str:
    """Return a text as it is compared: full-width signs as plain ones, small letters, one blank between words."""
    words = unicodedata.normalize("NFKC", text[:MAX_FOLDED]).casefold().split()
    return " ".join(words).translate(_UNTYPED).strip()


def _paths(category: str) -> list[str]:
    """Return a category and those it is in: food/dairy/milk, food/dairy, food."""
    parts = category.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


VALUES: Mapping[str, Callable[[Item], Sequence[str]]] = {
    "categories": lambda item: _paths(item.category),
    "brands": lambda item: [item.brand],
    "suppliers": lambda item: [item.supplier],
    "tags": lambda item: item.tags,
}
"""What items say of themselves that others say too."""

_Record = tuple[str, str, str, str]
"""An item's first name by the alphabet, its number, its keys and its names as they are searched."""


def _record(item: Item) -> _Record:
    names = [folded(name) for name in item.names.values()]
    keys = [f"{_NUMBER}{folded(item.item)}{_END}", *(f"{_CODE}{folded(one.code)}{_END}" for one in item.barcodes)]
    if item.initials:
        keys.append(_INITIALS + folded(item.initials))
    return min(names, default=""), item.item, "".join(keys), "".join(_NAME + name for name in names)


@dataclass(frozen=True)
class _Text:
    """Records one after the other, and where each begins."""

    text: str
    starts: Sequence[int]

    @classmethod
    def of(cls, records: Iterable[str]) -> _Text:
        lines, starts, at = [], array("L"), 0
        for record in records:
            lines.append(record)
            starts.append(at)
            at += len(record) + 1
        return cls("\n".join(lines), starts)

    def holding(self, wanted: str) -> Iterator[int]:
        """Yield which records hold a text, in their order."""
        at = self.text.find(wanted)
        while at >= 0:
            record = bisect_right(self.starts, at) - 1
            yield record
            if record + 1 == len(self.starts):
                return
            at = self.text.find(wanted, self.starts[record + 1])


@dataclass(frozen=True)
class Catalogue:
    """The items of one body, in the order of their names."""

    hash: str = ""
    numbers: Sequence[str] = ()
    keys: _Text = field(default_factory=lambda: _Text("", ()))
    names: _Text = field(default_factory=lambda: _Text("", ()))
    values: Mapping[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in VALUES})
    """How many items say what, by what `VALUES` names."""

    def changed(self, hash_: str, gone: Iterable[Item], come: Iterable[Item], *, without: set[str]) -> Catalogue:
        """Return what it is with some items instead of others; `without` are the numbers of all of them."""
        values = {name: count.copy() for name, count in self.values.items()}
        for item in gone:
            for name, of in VALUES.items():
                values[name].subtract(set(of(item)))
        kept: list[_Record] = []
        for number, keys, names in zip(
            self.numbers, self.keys.text.split("\n"), self.names.text.split("\n"), strict=False
        ):
            if number not in without:
                kept.append((min(names.split(_NAME)[1:], default=""), number, keys, names))
        for item in come:
            kept.append(_record(item))
            for name, of in VALUES.items():
                values[name].update(set(of(item)))
        kept.sort()
        return Catalogue(
            hash_,
            [number for _, number, _, _ in kept],
            _Text.of(keys for _, _, keys, _ in kept),
            _Text.of(names for _, _, _, names in kept),
            values,
        )

    def find(self, wanted: str, limit: int, without: Mapping[str, object]) -> list[str]:
        """Return the numbers of up to `limit` items that fit a folded text, the best first, but those in `without`.

        First that number, then that code, then what begins so, then names that have it and initials that begin so;
        among equals by name.
        """
        found: dict[str, None] = {}
        for fitting in (
            self.keys.holding(f"{_NUMBER}{wanted}{_END}"),
            self.keys.holding(f"{_CODE}{wanted}{_END}"),
            merge(self.names.holding(_NAME + wanted), self.keys.holding(_NUMBER + wanted)),
            merge(self.names.holding(wanted), self.keys.holding(_INITIALS + wanted)),
        ):
            for record in fitting:
                if len(found) == limit:
                    return list(found)
                number = self.numbers[record]
                if number not in without:
                    found.setdefault(number)
        return list(found)


class Catalogues:
    """The catalogue that was asked for last; one for the process, whatever database it came from."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = Catalogue()

    def of(self, session: Session, line: Lineage) -> Catalogue:
        """Return the items of a body: prepared already, or after reading what has changed since, or all of it."""
        if not line.version:
            return Catalogue()
        hash_ = session.get_one(Body, (line.kind, line.scope, line.version)).hash
        with self._lock:  # whoever else types meanwhile waits for the same preparation
            if self._last.hash != hash_:
                self._last = _prepared(session, line, hash_, self._last)
            return self._last


def _prepared(session: Session, line: Lineage, hash_: str, last: Catalogue) -> Catalogue:
    tree = body_tree(session, line.kind, line.scope)
    known = tree.version_of(last.hash)
    if known is None:
        rows = effective_rows(session, line)
        return Catalogue().changed(hash_, (), (_item.decode(row) for _, _, row in rows), without=set())
    apart = difference(session, tree, known, line.version)
    old = rows_of(session, tree.lineage(known), list(apart))
    return last.changed(
        hash_,
        map(_item.decode, old.values()),
        [_item.decode(row) for row in apart.values() if row is not None],
        without=set(apart),
    )
