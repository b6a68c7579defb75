"""Labels of scales by table, their prices against the book, and members' codes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from biip.checksums import gs1_price_weight_check_digit
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.codes import (
    CodeTables,
    LabelFinding,
    LabelFormat,
    LabelQuantity,
    LabelRefused,
    Unknown,
    VariableMeasure,
    check_digit,
    classify,
    label_problems,
    quantity_of_label,
    usable,
)
from shared.codes.label_price import tolerance_minor
from shared.codes.labels import read_label
from shared.codes.member_code import (
    CLOCK_TOLERANCE_MS,
    MemberCodeRefusal,
    VerifiedMember,
    make_member_code,
    verify,
)
from shared.codes.preview import preview
from shared.codes.verifier import verifier_digit
from shared.money import UnitPrice
from shared.pricing import Unit


def checked(body: str) -> str:
    return body + str(check_digit(body))


def label(pattern: str, **fields: Any) -> LabelFormat:
    return LabelFormat(name="one", pattern=pattern, **fields)


# The forms in the field: GB/T 18283 leaves the inside to the chain, so each is a row of a table.
@pytest.mark.parametrize(
    ("one", "text", "item", "amount_minor", "weight_g"),
    [
        (label("21IIIIIAAAAAC"), checked("210012301250"), "00123", 1250, None),
        (label("20IIIIIWWWWWC"), checked("200012300500"), "00123", None, 500),
        (label("20IIIIIWWWWWC", weight_unit="jin"), checked("200012301001"), "00123", None, 501),  # 500.5 g
        (label("2IIIIIIAAAAAC"), checked("200123401250"), "001234", 1250, None),
        (label("22IIIIAAAAAAC"), checked("220012123456"), "0012", 123_456, None),
        (label("21IIIIIAAAAAC", item_with_prefix=True), checked("210012301250"), "2100123", 1250, None),
        (label("2IIIIIIWWWWWC", item_with_prefix=True), checked("210012300500"), "2100123", None, 500),
        (label("26IIIIIAAAAAWWWWWC"), "260001201250005006", "00012", 1250, 500),
        (label("26IIIIIWWWWWAAAAAC"), checked("26000120050001250"), "00012", 1250, 500),
        (label("21IIIIIAAAAAC", amount_decimals=1), checked("210012300125"), "00123", 1250, None),
        (label("23IIIIWWWWWXC", weight_decimals=0, weight_unit="g"), checked("230012005009"), "0012", None, 500),
        (label("2IIIIIAAAAAC"), checked("20012301250"), "00123", 1250, None),  # UPC-A, number system 2
        (label("20IIIIVAAAAAC"), checked("2000126" + "14685"), "0012", 14_685, None),  # verifier: GS1's own example
        (label("20IIIIIVAAAAC"), checked("20001239" + "2875"), "00123", 2875, None),
    ],
)
def test_forms_of_labels(
    one: LabelFormat, text: str, item: str, amount_minor: int | None, weight_g: int | None
) -> None:
    assert usable([one]) == [one]
    found = classify(text, CodeTables(labels=[one]))
    assert isinstance(found, VariableMeasure)
    assert (found.item, found.amount_minor, found.weight_g) == (item, amount_minor, weight_g)
    assert found.check_fits


def test_pieces_and_unit_prices() -> None:
    found = read_label(checked("230012301202"), [label("23IIIIIQQXXXC")], 2)
    assert isinstance(found, VariableMeasure)
    assert found.pieces == 1
    by_price = read_label(checked("24000123" + "01250" + "0500"), [label("24IIIIIIUUUUUAAAAC")], 2)
    assert isinstance(by_price, VariableMeasure)
    assert by_price.unit_price == UnitPrice(1250, 1000)


def test_a_currency_without_cents() -> None:
    found = read_label(checked("210012301250"), [label("21IIIIIAAAAAC", amount_decimals=0)], 0)
    assert isinstance(found, VariableMeasure)
    assert found.amount_minor == 1250


def test_a_wrong_check_digit_is_refused_or_counted_as_the_table_says() -> None:
    """Three of seven sample labels on vendors' pages fail their check digit."""
    text = checked("210012301250")[:-1] + "0"
    assert classify(text, CodeTables(labels=[label("21IIIIIAAAAAC")])) == Unknown(text, "label_check_digit")
    found = classify(text, CodeTables(labels=[label("21IIIIIAAAAAC", check="ignore")]))
    assert isinstance(found, VariableMeasure)
    assert not found.check_fits
    wrong_inside = checked("2000125" + "14685")
    assert classify(wrong_inside, CodeTables(labels=[label("20IIIIVAAAAAC")])) == Unknown(
        wrong_inside, "label_check_digit"
    )


