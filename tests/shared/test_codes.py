"""What a scan means, by table: items, cards, payment codes, and junk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codes import (
    MAX_ITEM_CHARACTERS,
    MAX_SCAN_CHARACTERS,
    CodeTables,
    ItemCode,
    LabelFormat,
    MemberCard,
    MemberQr,
    PaymentBrand,
    PaymentCode,
    Scan,
    ScanContext,
    Unknown,
    VariableMeasure,
    canonical,
    check_digit_fits,
    classify,
    expand_upc_e,
    spellings,
)
from shared.codes.aim import BY_IDENTIFIER, split_identifier

CARDS = CodeTables(card_prefixes=["9"], card_digits=10)
SCALE = LabelFormat(name="amount-weight", pattern="26IIIIIAAAAAWWWWWC")
SCALE_24 = LabelFormat(name="amount-weight", pattern="24IIIIIAAAAAWWWWWC")


@pytest.mark.parametrize(
    "code",
    [
        "96385074",  # EAN-8, GS1 General Specifications, example of figure 5.2.1
        "036000291452",  # UPC-A of the Wikipedia article "Universal Product Code"
        "4006381333931",  # EAN-13 of the Wikipedia article "International Article Number"
        "6901234567892",
        "10012345678902",  # GTIN-14, GS1 "How to calculate a check digit"
        "4711",
        "1",
        "000123",
    ],
)
def test_items(code: str) -> None:
    assert classify(code) == ItemCode(code)
    assert classify(f" {code}\r\n") == ItemCode(code)


@pytest.mark.parametrize("code", ["96385075", "036000291453", "4006381333932", "10012345678901"])
def test_a_wrong_check_digit_is_said(code: str) -> None:
    assert classify(code) == Unknown(code, "check_digit")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unreadable"),
        (" \r\n", "unreadable"),
        ("12\x0034", "unreadable"),
        ("1" * (MAX_SCAN_CHARACTERS + 1), "unreadable"),
        ("1" * (MAX_ITEM_CHARACTERS + 1), "no_known_format"),
        ("ABC-123", "no_known_format"),
        ("1234567", "no_known_format"),
        ("123456789", "no_known_format"),
        ("٤٧١١", "no_known_format"),  # digits, but nobody's item number
        ("４７１１", "no_known_format"),
        ("²³", "no_known_format"),
        ("https://example.com/4711", "no_known_format"),
        ("]", "no_known_format"),
        ("]E0", "no_known_format"),
        ("\x1d", "unreadable"),
    ],
)
def test_junk_is_an_answer(text: str, reason: str) -> None:
    answer = classify(text)
    assert isinstance(answer, Unknown)
    assert answer.reason == reason
    assert len(answer.text) <= MAX_ITEM_CHARACTERS


def test_cards_of_the_chain_go_first() -> None:
    assert classify("9000000001", CARDS) == MemberCard("9000000001")
    assert classify("90000001", CodeTables(card_prefixes=["9"], card_digits=8)) == MemberCard("90000001")


@pytest.mark.parametrize("text", ["8000000001", "90000000011", "900000000a", "9٠٠٠٠٠٠٠٠١", "９０００００００００"])
def test_what_only_resembles_a_card_is_none(text: str) -> None:
    assert not isinstance(classify(text, CARDS), MemberCard)


def test_a_chain_without_cards_knows_no_card() -> None:
    assert not isinstance(classify("9000000001"), MemberCard)
    assert not isinstance(classify("9000000001", CodeTables(card_prefixes=[], card_digits=10)), MemberCard)


@pytest.mark.parametrize(
    ("upc_e", "upc_a"),
    [
        # each way to put the zeros back (GS1 General Specifications 5.2.2.4), checked against biip
        ("01278907", "012000007897"),
        ("01278916", "012100007896"),
        ("01278925", "012200007895"),
        ("01278931", "012700000891"),
        ("01291944", "012910000094"),
        ("01291155", "012911000055"),
        ("127890", "012000007897"),
        ("0127890", "012000007897"),
    ],
)
def test_upc_e_stands_for_a_upc_a(upc_e: str, upc_a: str) -> None:
    assert expand_upc_e(upc_e) == upc_a
    if len(upc_e) == 8:
        assert classify(upc_e, symbology="E0") == classify("]E0" + upc_e) == ItemCode(upc_a)


@pytest.mark.parametrize("code", ["", "12345", "21278906", "01278905", "0127890A", "٠١٢٣٤٥"])
def test_what_is_no_upc_e_stands_for_nothing(code: str) -> None:
    assert expand_upc_e(code) is None


def test_eight_digits_that_are_both_are_an_ean_8_unless_the_scanner_says_otherwise() -> None:
    both = next(
        code
        for number in range(10**6)
        if check_digit_fits(code := f"0{number:06}{_upc_check(number)}") and expand_upc_e(code)
    )
    assert classify(both) == classify(both, symbology="E4") == ItemCode(both)
    assert classify(both, symbology="E0") == ItemCode(expand_upc_e(both) or "")


def _upc_check(number: int) -> str:
    return (expand_upc_e(f"0{number:06}") or "0")[-1]


def test_a_gtin_compares_by_its_14_digits() -> None:
    forms = ["012345678905", "0012345678905", "00012345678905"]
    assert {canonical(form) for form in forms} == {"00012345678905"}
    assert {ItemCode(form).gtin for form in forms} == {"00012345678905"}
    assert set(spellings("012345678905")) == set(forms)
    assert set(spellings("00000096385074")) >= {"96385074", "0000096385074"}
    assert canonical("012345678904") is None
    assert spellings("1234") == ["1234"]
    assert ItemCode("4711").gtin == ""


def test_an_identifier_before_the_code_is_taken_off() -> None:
    assert classify("]E06901234567892") == ItemCode("6901234567892")
    assert classify("]E496385074") == ItemCode("96385074")
    assert classify("]I110012345678902") == ItemCode("10012345678902")
    assert classify("]C04711") == ItemCode("4711")
    assert classify("]Z94711") == ItemCode("4711")  # one that no table knows
    assert split_identifier("]") == (None, "]")


def test_an_add_on_of_a_magazine_is_left_out() -> None:
    assert classify("]E3977167423700912") == ItemCode("9771674237009")
    assert classify("9771674237009", symbology="E3") == ItemCode("9771674237009")


def test_every_identifier_is_three_characters() -> None:
    for identifier in BY_IDENTIFIER:
        known, rest = split_identifier(identifier + "4711")
        assert known is BY_IDENTIFIER[identifier]
        assert rest == "4711"


# Payment codes. WeChat Pay: 18 digits, 10 to 15. Alipay: 16 to 24 digits, 25 to 30. UnionPay: 19 digits, 62.
PAYMENTS = [
    ("134567890123456789", PaymentBrand.WECHAT),
    ("100000000000000000", PaymentBrand.WECHAT),
    ("280000000000000000", PaymentBrand.ALIPAY),
    ("2500000000000000", PaymentBrand.ALIPAY),
    ("300000000000000000000000", PaymentBrand.ALIPAY),
    ("6212345678901234567", PaymentBrand.UNIONPAY),
]


@pytest.mark.parametrize(("text", "brand"), PAYMENTS)
@pytest.mark.parametrize("context", ScanContext)
def test_a_payment_code_is_known_by_its_first_digits(text: str, brand: PaymentBrand, context: ScanContext) -> None:
    assert classify(text, context=context) == PaymentCode(text, brand)


def test_a_payment_code_is_not_shown_by_accident() -> None:
    assert "134567890123456789" not in repr(classify("134567890123456789"))


@pytest.mark.parametrize(
    "text", ["160000000000000000", "240000000000000001", "310000000000000000", "6200000000000000", "13456789012345678"]
)
def test_what_starts_otherwise_is_no_payment_code(text: str) -> None:
    answer = classify(text, context=ScanContext.PAYMENT_CODE)
    assert answer == Unknown(text, "not_a_payment_code")


# The vector of hardware notes: PLU 00012, 12.50 yuan, 0.500 kg. With prefix 26 it also looks like an Alipay code.
LABEL_26 = "260001201250005006"
LABEL_24 = "240001201250005008"


def test_a_label_that_looks_like_a_payment_is_told_apart_by_the_screen() -> None:
    tables = CodeTables(labels=[SCALE])
    label = classify(LABEL_26, tables)
    assert isinstance(label, VariableMeasure)
    assert (label.item, label.amount_minor, label.weight_g) == ("00012", 1250, 500)
    paying = classify(LABEL_26, tables, ScanContext.PAYMENT_CODE)
    assert paying == PaymentCode(LABEL_26, PaymentBrand.ALIPAY)


def test_a_payment_code_among_goods_is_told_from_a_label_by_the_check_digit() -> None:
    wrong = LABEL_26[:-1] + "7"
    assert classify(wrong, CodeTables(labels=[SCALE])) == PaymentCode(wrong, PaymentBrand.ALIPAY)


@pytest.mark.parametrize("context", ScanContext)
def test_labels_of_the_reserved_prefixes_are_labels_whatever_the_screen_asks(context: ScanContext) -> None:
    label = classify(LABEL_24, CodeTables(labels=[SCALE_24]), context)
    assert isinstance(label, VariableMeasure)
    assert (label.item, label.amount_minor, label.weight_g) == ("00012", 1250, 500)


def test_a_misread_label_is_said() -> None:
    wrong = LABEL_24[:-1] + "0"
    assert classify(wrong, CodeTables(labels=[SCALE_24])) == Unknown(wrong, "label_check_digit")


def test_a_members_telephone_is_known() -> None:
    assert classify("SWM1.abc") == classify("]Q1SWM1.abc") == MemberQr("SWM1.abc")


@given(st.text(max_size=600), st.sampled_from(ScanContext), st.text(max_size=3))
def test_no_text_raises(text: str, context: ScanContext, symbology: str) -> None:
    tables = CodeTables(card_prefixes=["9"], card_digits=10, labels=[SCALE, SCALE_24])
    assert isinstance(classify(text, tables, context, symbology), Scan)


@given(st.from_regex(r"\A(\][A-Ze][0-9])?[0-9]{1,30}\Z"), st.sampled_from(ScanContext))
def test_digits_have_one_meaning(text: str, context: ScanContext) -> None:
    tables = CodeTables(card_prefixes=["9"], card_digits=10, labels=[SCALE, SCALE_24])
    answer = classify(text, tables, context)
    assert isinstance(answer, Scan)
    assert classify(text, tables, context) == answer
