"""Receipts as documents: what is on them, in both languages, on narrow and wide paper."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import UnitPrice
from shared.pricing import Discount, Unit
from shared.pricing.index import PromotionIndex
from shared.pricing.kinds.percent_off import PercentOff
from shared.receipt.columns import char_columns, printable, text_columns, wrap
from shared.receipt.document import Align, Document, Pair, Says, Table
from shared.receipt.facts import Customer, ReceiptFacts, promotion_words
from shared.receipt.figures import measured, money_with_sign, rate
from shared.receipt.html import to_html
from shared.receipt.layout import Row, lay_out
from shared.receipt.plain import to_text
from shared.receipt.report import Figure, Report, Section, report_document
from shared.receipt.sale import receipt_document
from shared.receipt.svg import to_svg
from shared.receipt.words import LANGUAGES, SAID, TENDERS
from shared.wire.event_base import TenderKind
from tests.golden.receipts import HERE, documents, facts, goldens, sale, shop, sold_line


@pytest.mark.parametrize(
    ("char", "columns"),
    [("a", 1), ("中", 2), ("￥", 2), ("，", 2), ("é", 1), ("×", 2), ("\u0301", 0), ("𠮷", 2), ("Ω", 1), ("·", 2)],
)
def test_columns_are_what_a_chinese_font_draws(char: str, columns: int) -> None:
    assert char_columns(char) == columns


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("金龙鱼葵花籽油5L", 8, ["金龙鱼葵", "花籽油5L"]),
        ("五花肉，精品", 6, ["五花", "肉，精", "品"]),
        ("Arawana sunflower oil", 10, ["Arawana", "sunflower", "oil"]),
        ("Donaudampfschiff", 6, ["Donaud", "ampfsc", "hiff"]),
        ("ab  cd", 3, ["ab", "cd"]),
        ("", 8, [""]),
        ("中", 2, ["中"]),
    ],
)
def test_wrapping_counts_columns_and_starts_no_row_with_a_comma(text: str, columns: int, rows: list[str]) -> None:
    assert wrap(text, columns) == rows


ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=80)


@given(ANY_TEXT, st.integers(2, 48))
def test_wrapping_never_exceeds_the_paper_and_loses_nothing_but_spaces(text: str, columns: int) -> None:
    clean = printable(text)
    rows = wrap(clean, columns)
    assert all(text_columns(row) <= columns for row in rows)
    assert "".join(rows).replace(" ", "") == clean.replace(" ", "")


def test_the_narrow_yen_sign_becomes_the_wide_one() -> None:
    assert printable("¥5\t\x1bx") == "￥5 x"


@pytest.mark.parametrize("columns", [32, 42, 48])
@pytest.mark.parametrize("name", sorted(documents()))
def test_no_row_is_wider_than_the_paper(name: str, columns: int) -> None:
    for piece in lay_out(documents()[name], columns).pieces:
        if isinstance(piece, Row):
            assert text_columns(piece.text) * (2 if piece.big else 1) <= columns, piece.text


@given(st.lists(ANY_TEXT, max_size=5), st.booleans(), st.integers(16, 64))
def test_any_block_fits_any_paper(texts: list[str], big: bool, columns: int) -> None:
    blocks = [Pair(left=text, right=text[::-1], big=big) for text in texts]
    blocks += [Says(text=text, align=Align.CENTRE, big=big) for text in texts]  # type: ignore[misc]
    table = Table(rows=(("a", *(text[:30] for text in texts)),))
    for piece in lay_out(Document(title="", language="en", blocks=(*blocks, table)), columns).pieces:
        if isinstance(piece, Row):
            assert text_columns(piece.text) * (2 if piece.big else 1) <= columns


def test_figures_are_never_broken_and_end_at_the_edge() -> None:
    sheet = lay_out(documents()["sale.zh"], 32)
    total = next(piece for piece in sheet.pieces if isinstance(piece, Row) and "合计" in piece.text)
    assert total.big
    assert text_columns(total.text) == 16
    assert total.text.endswith("￥212.69")


def _sums(text: str) -> list[list[float]]:
    return [[float(one) for one in re.findall(r"-?\d+\.\d\d", row)] for row in text.splitlines() if "%" in row[:4]]


@pytest.mark.parametrize("name", ["sale.zh", "sale.en", "return.zh"])
def test_tax_by_rate_adds_up_to_the_total(name: str) -> None:
    rows = _sums(to_text(lay_out(documents()[name], 48)))
    total = -79.90 if name.startswith("return") else 212.69
    assert sum(row[2] for row in rows) == pytest.approx(total)
    for net, tax, gross in rows:
        assert net + tax == pytest.approx(gross)


@given(st.lists(st.tuples(st.integers(1, 9999), st.integers(1, 20), st.sampled_from([0, 300, 600, 900, 1300]))))
def test_tax_adds_up_for_any_basket(baskets: list[tuple[int, int, int]]) -> None:
    lines = [
        sold_line(n, "1001", quantity, UnitPrice(minor), tax_rate_bp=rate_bp)
        for n, (minor, quantity, rate_bp) in enumerate(baskets or [(1, 1, 0)], start=1)
    ]
    event = sale(lines, tenders=[])
    rows = _sums(to_text(lay_out(receipt_document(event, facts("en")), 48)))
    assert round(sum(row[2] for row in rows) * 100) == event.total_minor


@pytest.mark.parametrize(
    ("quantity", "price", "unit", "language", "text"),
    [
        (2, UnitPrice(500), Unit.EACH, "zh", "2 x 5.00"),
        (3, UnitPrice(500, 3), Unit.EACH, "zh", "3 x 5.00/3"),
        (1236, UnitPrice(598, 1000), Unit.GRAM, "zh", "1.236kg x 5.98/kg"),
        (1236, UnitPrice(299, 500), Unit.GRAM, "zh", "2.472斤 x 2.99/斤"),
        (1236, UnitPrice(299, 500), Unit.GRAM, "en", "1.236kg x 2.99/500g"),
        (750, UnitPrice(1200, 1000), Unit.MILLILITRE, "en", "0.750L x 12.00/L"),
    ],
)
def test_a_customer_can_check_the_sum(quantity: int, price: UnitPrice, unit: Unit, language: str, text: str) -> None:
    assert measured(quantity, price, unit, 2, [language]) == text


@pytest.mark.parametrize(
    ("minor", "exponent", "currency", "text"),
    [(12840, 2, "CNY", "￥128.40"), (-5, 2, "EUR", "-€0.05"), (500, 0, "JPY", "￥500"), (1, 3, "KWD", "KWD 0.001")],
)
def test_money(minor: int, exponent: int, currency: str, text: str) -> None:
    assert money_with_sign(minor, exponent, currency) == text


@pytest.mark.parametrize(("bp", "text"), [(1300, "13%"), (550, "5.5%"), (0, "0%"), (1234, "12.34%")])
def test_rates(bp: int, text: str) -> None:
    assert rate(bp) == text


def test_reprints_and_training_are_marked_at_both_ends() -> None:
    copy = to_text(lay_out(documents()["copy.zh"], 48))
    assert copy.count("补打小票 第2次") == 2
    training = to_text(lay_out(documents()["training.en"], 48))
    assert training.count("TRAINING - NOT A RECEIPT") == 2
    assert "[QR]" not in training


def test_a_reason_nobody_has_words_for_is_still_a_discount() -> None:
    line = sold_line(1, "1001", 1, UnitPrice(500), discounts=[Discount(reason="brand_new", minor=50)])
    text = to_text(lay_out(receipt_document(sale([line], tenders=[]), facts("zh")), 48))
    assert "优惠                                     -0.50" in text


def test_the_stores_words_for_a_promotion_come_first() -> None:
    discount = Discount(reason="promotion", minor=50, source="p7")
    line = sold_line(1, "1001", 1, UnitPrice(500), discounts=[discount])
    words = {"p7": {"zh": "第二件半价", "en": "Second at half price"}}
    text = to_text(lay_out(receipt_document(sale([line], tenders=[]), facts("zh", "en", reasons=words)), 48))
    assert "第二件半价 Second at half price" in text


def test_a_member_not_known_here_gets_no_false_figures() -> None:
    text = to_text(lay_out(receipt_document(sale(), facts("zh", customer=Customer())), 48))
    assert "积分按实付金额由总部稍后入账" in text, "on what, too: a purchase paid with points earns on the rest"
    assert "积分余额" not in text


def test_an_item_the_book_does_not_know_is_named_by_its_number() -> None:
    bare = ReceiptFacts(shop=shop("en"))
    assert "1003" in to_text(lay_out(receipt_document(sale(), bare), 48))


@pytest.mark.parametrize("words", [*SAID.values(), *TENDERS.values()])
def test_every_word_exists_in_both_languages(words: dict[str, str]) -> None:
    assert all(words[language] for language in LANGUAGES)


def test_every_tender_has_words() -> None:
    assert set(TENDERS) == set(TenderKind)


def test_reports_are_filled_by_whoever_adds_up() -> None:
    report = Report(
        title={"en": "Z report", "zh": "交班结账单"},
        number="17",
        at_ms=1_767_243_661_000,
        sections=(Section(heading={"en": "Cash", "zh": "现金"},
                          figures=(Figure(label={"en": "Counted", "zh": "实点"}, value="1,234.50", bold=True),)),),
        signed=({"en": "Cashier", "zh": "收银员"},),
        reissue=1,
    )  # fmt: skip
    text = to_text(lay_out(report_document(report, shop("zh", "en")), 32))
    assert "*** v2 ***" in text
    assert "实点 Counted            1,234.50" in text
    assert "收银员 Cashier: ____________" in text


def test_the_picture_has_the_receipts_words_and_stretches_each_run_to_its_columns() -> None:
    svg = to_svg(lay_out(documents()["sale.zh"], 48))
    assert 'textLength="48" lengthAdjust="spacingAndGlyphs" xml:space="preserve">小票号<' in svg
    assert "<path shape-rendering" in svg
    assert "<script" not in svg


def test_the_page_escapes_what_is_not_ours() -> None:
    page = to_html(Document(title="<1>", language="en", blocks=(Pair(left="<b>", right="&"), Says(text='"x"'))))
    assert "<b>" not in page
    assert "&lt;b&gt;</span><span>&amp;</span>" in page


def test_goldens() -> None:
    expected = {file.name: file.read_bytes() for file in HERE.iterdir()}
    made = goldens()
    assert sorted(made) == sorted(expected)
    for name, content in made.items():
        assert content == expected[name], f"{name}: run python -m tests.golden.receipts and look at the difference"


def test_promotions_are_called_what_the_book_calls_them() -> None:
    named = PercentOff(promotion="p7", names={"zh": "周末九折", "en": "Weekend 10% off"}, off_bp=1000)
    nameless = PercentOff(promotion="p8", off_bp=1000)
    index = PromotionIndex([named, nameless])
    assert promotion_words(index, {"p7", "p8", "5000123"}) == {"p7": named.names}


def rows_of(*blocks: object, columns: int = 32) -> list[str]:
    document = Document(title="", language="en", blocks=blocks)  # type: ignore[arg-type]
    return [piece.text for piece in lay_out(document, columns).pieces if isinstance(piece, Row)]


TAXES = ("税率", "不含税", "税额", "含税")


@pytest.mark.parametrize(
    ("cells", "columns", "rows"),
    [
        (("0%", "-1299.90", "0.00", "-1299.90"), 32, 2),
        (("13%", "1150442.48", "149557.52", "1300000.00"), 48, 2),
        (("13%", "1150442.48", "149557.52", "1300000.00"), 32, 3),
    ],
)
def test_no_figure_of_a_table_is_cut_and_columns_stand_below_each_other(
    cells: tuple[str, ...], columns: int, rows: int
) -> None:
    """A tax table of a return of 1299.90 on 58 mm had lost its last column."""
    said = rows_of(Table(rows=(TAXES, cells)), columns=columns)
    assert len(said) == rows
    assert all(cell in " ".join(said).split() for cell in (*TAXES, *cells))
    if rows == len((TAXES, cells)):
        ends = [[text_columns(row[: word.end()]) for word in re.finditer(r"\S+", row)][1:] for row in said]
        assert ends[0] == ends[1]


def test_a_large_word_is_not_broken_beside_its_figure_and_a_long_headline_is_set_small() -> None:
    assert rows_of(Pair(left="REFUND", right="-￥1299.90", big=True)) == ["REFUND", "      -￥1299.90"]
    assert rows_of(Pair(left="TOTAL", right="￥3.00", big=True)) == ["TOTAL     ￥3.00"]
    name = "惠邻生活超市（中山北路店）"
    (row,) = (one for one in lay_out(Document(title="", language="zh", blocks=(Says(text=name, big=True),)), 32).pieces
              if isinstance(one, Row))  # fmt: skip
    assert (row.text, row.big, row.bold) == (name, False, True)


@pytest.mark.parametrize("name", ["sale.zh", "return.zh"])
def test_lines_carry_the_numbers_by_which_they_are_returned(name: str) -> None:
    text = to_text(lay_out(documents()[name], 48))
    numbers = [int(found) for found in re.findall(r"^ *(\d+)\. \D", text, re.MULTILINE)]
    assert numbers
    assert numbers == sorted(set(numbers))