def test_the_first_format_that_fits_counts() -> None:
    by_weight = LabelFormat(name="weight", pattern="21IIIIIWWWWWC")
    by_amount = LabelFormat(name="amount", pattern="2IIIIIIAAAAAC")
    found = read_label(checked("210012301250"), [by_weight, by_amount], 2)
    assert isinstance(found, VariableMeasure)
    assert found.format == "weight"
    assert [one.code for one in label_problems([by_amount, by_weight])] == ["shadowed"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"pattern": "21IIC"}, "length"),
        ({"pattern": "IIIIIIIAAAAAC"}, "prefix"),
        ({"pattern": "21PPPPPAAAAAC"}, "signs"),
        ({"pattern": "21AAAAAAAAAAC"}, "no_item"),
        ({"pattern": "21IIIIIUUUUUC"}, "no_measure"),
        ({"pattern": "21IIIIICAAAAA"}, "check_place"),
        ({"pattern": "21IIIVAAAAAAC"}, "verifier"),
        ({"pattern": "21IIIIIWWWWWC", "weight_unit": "stone"}, "unit"),
        ({"pattern": "21IIIIIWWWWWC", "check": "maybe"}, "check"),
        ({"pattern": "21IIIIIWWWWWC", "weight_decimals": 9}, "decimals"),
        ({"pattern": "21IIIIIAAAAAC", "amount_step_minor": 0}, "step"),
    ],
)
def test_a_table_that_cannot_work_is_said_in_both_languages(fields: dict[str, Any], code: str) -> None:
    one = LabelFormat(name="one", **fields)
    found = {problem.code: problem for problem in label_problems([one])}
    assert code in found
    assert found[code].fatal
    assert found[code].en.endswith(".")
    assert found[code].zh.endswith("。")
    assert usable([one]) == []


def test_labels_that_look_like_payments_are_warned_of() -> None:
    risky = LabelFormat(name="risky", pattern="26IIIIIAAAAAWWWWWC")
    assert [(one.code, one.fatal) for one in label_problems([risky])] == [("payment_lookalike", False)]
    assert usable([risky]) == [risky]
    assert label_problems([LabelFormat(name="safe", pattern="24IIIIIAAAAAWWWWWC")]) == []
    twice = [LabelFormat(name="a", pattern="20IIIIIAAAAAC"), LabelFormat(name="a", pattern="21IIIIIAAAAAC")]
    assert [one.code for one in label_problems(twice)] == ["name_twice"]


def test_a_format_of_a_later_version_is_left_out_and_the_rest_read() -> None:
    later = LabelFormat(name="later", pattern="21IIIIIZZZZZC")
    now = LabelFormat(name="now", pattern="21IIIIIAAAAAC")
    read_back = msgspec.json.decode(msgspec.json.encode([later, now]), type=list[LabelFormat])
    assert usable(read_back) == [now]


@given(st.from_regex(r"\A([0-9]{4}|[0-9]{5})\Z"))
def test_verifiers_agree_with_another_implementation(field: str) -> None:
    assert verifier_digit(field) == gs1_price_weight_check_digit(field)


