"""Importing a spreadsheet into a draft: first a dry run that names every bad row, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.errors import Invalid
from cloud.org.models import Store
from cloud.prices.columns import ALIASES, COLUMNS, REQUIRED, SCOPE_COLUMN, Bad, is_column, parse_key, parse_row
from cloud.prices.content import RowError, encode_row
from cloud.prices.drafts import DraftRow, draft_changes, put_rows
from cloud.prices.kept import completed
from cloud.prices.rows import effective_rows, rows_of
from cloud.prices.sheets import Sheet, SheetRow, SheetUnreadable, read_sheet
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN
from shared.body import BodyKind
from shared.pricing import Item, Price
from shared.web.phrases import Phrase
from shared.web.words import marked

_NO_SCOPE = {"zone": marked("there is no zone {scope!r}"), "store": marked("there is no store {scope!r}")}
_item = msgspec.json.Decoder(Item)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row: where, what, and what to do. A warning does not stop the import."""

    row: int
    column: str
    value: str
    problem: Phrase
    remedy: Phrase
    severity: Literal["error", "warning"] = "error"


@dataclass(slots=True)
class ImportResult:
    """What a file would do to a draft."""

    rows: int
    changes: int = 0
    removals: int = 0
    problems: list[Problem] = field(default_factory=list)
    stored: bool = False

    @property
    def ok(self) -> bool:
        """Tell whether the file can be imported as it is."""
        return not any(problem.severity == "error" for problem in self.problems)


def import_sheet(
    session: Session,
    draft_id: str,
    kind: BodyKind,
    content: bytes,
    *,
    actor: str,
    dry_run: bool = True,
    now_ms: int | None = None,
) -> ImportResult:
    """Read a CSV or XLSX file of items, prices or overrides into a draft, as written by `actor`.

    What a file has no column for stays as it is: as in force at `now_ms` (business time), or else as the newest has it.
    Nothing is stored on a dry run, or when a single row is bad. Raise Invalid for a file that is no table.
    """
    if kind not in COLUMNS:
        raise Invalid(f"{kind} are not imported from spreadsheets: put them into the draft as rows")
    try:
        sheet = read_sheet(content)
    except SheetUnreadable as error:
        raise Invalid(error.phrase) from error
    result = ImportResult(len(sheet.rows))
    sheet = _known_columns(sheet, kind, result)
    if not result.ok:
        return result
    exponents = _exponents(session, kind)
    found = _parse(completed(session, draft_id, kind, sheet, exponents, now_ms=now_ms), kind, exponents, result)
    _check_references(session, draft_id, kind, found, result)
    result.problems.sort(key=lambda problem: problem.row)
    result.changes = sum(row.row is not None for _, row in found)
    result.removals = len(found) - result.changes
    if result.ok and not dry_run:
        put_rows(session, draft_id, [row for _, row in found], actor=actor)
        result.stored = True
    return result


def _known_columns(sheet: Sheet, kind: BodyKind, result: ImportResult) -> Sheet:
    """Bring headers to the names we use, and complain about those that mean nothing."""
    names = [ALIASES.get(name, name) for name in sheet.columns]
    known = ", ".join(COLUMNS[kind])
    for name in names:
        if name and not is_column(kind, name):
            result.problems.append(
                Problem(
                    1,
                    name,
                    name,
                    Phrase("this column is not known"),
                    Phrase("remove it; known are {known}", known=known),
                )
            )
    for name in REQUIRED[kind]:
        if name not in names:
            result.problems.append(
                Problem(1, name, "", Phrase("this column is missing"), Phrase("add it; known are {known}", known=known))
            )
    rows = [
        SheetRow(row.number, {ALIASES.get(name, name): cell for name, cell in row.cells.items()}) for row in sheet.rows
    ]
    return Sheet(names, rows)


def _parse(
    sheet: Sheet, kind: BodyKind, exponents: Mapping[str, int], result: ImportResult
) -> list[tuple[SheetRow, DraftRow]]:
    seen: dict[tuple[str, str], int] = {}
    found: list[tuple[SheetRow, DraftRow]] = []
    for row in sheet.rows:
        try:
            parsed = _parse_row(kind, row, exponents, result)
            _check_first(seen.setdefault((parsed.scope, parsed.key), row.number), row)
        except Bad as bad:
            result.problems.append(
                Problem(row.number, bad.column, row.cells.get(bad.column, ""), bad.problem, bad.remedy)
            )
        else:
            found.append((row, parsed))
    return found


