"""Exporting prices and items as the spreadsheets that import reads again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.errors import Invalid
from cloud.org.models import Store
from cloud.prices.columns import AMOUNTS, COLUMNS, HEADS, SCOPE_COLUMN, format_row
from cloud.prices.drafts import draft_changes, get_draft
from cloud.prices.naming import item_names, name_of
from cloud.prices.rows import effective_rows
from cloud.prices.sheets import SheetFormat, write_csv, write_xlsx
from cloud.prices.standing import newest_body
from shared.body import BodyKind
from shared.pricing import Item, Price


def export_body(session: Session, kind: BodyKind, scope: str, form: SheetFormat, version: int | None = None) -> bytes:
    """Return everything a body holds as the newest version has it, or as of a version, as a spreadsheet."""
    _check(kind)
    rows = effective_rows(session, newest_body(session, kind, scope, version))
    return _write(session, kind, form, {scope: {key: row for _, key, row in rows}})


def export_draft(session: Session, draft_id: str, kind: BodyKind, form: SheetFormat, language: str = "") -> bytes:
    """Return a draft's changes of one kind as a spreadsheet.

    With a language it is one for people: its heads are in that language, and beside prices stands what they are of.
    """
    _check(kind)
    get_draft(session, draft_id)
    changes = draft_changes(session, draft_id)
    content = {scope: rows for (found, scope), rows in changes.items() if found is kind}
    return _write(session, kind, form, content, language)


def _check(kind: BodyKind) -> None:
    if kind not in COLUMNS:
        raise Invalid(f"{kind} are not exported as spreadsheets")


def _write(
    session: Session,
    kind: BodyKind,
    form: SheetFormat,
    content: Mapping[str, Mapping[str, bytes | None]],
    language: str = "",
) -> bytes:
    columns = COLUMNS[kind] if kind is not BodyKind.ITEMS else _item_columns(content)
    rows = _texts(session, kind, content, columns)
    if language and kind is not BodyKind.ITEMS:
        names = item_names(session, {key for of in content.values() for key in of})
        columns = (*columns[:2], f"name_{language}", *columns[2:])
        rows = ([*row[:2], name_of(names.get(row[1], {}), row[1], language), *row[2:]] for row in rows)
    heads = [HEADS.get(column, column) for column in columns] if language == "zh" else columns
    amounts = [place for place, column in enumerate(columns) if column in AMOUNTS]
    return write_csv(heads, rows) if form == "csv" else write_xlsx(heads, rows, str(kind), amounts)


def _texts(
    session: Session, kind: BodyKind, content: Mapping[str, Mapping[str, bytes | None]], columns: tuple[str, ...]
) -> Iterator[list[str]]:
    decoder: msgspec.json.Decoder[Item] | msgspec.json.Decoder[Price]
    decoder = msgspec.json.Decoder(Item) if kind is BodyKind.ITEMS else msgspec.json.Decoder(Price)
    for scope in sorted(content):
        exponent = _exponent(session, kind, scope)
        for key, row in sorted(content[scope].items()):
            if row is None:
                gone = {SCOPE_COLUMN[kind]: scope, "item": key, "remove": "yes"}
                yield [gone.get(column, "") for column in columns]
            else:
                yield format_row(kind, scope, decoder.decode(row), exponent, columns)


def _item_columns(content: Mapping[str, Mapping[str, bytes | None]]) -> tuple[str, ...]:
    """Return the columns of items with every language that occurs."""
    languages = {
        f"name_{language}"
        for rows in content.values()
        for row in rows.values()
        if row is not None
        for language in msgspec.json.decode(row, type=Item).names
    }
    first, *rest = COLUMNS[BodyKind.ITEMS]
    return (first, *sorted(languages - set(rest)), *rest)


def _exponent(session: Session, kind: BodyKind, scope: str) -> int:
    query = select(col(Store.exponent))
    if kind is not BodyKind.ITEMS:
        query = query.where((col(Store.price_zone) if kind is BodyKind.PRICES else col(Store.id)) == scope)
    exponents = session.execute(query).scalars().all()
    return max(exponents, default=2)