@given(st.integers(0, 99_999), st.integers(0, 99_999), st.integers(0, 99_999), st.sampled_from(["kg", "jin"]))
def test_every_label_reads_back(item: int, amount: int, weight: int, unit: str) -> None:
    text = checked(f"24{item:05}{amount:05}{weight:05}")
    found = read_label(text, [label("24IIIIIAAAAAWWWWWC", weight_unit=unit)], 2)
    assert isinstance(found, VariableMeasure)
    assert (int(found.item), found.amount_minor) == (item, amount)
    assert found.weight_g == (weight if unit == "kg" else (weight + 1) // 2)


# Prices: 39.80 a kilogram.
PRICE = UnitPrice(3980, 1000)


def measure(**fields: Any) -> VariableMeasure:
    return VariableMeasure(item="1", format="one", **fields)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (measure(weight_g=314, amount_minor=1250), LabelQuantity(314, 1250)),
        (measure(weight_g=314, amount_minor=1249), LabelQuantity(314, 1249)),  # the scale weighs finer than it prints
        (measure(weight_g=314, amount_minor=1240, amount_step_minor=10), LabelQuantity(314, 1240)),  # fen dropped
        (measure(weight_g=314, amount_minor=1240), LabelRefused(LabelFinding.PRICE_OLD, 1240, 1250)),
        (measure(weight_g=314, amount_minor=1127), LabelRefused(LabelFinding.PRICE_OLD, 1127, 1250)),  # 35.90 a kilo
        (measure(weight_g=314), LabelQuantity(314, None)),
        (measure(amount_minor=1250), LabelQuantity(314, 1250)),
        (measure(amount_minor=0), LabelRefused(LabelFinding.NO_MEASURE)),
        (measure(weight_g=0, amount_minor=0), LabelRefused(LabelFinding.NO_MEASURE)),
        (measure(amount_minor=1250, unit_price=UnitPrice(3980, 1000)), LabelQuantity(314, 1250)),
        (measure(amount_minor=1250, unit_price=UnitPrice(1990, 500)), LabelQuantity(314, 1250)),  # per 斤
        (
            measure(amount_minor=1250, unit_price=UnitPrice(3590, 1000)),
            LabelRefused(LabelFinding.PRICE_OLD, 3590, 3980),
        ),
    ],
)
def test_a_labels_price_is_checked_against_the_book(
    found: VariableMeasure, expected: LabelQuantity | LabelRefused
) -> None:
    assert quantity_of_label(found, Unit.GRAM, [PRICE]) == expected


def test_a_label_by_the_members_price_is_not_an_old_one() -> None:
    member = UnitPrice(3580, 1000)
    found = measure(weight_g=314, amount_minor=1124)
    assert quantity_of_label(found, Unit.GRAM, [PRICE, member]) == LabelQuantity(314, 1124)


def test_a_label_for_pieces() -> None:
    each = UnitPrice(500)
    assert quantity_of_label(measure(amount_minor=1500), Unit.EACH, [each]) == LabelQuantity(3, 1500)
    assert quantity_of_label(measure(amount_minor=1600), Unit.EACH, [each]) == LabelRefused(
        LabelFinding.PRICE_OLD, 1600, 500
    )
    assert quantity_of_label(measure(pieces=4), Unit.EACH, [each]) == LabelQuantity(4, None)
    assert quantity_of_label(measure(pieces=4, amount_minor=2000), Unit.EACH, [each]) == LabelQuantity(4, 2000)
    assert quantity_of_label(measure(pieces=4, amount_minor=1999), Unit.EACH, [each]) == LabelQuantity(4, 1999)
    assert quantity_of_label(measure(pieces=4, amount_minor=1900), Unit.EACH, [each]) == LabelRefused(
        LabelFinding.PRICE_OLD, 1900, 2000
    )
    assert quantity_of_label(measure(weight_g=5), Unit.EACH, [each]) == LabelRefused(LabelFinding.WRONG_UNIT)
    assert quantity_of_label(measure(weight_g=5), Unit.MILLILITRE, [each]) == LabelRefused(LabelFinding.WRONG_UNIT)


@given(st.integers(1, 30_000), st.integers(1, 99_999), st.sampled_from(["kg", "jin"]), st.sampled_from([1, 10]))
def test_a_scale_with_the_right_price_is_never_called_old(
    tenths_g: int, price_minor: int, unit: str, step: int
) -> None:
    """The scale multiplies what it weighed, not what it prints, and rounds both."""
    price = UnitPrice(price_minor, 1000)
    exact_g2 = tenths_g  # halves of a gram: finer than either unit prints
    printed = (exact_g2 + 1) // 2 if unit == "kg" else exact_g2  # thousandths of a kilogram, or of a 斤
    amount = (price_minor * exact_g2 + 1000) // 2000 // step * step
    text = checked(f"24{1:05}{amount % 10**8:08}{printed:05}")
    one = label("24IIIIIAAAAAAAAWWWWWC", weight_unit=unit, amount_step_minor=step)
    found = read_label(text, [one], 2)
    assert isinstance(found, VariableMeasure)
    answer = quantity_of_label(found, Unit.GRAM, [price])
    if found.weight_g and amount:
        assert isinstance(answer, LabelQuantity), (answer, tolerance_minor(found, price))


