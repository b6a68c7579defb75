"""Spreadsheets: a dry run names every bad row, what comes out goes in again, nothing becomes a formula."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from cloud.database import Database
from cloud.errors import Invalid
from cloud.org.models import Store
from cloud.prices import sheets
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow, draft_changes
from cloud.prices.exports import export_body, export_draft
from cloud.prices.imports import Problem, import_sheet
from cloud.prices.sheets import MAX_ROWS, SheetUnreadable, guard, read_sheet, unguard, write_csv, write_xlsx
from cloud.web.speaking import speech
from shared.body import BodyKind
from shared.pricing import Item, Price, Unit
from shared.pricing.price_list import Barcode
from tests.cloud.prices_data import draft_of, found_chain, item, price, publish_rows


@pytest.fixture
def chain(database: Database) -> None:
    with database.session() as session:
        found_chain(session)
        publish_rows(session, [item("1", barcodes=[Barcode("6900000000014")]), item("2"), price("1", 100)])


def dry_run(database: Database, kind: BodyKind, text: str | bytes) -> list[Problem]:
    content = text.encode() if isinstance(text, str) else text
    with database.session() as session:
        draft = draft_of(session, [])
        result = import_sheet(session, draft, kind, content, dry_run=True, actor="ana")
        assert not result.stored
        assert draft_changes(session, draft) == {}
        return result.problems


@pytest.mark.usefixtures("chain")
def test_a_dry_run_names_every_bad_row(database: Database) -> None:
    problems = dry_run(
        database,
        BodyKind.PRICES,
        "zone,item,regular,member,basis,remove\n"
        "z1,1,9.99,8.99,1,\n"
        "z9,1,9.99,,,\n"
        "z1,,9.99,,,\n"
        "z1,2,9.999,,,\n"
        "z1,2,abc,,,\n"
        "z1,2,,,,\n"
        "z1,7,1.00,,,\n"
        "z1,1,5,,,\n"
        "z1,2,5,6,0,\n"
        "z1,2,5,6,1000,\n"
        "z2,2,5,,,perhaps\n"
        "z2,6.9E+12,5,,,\n"
        "z2,1,,,,yes\n",
    )
    assert [(p.row, p.column, p.severity) for p in problems] == [
        (3, "zone", "error"),
        (4, "item", "error"),
        (5, "regular", "error"),
        (6, "regular", "error"),
        (7, "regular", "error"),
        (8, "item", "error"),
        (9, "item", "error"),
        (10, "basis", "error"),
        (11, "member", "warning"),
        (12, "remove", "error"),
        (13, "item", "error"),
    ]
    assert problems[0].problem == "there is no zone 'z9'"
    assert "z1, z2" in problems[0].remedy
    assert problems[2].problem == "'9.999' has more than 2 decimal places"
    assert problems[5].problem == "there is no such item"
    assert problems[6].problem == "row 2 already says something about it"
    assert all(problem.remedy for problem in problems)
    chinese = speech("zh")
    assert chinese.t(problems[2].problem) == "“9.999”超过 2 位小数"
    assert all(chinese.t(said) != said for problem in problems for said in (problem.problem, problem.remedy))


@pytest.mark.usefixtures("chain")
def test_columns_that_mean_nothing_are_named(database: Database) -> None:
    problems = dry_run(database, BodyKind.PRICES, "zone,item,pirce\nz1,1,5\n")
    assert [(p.row, p.column) for p in problems] == [(1, "pirce"), (1, "regular")]


@pytest.mark.usefixtures("chain")
def test_a_barcode_belongs_to_one_item(database: Database) -> None:
    problems = dry_run(
        database,
        BodyKind.ITEMS,
        "item,name_en,barcodes\n3,Tea,4000\n4,Milk,4000x6\n"
        "5,Rice,6900000000014\n1,Salt,6900000000014 77\n6,Oil,12 34!\n",
    )
    assert [(p.row, p.value) for p in problems] == [(3, "4000"), (5, "6900000000014"), (6, "12 34!")]


@pytest.mark.usefixtures("chain")
def test_all_of_a_file_or_nothing(database: Database) -> None:
    with database.session() as session:
        draft = draft_of(session, [])
        bad = import_sheet(
            session, draft, BodyKind.PRICES, b"zone;item;regular\nz1;1;5\nz1;2;x\n", dry_run=False, actor="ana"
        )
        assert not bad.stored
        assert draft_changes(session, draft) == {}
        good = import_sheet(
            session, draft, BodyKind.PRICES, b"zone;item;regular\nz1;1;5\nz1;2;6\n", dry_run=False, actor="ana"
        )
        assert (good.stored, good.rows, good.changes) == (True, 2, 2)
        changes = draft_changes(session, draft)[BodyKind.PRICES, "z1"]
        assert changes["1"] == encode_row(BodyKind.PRICES, "1", Price(item="1", regular_minor=500))


@pytest.mark.usefixtures("chain")
def test_chinese_headers_and_encoding(database: Database) -> None:
    text = "价区,商品,售价,会员价\nz1,1,9.90,8.80\n".encode("gb18030")
    assert dry_run(database, BodyKind.PRICES, text) == []


@pytest.mark.usefixtures("chain")
def test_money_without_decimals_follows_the_store(database: Database) -> None:
    with database.session() as session:
        session.get_one(Store, "s3").exponent = 0
        draft = draft_of(session, [])
        problems = import_sheet(
            session, draft, BodyKind.PRICES, b"zone,item,regular\nz2,1,120\nz2,2,1.5\n", actor="ana"
        ).problems
        assert [(p.row, p.column) for p in problems] == [(3, "regular")]


@pytest.mark.usefixtures("chain")
def test_what_a_file_has_no_column_for_stays_as_it_is(database: Database) -> None:
    old = Price(item="2", regular_minor=900, member_minor=800, floor_minor=600)
    facts = {"supplier": "s", "tags": ["a"], "cost_minor": 5, "barcodes": [Barcode("77")]}
    rows = [item("2", **facts), DraftRow(BodyKind.PRICES, "z1", "2", encode_row(BodyKind.PRICES, "2", old))]
    with database.session() as session:
        publish_rows(session, rows)
        for sheet, fields in (
            ("zone,item,regular\nz1,2,8.50", {"regular_minor": 850}),
            ("zone,item,regular,member\nz1,2,8.50,", {"regular_minor": 850, "member_minor": None}),
            ("价区,货号,中文名,售价,最低价\nz1,2,茶,8.50,", {"regular_minor": 850, "floor_minor": None}),
            ("zone,item,regular,basis\nz1,2,8.50,500",
             {"regular_minor": 850, "basis": 500, "member_minor": None, "floor_minor": None}),
        ):  # fmt: skip
            draft = draft_of(session, [])
            assert import_sheet(session, draft, BodyKind.PRICES, sheet.encode(), dry_run=False, actor="ana").ok, sheet
            (row,) = draft_changes(session, draft)[BodyKind.PRICES, "z1"].values()
            expected = msgspec.structs.replace(old, **fields)
            assert row == encode_row(BodyKind.PRICES, "2", expected), sheet
        draft = draft_of(session, [])
        import_sheet(session, draft, BodyKind.ITEMS, "item,name_zh\n2,茶".encode(), dry_run=False, actor="ana")
        (row,) = draft_changes(session, draft)[BodyKind.ITEMS, "chain"].values()
        both = Item(item="2", names={"en": "Item 2", "zh": "茶"}, receipt_name="2", initials="c", **facts)  # type: ignore[arg-type]
        assert row == encode_row(BodyKind.ITEMS, "2", both)


@pytest.mark.usefixtures("chain")
def test_a_change_goes_out_for_people_and_comes_in_again(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [item("0042")])
        draft, again = draft_of(session, [price("0042", 1250)]), draft_of(session, [])
        content = export_draft(session, draft, BodyKind.PRICES, "xlsx", "zh")
        head, row = load_workbook(io.BytesIO(content)).worksheets[0].iter_rows()
        assert [cell.value for cell in head][:4] == ["价区", "商品", "中文名", "售价"]
        assert [(cell.value, cell.data_type) for cell in row][:4] == [
            ("z1", "s"), ("0042", "s"), ("Item 0042", "s"), (12.5, "n"),
        ]  # fmt: skip
        assert row[3].number_format == "0.00"
        assert import_sheet(session, again, BodyKind.PRICES, content, dry_run=False, actor="ana").problems == []
        assert draft_changes(session, again) == draft_changes(session, draft)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.usefixtures("chain")
def test_what_is_exported_is_imported_again_unchanged(database: Database, form: str) -> None:
    full = Item(
        item="0042",
        names={"en": "=HYPERLINK(1)", "zh": "茶", "fr": "@thé"},
        receipt_name="-tea",
        barcodes=[Barcode("0012345678905"), Barcode("77", 6), Barcode("12x6")],
        category="drinks/tea",
        brand="+1",
        unit=Unit.GRAM,
        tax_rate_bp=1305,
        cost_minor=3,
        sellable=False,
        supplier="Tea & Co",
        tags=["hot", "new this week"],
    )
    rows = [
        DraftRow(BodyKind.ITEMS, "chain", "0042", encode_row(BodyKind.ITEMS, "0042", full)),
        DraftRow(BodyKind.ITEMS, "chain", "2", None),
        DraftRow(
            BodyKind.PRICES, "z1", "0042",
            encode_row(
                BodyKind.PRICES, "0042",
                Price(item="0042", regular_minor=1, member_minor=0, basis=500, floor_minor=1),
            ),
        ),
        price("1", 1250, "s1", BodyKind.OVERRIDES),
    ]  # fmt: skip
    with database.session() as session:
        first = draft_of(session, rows)
        second = draft_of(session, [])
        for kind in (BodyKind.ITEMS, BodyKind.PRICES, BodyKind.OVERRIDES):
            content = export_draft(session, first, kind, form)  # type: ignore[arg-type]
            result = import_sheet(session, second, kind, content, dry_run=False, actor="ana")
            assert result.problems == []
        assert draft_changes(session, second) == draft_changes(session, first)
        again = draft_of(session, [])
        whole = export_body(session, BodyKind.ITEMS, "chain", form)  # type: ignore[arg-type]
        assert import_sheet(session, again, BodyKind.ITEMS, whole, dry_run=False, actor="ana").changes == 2


def test_nothing_exported_is_a_formula() -> None:
    columns, row = ["item", "name"], ["=1+1", "@x"]
    assert b"'=1+1,'@x" in write_csv(columns, [row])
    for sign in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20":  # Chinese spreadsheets take the fullwidth ones for signs, too
        assert guard(f"{sign}cmd|x") == f"'{sign}cmd|x", sign
    sheet = load_workbook(io.BytesIO(write_xlsx(columns, [row], "items"))).worksheets[0]
    assert [cell.data_type for cell in sheet[2]] == ["s", "s"]
    assert read_sheet(write_xlsx(columns, [row], "items")).rows[0].cells == {"item": "=1+1", "name": "@x"}


@pytest.mark.parametrize(
    ("entities", "text"),
    [
        ('<!ENTITY c SYSTEM "file:///etc/passwd">', "&c;"),
        (f'<!ENTITY a "{"A" * 1000}">', "&a;" * 50_000),
        ("".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9)) + '<!ENTITY e0 "ha">', "&e9;"),
    ],
    ids=["a file of ours", "quadratic", "a billion laughs"],
)
def test_entities_of_a_workbook_open_nothing(entities: str, text: str) -> None:
    whole, bent = zipfile.ZipFile(io.BytesIO(write_xlsx(["name"], [["wanted"]], "items"))), io.BytesIO()
    with zipfile.ZipFile(bent, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in whole.namelist():
            content = whole.read(name).decode()
            if "<t>wanted</t>" in content:
                content = f"<!DOCTYPE x [{entities}]>{content.replace('wanted', text)}"
            archive.writestr(name, content)
    with pytest.raises(SheetUnreadable, match="not a complete XLSX"):
        read_sheet(bent.getvalue())


@settings(max_examples=50)
@given(st.text(max_size=10))
def test_guarding_a_cell_is_undone_on_reading(text: str) -> None:
    if not text.startswith("'"):
        assert unguard(guard(text)) == text


def test_numbers_of_a_workbook_read_as_typed() -> None:
    book = Workbook()
    book.active.append(["zone", "item", "regular"])
    book.active.append(["z1", 1001, 12.1])
    book.active.append(["z1", 1002.0, 0.1 + 0.2])
    out = io.BytesIO()
    book.save(out)
    rows = read_sheet(out.getvalue()).rows
    assert [list(row.cells.values()) for row in rows] == [["z1", "1001", "12.1"], ["z1", "1002", "0.3"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no header"),
        (b"PK\x03\x04nonsense", "not a complete XLSX workbook"),
        (b"\xd0\xcf\x11\xe0\0\0", "neither CSV nor XLSX"),
        (b"item,item\n1,2\n", "appears twice"),
        (b"item\n1,2\n", "row 2 has more cells"),
        (b'item\n"1\n', "row 2 is not CSV"),
        (b"item\n" + b"1\n" * (MAX_ROWS + 1), "more than 200000 rows, empty ones counted"),
        (b"item\n" + b"1" * 3000 + b"\n", "a cell has 3000 characters"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(SheetUnreadable, match=words):
        read_sheet(content)


def bent(old: bytes, new: bytes, *, cut: bool = False) -> bytes:
    """A workbook of three rows whose sheet is no longer what a spreadsheet program wrote."""
    made, out = io.BytesIO(), io.BytesIO()
    book = Workbook()
    for row in (["item", "name"], [1, "x"], [2, "y"]):
        book.active.append(row)
    book.save(made)
    with zipfile.ZipFile(made) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert old in content
                content = content[: len(content) // 2] if cut else content.replace(old, new)
            target.writestr(name, content)
    return out.getvalue()


END = b"</sheetData>"
BENT = {
    "cut": (bent(END, b"", cut=True), "not a complete XLSX workbook"),
    "a cell that is nowhere": (bent(b'r="A2"', b'r="2A!"'), "not a complete XLSX workbook"),
    "a row without a number": (bent(b'<row r="2"', b'<row r="two"'), "not a complete XLSX workbook"),
    "a day that is none": (
        bent(END, b'<row r="9"><c r="A9" t="d"><v>2026-99-99</v></c></row>' + END), "not a complete XLSX workbook"
    ),
    "rows left out": (bent(END, b'<row r="900000000"><c r="A900000000"><v>1</v></c></row>' + END), "200000 rows"),
    "too wide": (bent(END, b'<row r="9"><c r="GS9"><v>1</v></c></row>' + END), "row 9 has more than 200 columns"),
}  # fmt: skip


@pytest.mark.parametrize("name", BENT)
def test_a_bent_workbook_is_refused_in_words(name: str) -> None:
    content, words = BENT[name]
    with pytest.raises(SheetUnreadable, match=words):
        read_sheet(content)


def test_one_cell_far_out_does_not_make_every_row_16384_cells_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took two minutes for 20,000 rows, out of 5 kB."""
    widest = 0

    def texts(number: int, cells: Sequence[object]) -> list[str]:
        nonlocal widest
        widest = max(widest, len(cells))
        return read(number, cells)

    read = sheets._row_texts
    monkeypatch.setattr(sheets, "_row_texts", texts)
    content = bent(END, b'<row r="5000"><c r="XFD5000"><v>1</v></c></row>' + END)
    assert [row.number for row in read_sheet(content).rows] == [2, 3]
    assert widest == sheets.MAX_COLUMNS + 1


@pytest.mark.usefixtures("chain")
def test_promotions_do_not_come_by_spreadsheet(database: Database) -> None:
    with database.session() as session, pytest.raises(Invalid, match="as rows"):
        import_sheet(session, draft_of(session, []), BodyKind.PROMOTIONS, b"x\n", actor="ana")


def test_rows_are_kept_as_the_exact_bytes_of_their_kind() -> None:
    row = encode_row(BodyKind.PRICES, "1", {"basis": 1, "regular_minor": 5, "item": "1"})
    assert row == msgspec.json.encode(Price(item="1", regular_minor=5))
