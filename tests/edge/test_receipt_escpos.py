"""Receipts as bytes: every trap of Chinese printers, and that what was sent is what stands on the paper."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_profiles.catalogue import catalogue, profile
from edge_agent.devices.printers.paper import NARROW_PICTURE, WIDE_PICTURE, print_out
from edge_agent.receipt.escpos import ADDRESSED_IN_REAL_TIME, native_qr, raster_image, to_escpos
from edge_agent.receipt.glyphs import Bitmap, FontGlyphs, Glyphs, find_glyphs
from edge_agent.receipt.lettering import two_bytes
from edge_agent.receipt.png import to_png
from shared.device_profile import DeviceClass, Prints
from shared.receipt.columns import char_columns, printable
from shared.receipt.document import Document, Link, Says
from shared.receipt.layout import Cut, Image, Row, Sheet, Symbol, lay_out
from shared.receipt.plain import to_text
from tests.golden.receipts import documents

CHINESE = profile("simulated_printer").prints
SMALL = profile("zjiang_pos_5890").prints
WESTERN = profile("epson_tm_t20iii").prints
NEEDLES = profile("epson_tm_u220").prints
MODELS = [model for model, one in catalogue().items() if one.device_class is DeviceClass.PRINTER]


class AnyGlyph:
    """Draws every character as a black box."""

    def draw(self, char: str, columns: int) -> Bitmap:
        return Bitmap([[True] * 12 * columns] * 24)


def sheet(*texts: str, columns: int = 48, **style: bool) -> Sheet:
    return Sheet(columns=columns, pieces=tuple(Row(text=text, **style) for text in texts))


def row_bytes(text: str, prints: Prints = CHINESE, glyphs: Glyphs | None = None) -> bytes:
    """Return what is sent for one row, without what goes before every receipt."""
    content, start = to_escpos(sheet(text), prints, glyphs), to_escpos(sheet(), prints)
    assert content.startswith(start)
    return content[len(start) :]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("abc", b"abc\n"),
        ("合计", b"\x1c&\xba\xcf\xbc\xc6\n"),
        ("￥1", b"\x1c&\xa3\xa41\n"),
        ("苹果 5kg", b"\x1c&\xc6\xbb\xb9\xfb 5kg\n"),
        ("é", b"\x82\n"),
        ("中é中", b"\x1c&\xd6\xd0\x1c.\x82\x1c&\xd6\xd0\n"),
        ("€", b"\x1c&\xa2\xe3\n"),
        ("𠮷", "〓".encode("gb18030").join([b"\x1c&", b"\n"])),
        ("犇㛃", b"\x1c&\xa0\xc4" + "〓".encode("gb18030") + b"\n"),
        ("Ǹ", b"N\n"),
    ],
)
def test_letters_of_a_chinese_printer(text: str, content: bytes) -> None:
    assert row_bytes(text) == content


def test_a_receipt_begins_by_leaving_chinese_so_that_accents_hold() -> None:
    assert to_escpos(sheet(), CHINESE) == b"\x1b@\x1bR\x00\x1c.\x1bt\x13"


def test_the_yen_sign_is_never_four_bytes() -> None:
    content = to_escpos(lay_out(Document(title="", language="zh", blocks=(Says(text="¥5"),)), 32), SMALL)
    assert b"\x81\x30\x84\x36" not in content
    assert b"\xa3\xa45" in content


@pytest.mark.parametrize("char", ["𠮷", "㛃", "𬭎", "¥"])
def test_four_byte_characters_are_in_no_printers_font(char: str) -> None:
    assert len(char.encode("gb18030")) == 4
    assert two_bytes(char, CHINESE) is None


def test_a_missing_character_is_drawn_in_its_place_and_nothing_else_is() -> None:
    content = row_bytes("张𠮷", glyphs=AnyGlyph())
    assert content == b"\x1c&\xd5\xc5" + b"\x1b*\x21\x18\x00" + b"\xff" * 72 + b"\n"


def test_a_western_printer_draws_chinese_and_a_needle_printer_marks_it() -> None:
    assert row_bytes("店 1", WESTERN, AnyGlyph()) == b"\x1b*\x21\x18\x00" + b"\xff" * 72 + b" 1\n"
    assert row_bytes("店 1", NEEDLES, AnyGlyph()) == b"?? 1\n"


def test_big_rows_are_big_for_both_kinds_of_characters_and_the_next_row_is_not() -> None:
    content = to_escpos(sheet("合计 5", big=True, bold=True), CHINESE)
    assert b"\x1bE\x01\x1d!\x11\x1cW\x01\x1c&\xba\xcf\xbc\xc6 5\n\x1d!\x00\x1cW\x00\x1bE\x00" in content


def test_a_qr_code_by_the_printer() -> None:
    assert native_qr("https://x/1", 6) == (
        b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1\x1d(k\x0e\x001P0https://x/1\x1d(k\x03\x001Q0"
    )


def test_a_qr_code_by_dots_where_the_printer_has_none() -> None:
    document = Document(title="", language="zh", blocks=(Link(content="https://hq.example/r/1"),))
    paper = print_out(to_escpos(lay_out(document, 32), SMALL), SMALL)
    (image,) = [piece for piece in paper.pieces if isinstance(piece, Image)]
    assert image.width <= SMALL.width_dots
    assert len(image.rows) >= (21 + 8) * 2


def test_a_qr_code_as_its_address_where_there_are_no_dots_either() -> None:
    document = Document(title="", language="en", blocks=(Link(content="https://hq.example/r/" + "1" * 32),))
    paper = print_out(to_escpos(lay_out(document, 42), NEEDLES), NEEDLES)
    assert "https://hq.example/r/" in "".join(piece.text for piece in paper.pieces if isinstance(piece, Row))


@given(st.binary(min_size=48, max_size=480))
def test_no_picture_spells_a_real_time_command(dots: bytes) -> None:
    rows = [[bool(byte >> bit & 1) for byte in dots[start : start + 6] for bit in range(7, -1, -1)]
            for start in range(0, len(dots) - 5, 6)]  # fmt: skip
    content = b"".join(raster_image(rows))
    assert not any(command in content[8:] for command in ADDRESSED_IN_REAL_TIME)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", sorted(documents()))
def test_what_is_sent_stands_on_the_paper(model: str, name: str) -> None:
    prints = profile(model).prints
    laid_out = lay_out(documents()[name], prints.columns)
    paper = print_out(to_escpos(laid_out, prints, AnyGlyph()), prints)
    assert not paper.unknown
    if prints.column_image and prints.qr:
        assert to_text(paper.sheet()) == _as_printed(to_text(laid_out), prints)
    assert isinstance(paper.pieces[-1], Cut) is (prints.cutter != "none")


def _as_printed(text: str, prints: Prints) -> str:
    """Put the sign for a picture where the printer has no letter."""

    def drawn(char: str) -> str:
        if char < "\x7f" or (char_columns(char) == 2 and two_bytes(char, prints)):
            return char
        try:
            if prints.code_page_name != "none" and char.encode(prints.code_page_name):
                return char.ljust(char_columns(char))  # its second column, which a Chinese font would fill, stays empty
        except UnicodeEncodeError:
            pass
        return WIDE_PICTURE if char_columns(char) == 2 else NARROW_PICTURE

    return "".join(map(drawn, text))


@settings(max_examples=60)
@given(
    st.lists(st.text(st.characters(codec="gb18030", exclude_categories=["Cs", "Cc", "Mn", "Me", "Lm"]), max_size=20)),
    st.sampled_from(["simulated_printer", "pos_80xx", "epson_tm_t70ii_cn"]),
)
def test_any_text_stands_on_the_paper(texts: list[str], model: str) -> None:
    prints = profile(model).prints
    blocks = tuple(Says(text=printable(text)) for text in texts)
    laid_out = lay_out(Document(title="", language="zh", blocks=blocks), prints.columns)
    paper = print_out(to_escpos(laid_out, prints, AnyGlyph()), prints)
    printed = [piece.text.rstrip(" ") for piece in paper.pieces if isinstance(piece, Row)]
    sent = [_as_printed(piece.text, prints).rstrip(" ") for piece in laid_out.pieces if isinstance(piece, Row)]
    # A letter of ambiguous width that only the Western page has keeps its two columns by a space.
    assert [row.replace(" ", "") for row in printed] == [row.replace(" ", "") for row in sent]
    assert not paper.unknown


def test_the_paper_is_the_same_however_the_bytes_are_cut() -> None:
    content = to_escpos(lay_out(documents()["sale.zh"], 48), CHINESE)
    whole = print_out(content, CHINESE)
    cut = print_out(b"", CHINESE)
    for start in range(0, len(content), 3):
        cut.take(content[start : start + 3])
        while cut.step():
            pass
    assert cut.pieces == whole.pieces
    assert any(isinstance(piece, Symbol) for piece in cut.pieces)


def test_glyphs_come_from_a_font_file_and_boxes_are_not_glyphs(tmp_path: Path) -> None:
    from PIL import ImageFont  # noqa: PLC0415

    default = ImageFont.load_default(24)
    assert isinstance(default.path, BytesIO)
    file = tmp_path / "font.ttf"
    file.write_bytes(default.path.getvalue())
    glyphs = find_glyphs(file)
    assert isinstance(glyphs, FontGlyphs)
    drawn = glyphs.draw("A", 1)
    assert drawn is not None
    assert (drawn.width, drawn.height) == (12, 24)
    assert any(any(row) for row in drawn.rows)
    assert glyphs.draw("店", 2) is None
    assert find_glyphs(tmp_path / "none.ttf") is None


def test_profiles_override_by_capability_alone() -> None:
    plain = msgspec.structs.replace(CHINESE, chinese="none", chinese_at_power_on=False, code_page_name="none")
    assert to_escpos(sheet("é"), plain) == b"\x1b@\x1bR\x00e\n"


def test_a_picture_of_a_receipt_is_dot_for_dot() -> None:
    from PIL import Image as Picture  # noqa: PLC0415

    pieces = (Row(text="中1"), Row(text=" 合", big=True, bold=True), Symbol(content="x"), Cut())
    picture = Picture.open(BytesIO(to_png(Sheet(columns=16, pieces=pieces), AnyGlyph())))
    assert picture.format == "PNG"
    assert picture.width == 16 * 12 + 24
    ink = {(x, y) for y in range(42) for x in range(picture.width) if not picture.getpixel((x, y))}
    assert ink == {(x, y) for x in range(12, 48) for y in range(12, 36)}
    assert not picture.getpixel((12 + 24, 42))
    assert picture.getpixel((12 + 23, 42))