def test_the_preview_says_what_a_label_would_mean() -> None:
    """dehy/foodcoop-mobile-app #184: NNDDD was configured where NNNDD was printed, and every price was wrong by 10."""
    right = label("21IIIIIAAAAAC")
    said = preview(checked("210012301250"), [right], exponent=2, currency="CNY", price=PRICE)
    assert said.measure is not None
    assert said.measure.amount_minor == 1250
    assert said.quantity_g == 314
    assert said.finding is None
    wrong = label("21IIIIIWWWWWC", weight_decimals=2)
    said = preview(checked("210012301250"), [wrong], exponent=2, currency="CNY", price=PRICE)
    assert said.quantity_g == 12_500
    assert said.amount_minor == 49_750
    assert "497.50" in said.en
    assert "497.50" in said.zh
    assert "no format" in preview("4711", [right], exponent=2, currency="CNY").en


# Members' codes.
PRIVATE = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))).public_key().public_bytes_raw()
NOW_S = 1_767_225_600
CODE = make_member_code("8800000001", NOW_S, 60, PRIVATE)


@pytest.mark.parametrize("late_ms", [0, 60_000, 60_000 + CLOCK_TOLERANCE_MS, -CLOCK_TOLERANCE_MS])
def test_a_members_code_counts_in_its_window_and_the_clocks_tolerance(late_ms: int) -> None:
    assert verify(CODE, [OTHER, PUBLIC], NOW_S * 1000 + late_ms) == VerifiedMember("8800000001")


@pytest.mark.parametrize(
    ("text", "late_ms", "reason"),
    [
        (CODE, 60_001 + CLOCK_TOLERANCE_MS, MemberCodeRefusal.TOO_OLD),
        (CODE, -1 - CLOCK_TOLERANCE_MS, MemberCodeRefusal.TOO_EARLY),
        ("SWM1.", 0, MemberCodeRefusal.UNREADABLE),
        ("SWM1.####", 0, MemberCodeRefusal.UNREADABLE),
        ("SWM1.AAAA", 0, MemberCodeRefusal.UNREADABLE),
        (CODE[:-10], 0, MemberCodeRefusal.UNREADABLE),
        (CODE[:-2] + "AA", 0, MemberCodeRefusal.FORGED),
    ],
)
def test_any_other_code_is_refused(text: str, late_ms: int, reason: MemberCodeRefusal) -> None:
    assert verify(text, [PUBLIC], NOW_S * 1000 + late_ms) is reason


def test_a_code_of_another_key_is_refused() -> None:
    assert verify(CODE, [OTHER], NOW_S * 1000) is MemberCodeRefusal.UNKNOWN_KEY
    assert verify(CODE, [], NOW_S * 1000) is MemberCodeRefusal.UNKNOWN_KEY


def test_a_code_does_not_last() -> None:
    with pytest.raises(ValueError, match="seconds"):
        make_member_code("8800000001", NOW_S, 601, PRIVATE)


@given(st.binary(max_size=200).map(lambda content: "SWM1." + content.hex()) | st.text(max_size=100))
def test_no_code_raises(text: str) -> None:
    assert isinstance(verify(text, [PUBLIC], NOW_S * 1000), MemberCodeRefusal)


@given(st.integers(0, len(CODE) - 1), st.sampled_from("ABCxyz019-_."))
def test_no_changed_code_counts(at: int, character: str) -> None:
    changed = CODE[:at] + character + CODE[at + 1 :]
    answer = verify(changed, [PUBLIC], NOW_S * 1000)
    # the last of the base64 has bits that mean nothing: such a change changes nothing
    assert changed == CODE or isinstance(answer, MemberCodeRefusal) or at == len(CODE) - 1
