"""What a file leaves as it is: the cells of columns that it does not have, as the draft or head office has them.

A sheet of numbers and prices must not take away member prices and floors because nobody gave it columns for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlmodel import Session

from cloud.prices.columns import COLUMNS, SCOPE_COLUMN, format_row
from cloud.prices.drafts import draft_changes
from cloud.prices.rows import rows_of
from cloud.prices.sheets import Sheet, SheetRow
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN
from shared.body import BodyKind
from shared.pricing import Item, Price

_NEW = frozenset({"item", "remove", *SCOPE_COLUMN.values()})
_PER_BASIS = frozenset({"member", "floor", "basis"})


def completed(
    session: Session,
    draft_id: str,
    kind: BodyKind,
    sheet: Sheet,
    exponents: Mapping[str, int],
    *,
    now_ms: int | None = None,
) -> Sheet:
    """Return a sheet whose rows have the cells of every column they say nothing about; an empty cell says: nothing."""
    missing = tuple(name for name in COLUMNS[kind] if name not in sheet.columns and name not in _NEW)
    if not missing:
        return sheet
    by_scope: dict[str, list[SheetRow]] = {}
    for row in sheet.rows:
        by_scope.setdefault(row.cells.get(SCOPE_COLUMN[kind], CHAIN), []).append(row)
    at_ms = None if kind is BodyKind.ITEMS else now_ms  # an item that waits for its first day is one already
    drafted = draft_changes(session, draft_id, kinds=[kind])
    found: dict[int, SheetRow] = {}
    for scope, rows in by_scope.items():
        keys = {row.cells.get("item", "") for row in rows}
        now: dict[str, bytes | None] = {**rows_of(session, newest_body(session, kind, scope, now_ms=at_ms), keys)}
        now |= {key: row for key, row in drafted.get((kind, scope), {}).items() if key in keys}
        for row in rows:
            old = now.get(row.cells.get("item", ""))
            if old is not None and scope in exponents:
                texts = _texts(kind, scope, old, exponents[scope], missing)
                found[row.number] = _on_top(texts, row)
    return Sheet(sheet.columns, [found.get(row.number, row) for row in sheet.rows])


def _texts(kind: BodyKind, scope: str, row: bytes, exponent: int, missing: Sequence[str]) -> dict[str, str]:
    if kind is not BodyKind.ITEMS:
        price = msgspec.json.decode(row, type=Price)
        columns = (*missing, "basis")
        return dict(zip(columns, format_row(kind, scope, price, exponent, columns), strict=True))
    item = msgspec.json.decode(row, type=Item)
    columns = (*missing, *(f"name_{language}" for language in item.names))
    return dict(zip(columns, format_row(kind, scope, item, exponent, columns), strict=True))


def _on_top(texts: Mapping[str, str], row: SheetRow) -> SheetRow:
    """Lay a row over what there is. Amounts for another number of pieces or grams are none for this one."""
    basis = row.cells.get("basis")
    if basis is not None and "basis" in texts and (basis or "1") != texts["basis"]:
        texts = {name: text for name, text in texts.items() if name not in _PER_BASIS}
    return SheetRow(row.number, {**texts, **row.cells})
