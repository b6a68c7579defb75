"""Items as price books knew them, version by version: what ingest asks of thousands of sales in one question.

Sales of one group come from many stores and weeks, so from as many books; an item's row hardly ever changes
between them. Therefore all versions of an item are read at once, and each book's answer is found among them, once:
what was answered for a book stays at hand, since a published book never changes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Integer, String, and_, func, select
from sqlmodel import Session, col

from cloud.database.rowset import rowset, table_of
from cloud.prices.models import Body, PriceRow
from cloud.prices.rows import Lineage
from shared.body import BodyKind, bucket_of
from shared.pricing import Item

MAX_ITEMS = 200_000
"""Items kept in memory: the catalogue of a large chain."""
_item = msgspec.json.Decoder(Item)


@dataclass(frozen=True, slots=True)
class _History:
    """An item's rows, newest first, None where it was taken away; complete up to version `read_up_to`."""

    read_up_to: int
    rows: Sequence[tuple[int, Item | None]]

    def at(self, line: Lineage) -> Item | None:
        """Return the item on a line of versions."""
        for version, item in self.rows:
            if version <= line.version and version not in line.excluded:
                return item
        return None


@dataclass(frozen=True, slots=True)
class _Answered:
    """What was answered for one line of versions: which items were asked for, and those that it has."""

    asked: set[str] = field(default_factory=set)
    found: dict[str, Item] = field(default_factory=dict)


class ItemHistories:
    """Histories of items by scope and item; those not asked for longest make room. What is published never changes."""

    def __init__(self, *, max_items: int = MAX_ITEMS) -> None:
        self._max_items = max_items
        self._kept: OrderedDict[tuple[str, str], _History] = OrderedDict()
        self._answered: OrderedDict[Lineage, _Answered] = OrderedDict()

    def known(
        self, session: Session, wanted: Mapping[Lineage, Collection[str]]
    ) -> Mapping[Lineage, Mapping[str, Item]]:
        """Return what each line has of these items, and perhaps of others: what it was asked for before."""
        missing = {}
        for line, items in wanted.items():
            answered = self._answered.setdefault(line, _Answered())
            self._answered.move_to_end(line)
            missing[line] = {item for item in items if item not in answered.asked}
        self.prefetch(session, missing.items())
        for line, items in missing.items():
            answered = self._answered[line]
            answered.found.update(self.items(line, items))
            answered.asked.update(items)
        return {line: self._answered[line].found for line in wanted}

    def prefetch(self, session: Session, wanted: Iterable[tuple[Lineage, Collection[str]]]) -> None:
        """Read what is not kept of these items, in one query a scope."""
        missing: dict[str, set[str]] = {}
        for line, items in wanted:
            lacking = {item for item in items if not self._holds(line, item)}
            if lacking:
                missing.setdefault(line.scope, set()).update(lacking)
        for scope, items in missing.items():
            self._read(session, scope, sorted(items))

    def items(self, line: Lineage, items: Collection[str]) -> dict[str, Item]:
        """Return those of the items that a body has; they must have been prefetched."""
        found: dict[str, Item] = {}
        for key in items:
            history = self._kept.get((line.scope, key))
            item = None if history is None else history.at(line)
            if item is not None:
                found[key] = item
        return found

    def make_room(self) -> None:
        """Let go of what was read longest ago; asked for between questions, so that none loses what it prefetched."""
        while len(self._kept) > self._max_items:
            self._kept.popitem(last=False)
        answers = sum(len(answered.asked) for answered in self._answered.values())
        while answers > self._max_items:
            _, dropped = self._answered.popitem(last=False)
            answers -= len(dropped.asked)

    def _holds(self, line: Lineage, item: str) -> bool:
        history = self._kept.get((line.scope, item))
        return history is not None and history.read_up_to >= line.version

    def _read(self, session: Session, scope: str, items: Sequence[str]) -> None:
        newest = session.execute(
            select(func.max(col(Body.version))).where(col(Body.kind) == BodyKind.ITEMS, col(Body.scope) == scope)
        ).scalar_one_or_none()
        keys = [(bucket_of(item), item) for item in items]
        wanted = rowset(session, "wanted", {"bucket": Integer(), "key": String()}, keys)
        row = table_of(PriceRow)
        same = and_(
            row.c.kind == str(BodyKind.ITEMS),
            row.c.scope == scope,
            row.c.bucket == wanted.c.bucket,
            row.c.key == wanted.c.key,
        )
        rows: dict[str, list[tuple[int, Item | None]]] = {item: [] for item in items}
        query = select(wanted.c.key, row.c.version, row.c.row).select_from(wanted.join(row, same))
        for key, version, content in session.execute(query.order_by(row.c.version.desc())).all():
            rows[key].append((version, None if content is None else _item.decode(content)))
        for item in items:
            self._kept[scope, item] = _History(newest or 0, rows[item])
            self._kept.move_to_end((scope, item))