def _check_first(first: int, row: SheetRow) -> None:
    if first != row.number:
        said = Phrase("row {first} already says something about it", first=first)
        raise Bad("item", said, Phrase("keep one of the two rows"))


def _parse_row(kind: BodyKind, row: SheetRow, exponents: Mapping[str, int], result: ImportResult) -> DraftRow:
    column = SCOPE_COLUMN[kind]
    scope = row.cells.get(column, "") if column else CHAIN
    if scope not in exponents:
        known = ", ".join(sorted(exponents)[:10])
        missing = _NO_SCOPE[column]
        remedy = Phrase("write one of the chain's: {known}", known=known) if known else Phrase("add the store first")
        raise Bad(column, Phrase(missing, scope=scope), remedy)
    key = parse_key(row.cells)
    content = parse_row(kind, row.cells, exponents[scope])
    if content is None:
        return DraftRow(kind, scope, key, None)
    if isinstance(content, Price) and content.member_minor is not None and content.member_minor > content.regular_minor:
        result.problems.append(
            Problem(
                row.number, "member", row.cells.get("member", ""), Phrase("members would pay more than others"),
                Phrase("check the two prices"), "warning",
            )
        )  # fmt: skip
    try:
        return DraftRow(kind, scope, key, encode_row(kind, key, content))
    except RowError as error:
        raise Bad("item", error.phrase, Phrase("correct the row")) from error


def _exponents(session: Session, kind: BodyKind) -> dict[str, int]:
    """Return the scopes a file may name, with the number of decimal places of their money."""
    stores = session.execute(select(col(Store.id), col(Store.price_zone), col(Store.exponent))).all()
    if kind is BodyKind.ITEMS:
        return {CHAIN: max((exponent for _, _, exponent in stores), default=2)}
    index = 1 if kind is BodyKind.PRICES else 0
    return {store[index]: store[2] for store in stores}


def _check_references(
    session: Session,
    draft_id: str,
    kind: BodyKind,
    found: Sequence[tuple[SheetRow, DraftRow]],
    result: ImportResult,
) -> None:
    drafted = draft_changes(session, draft_id, kinds=[BodyKind.ITEMS]).get((BodyKind.ITEMS, CHAIN), {})
    if kind is BodyKind.ITEMS:
        _check_barcodes(session, drafted, found, result)
        return
    line = newest_body(session, BodyKind.ITEMS, CHAIN)
    known = rows_of(session, line, {row.key for _, row in found}).keys() | drafted.keys()
    for sheet_row, row in found:
        if row.row is not None and (row.key not in known or drafted.get(row.key, b"") is None):
            result.problems.append(
                Problem(sheet_row.number, "item", row.key, Phrase("there is no such item"),
                        Phrase("import the item first, into this draft or an earlier one"))
            )  # fmt: skip


def _check_barcodes(
    session: Session,
    drafted: Mapping[str, bytes | None],
    found: Sequence[tuple[SheetRow, DraftRow]],
    result: ImportResult,
) -> None:
    """A code on two items would sell whichever comes first: refuse it, in the file and against what is there."""
    replaced = {row.key for _, row in found}
    line = newest_body(session, BodyKind.ITEMS, CHAIN)
    present: dict[str, bytes | None] = {key: row for _, key, row in effective_rows(session, line)}
    present |= drafted
    owner: dict[str, str] = {}
    for key, content in present.items():
        if content is not None and key not in replaced:
            owner |= {barcode.code: key for barcode in _item.decode(content).barcodes}
    for sheet_row, row in found:
        for barcode in [] if row.row is None else _item.decode(row.row).barcodes:
            other = owner.setdefault(barcode.code, row.key)
            if other != row.key:
                result.problems.append(
                    Problem(sheet_row.number, "barcodes", barcode.code,
                            Phrase("item {other} is sold under this code too", other=other),
                            Phrase("give each code to one item"))
                )  # fmt: skip
